import { errorKindOf } from '../../server/core/error-kinds.ts'
import { type Fault, faultOf } from '../../server/core/fault.ts'
import type { Kept } from './audit.ts'
import type { Dump } from './dump.ts'
import { MARK } from './partition-failing.ts'

/** What fails is found where it is looked for, under the kind of its error. */
export function faultsOfFailing(dump: Dump, tasks: Iterable<Kept>, now: number): Fault[] {
  const all = [...tasks]
  return [...all.flatMap(faultsOfKind), ...faultsOfTrying(dump, all, now)]
}

/** What was noted of another number of failures, an older server on the same store left: then the error itself is read. */
function faultsOfKind({ task, errorKind }: Kept): Fault[] {
  const [found, failures] = errorKind?.split(' ') ?? []
  const expected = errorKindOf(task)
  if (found === expected || Number(failures) !== task.failures) return []
  return [faultOf('task', task.id, 'the kind of its error', { expected, found })]
}

/** What is tried again later; of the past it may say anything. No server has made the list before one of this version was there. */
function faultsOfTrying(dump: Dump, tasks: readonly Kept[], now: number): Fault[] {
  const counters = dump.get('counters')?.get('') as ReadonlyMap<string, string> | undefined
  if (!counters?.has(MARK)) return []
  const listed = (dump.get('trying')?.get('') ?? new Map()) as ReadonlyMap<string, string>
  const later = tasks.filter(({ task }) => isTried(task) && task.runAfter > now)
  return compareMembers(
    'trying',
    new Map([...listed].filter(([, at]) => Number(at) > now)),
    new Map(later.map(({ member, task }) => [member, String(task.runAfter)])),
  )
}

const isTried = ({ holds, unfinishedParents, lease, failures }: Kept['task']): boolean =>
  holds === 0 && unfinishedParents === 0 && lease === null && failures > 0

/** Members of an index with their scores, as they are and as they should be. */
export function compareMembers(
  index: string,
  is: ReadonlyMap<string, string>,
  should: ReadonlyMap<string, string>,
): Fault[] {
  return [...new Set([...is.keys(), ...should.keys()])].flatMap((member) => {
    const told = { expected: should.get(member) ?? 'missing', found: is.get(member) ?? 'missing' }
    return told.expected === told.found ? [] : [faultOf('index', index, member, told)]
  })
}
