import type { CommandFlag } from '../command.ts'
import { CONNECTION_FLAGS } from './connection-flags.ts'
import { methodOf } from './request.ts'
import type { Verb } from './verb.ts'

const FORMAT: CommandFlag = {
  name: '-o',
  placeholder: 'table|json|jsonl|id',
  about: 'how it is printed (table); json is what the server sent',
}
const LIST: readonly CommandFlag[] = [
  { name: '--limit', placeholder: 'NUMBER', about: 'how many at most (20)' },
  { name: '--all', placeholder: null, about: 'all there are' },
]
const DRY_RUN: CommandFlag = { name: '--dry-run', placeholder: null, about: 'tell what would be done, and do nothing' }
const YES: CommandFlag = { name: '--yes', placeholder: null, about: 'do not ask' }
const FILE: CommandFlag = { name: '--file', placeholder: 'FILE|-', about: 'JSON to send; flags go on top of it' }
const WAIT: CommandFlag = {
  name: '--wait',
  placeholder: null,
  about: 'until the group has ended; its result is the exit code',
}
const TIMEOUT: CommandFlag = { name: '--timeout', placeholder: 'SECONDS', about: 'wait no longer, and end with 6' }

/** Which many are meant, instead of ids: the server finds them. */
const TASK_FILTER: readonly CommandFlag[] = [
  { name: '--group', placeholder: 'ID', about: 'instead of ids: those of this group' },
  { name: '--state', placeholder: 'STATE,…', about: 'those in one of these states' },
  { name: '--worker', placeholder: 'NAME', about: 'those of this worker' },
  { name: '--workgroup', placeholder: 'NAME', about: 'those of this workgroup' },
  { name: '--key', placeholder: 'TEXT', about: 'those with this key' },
  { name: '--search', placeholder: 'TEXT', about: 'those whose id or name holds this' },
  { name: '--error', placeholder: 'FINGERPRINT', about: 'those that failed with this error: see crew error list' },
]
const GROUP_FILTER: readonly CommandFlag[] = [
  { name: '--state', placeholder: 'STATE,…', about: 'instead of ids: those in one of these states' },
  { name: '--search', placeholder: 'TEXT', about: 'those whose id or name holds this' },
]

/** What a filter's flag is called in the body of a bulk operation. */
export const filterMember = (flag: string): string => (flag === '--group' ? 'taskGroup' : flag.slice(2))

export const filterFlags = ({ bulk }: Verb): readonly CommandFlag[] =>
  bulk === undefined ? [] : bulk.target === 'tasks' ? TASK_FILTER : GROUP_FILTER

/** Whether it only looks. */
export const isReading = ({ operation }: Verb): boolean => methodOf(operation) === 'GET'

/** Every flag of a verb, its own first. */
export function flagsOfVerb(verb: Verb): readonly CommandFlag[] {
  return [
    ...(verb.fields ?? []),
    ...(verb.hasFile ? [FILE] : []),
    ...filterFlags(verb),
    ...(verb.shows.kind === 'rows' ? LIST : []),
    ...(verb.waitsFor ? [WAIT] : []),
    ...(verb.waitsFor || verb.isWatch ? [TIMEOUT] : []),
    ...(isReading(verb) ? [] : [DRY_RUN]),
    ...(verb.asks || verb.bulk ? [YES] : []),
    FORMAT,
    ...CONNECTION_FLAGS,
  ]
}
