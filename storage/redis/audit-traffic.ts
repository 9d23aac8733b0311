import { type Fault, faultOf } from '../../server/core/fault.ts'
import { isRule } from '../../server/core/worker-settings.ts'
import type { Dump, Value } from './dump.ts'
import type { KeyKind } from './keys.ts'
import { kindOfRecord } from './partition-records.ts'

type Pairs = ReadonlyMap<string, string>

/** What scripts keep about names: the lists of workgroups and workers, their lanes, holds and gates; and of small documents. */
export function faultsOfTraffic(dump: Dump): Fault[] {
  return [
    ...(['workgroup', 'worker'] as const).flatMap((scope) => [
      ...faultsOfNames(dump, scope),
      ...faultsOfHolds(dump, scope),
    ]),
    ...faultsOfGates(dump),
    ...faultsOfLines(dump),
    ...faultsOfRecords(dump),
  ]
}

const pairsIn = (dump: Dump, kind: KeyKind, id = ''): Pairs => (dump.get(kind)?.get(id) ?? new Map()) as Pairs
const entriesOf = (dump: Dump, kind: KeyKind): [string, Value][] => [...(dump.get(kind) ?? [])]

function compareNames(what: string, found: Iterable<string>, expected: Iterable<string>): Fault[] {
  const [is, should] = [new Set(found), new Set(expected)]
  return [
    ...[...should.difference(is)].map((one) => faultOf('name', what, one, { expected: 'there', found: 'missing' })),
    ...[...is.difference(should)].map((one) => faultOf('name', what, one, { expected: 'missing', found: 'there' })),
  ]
}

/** `worker:a` is scope and name. */
const nameIn = (id: string): string => id.slice(id.indexOf(':') + 1)

/** Gates with limits of their own, of one scope. */
const limitedNames = (dump: Dump, scope: string): string[] =>
  entriesOf(dump, 'gate').flatMap(([id, gate]) =>
    id.startsWith(`${scope}:`) && (gate as Pairs).has('limits') ? [nameIn(id)] : [],
  )

function faultsOfNames(dump: Dump, scope: 'workgroup' | 'worker'): Fault[] {
  const lanes = entriesOf(dump, 'lane').map(([id, lane]): [string, string] => [(lane as Pairs).get(scope) ?? '', id])
  const lanesOf = Map.groupBy(lanes, ([name]) => name)
  lanesOf.delete('')
  const limited = limitedNames(dump, scope).filter((name) => name !== '' && (scope === 'workgroup' || !isRule(name)))
  const tasks = pairsIn(dump, 'namedTasks', scope).keys()
  const holds = [...pairsIn(dump, 'holdEnds', scope).keys()].filter((name) => name !== '')
  const found = entriesOf(dump, 'namedLanes').flatMap(([id]) => (id.startsWith(`${scope}:`) ? [nameIn(id)] : []))
  const names = new Set([...lanesOf.keys(), ...found])
  return [
    ...compareNames(`names of ${scope}s`, pairsIn(dump, 'names', scope).keys(), [...tasks, ...holds, ...limited]),
    ...[...names].flatMap((name) =>
      compareNames(
        `lanes of ${scope} "${name}"`,
        pairsIn(dump, 'namedLanes', `${scope}:${name}`).keys(),
        (lanesOf.get(name) ?? []).map(([, id]) => id),
      ),
    ),
  ]
}

function faultsOfHolds(dump: Dump, scope: string): Fault[] {
  const ends = pairsIn(dump, 'holdEnds', scope)
  const holds = pairsIn(dump, 'holds', scope)
  const told = [...holds].map(([name, text]) => `${name} ${JSON.parse(text)[0]}`)
  return compareNames(
    `ends of holds on ${scope}s`,
    [...ends].map(([name, end]) => `${name} ${end}`),
    told,
  )
}

/** A script that finds no gates asks for none. */
function faultsOfGates(dump: Dump): Fault[] {
  const known = pairsIn(dump, 'gates')
  const held = (['workgroup', 'worker'] as const).flatMap((scope) =>
    [...pairsIn(dump, 'holdEnds', scope)].filter(
      ([name, end]) => Number(known.get(`${scope}:${name}`) ?? 0) < Number(end),
    ),
  )
  const rules = limitedNames(dump, 'worker').filter(isRule)
  const found = (dump.get('rules')?.get('') ?? []) as readonly string[]
  return [
    ...compareNames('gates', known.keys(), (dump.get('gate') ?? new Map()).keys()),
    ...compareNames('rules', found, rules),
    ...held.map(([name, end]) =>
      faultOf('gate', name, 'until when it is known', { expected: `${end} or later`, found: 'before' }),
    ),
  ]
}

/** Who waits at a gate is looked at again. */
function faultsOfLines(dump: Dump): Fault[] {
  const clock = pairsIn(dump, 'clock')
  return entriesOf(dump, 'held').flatMap(([id, places]) => {
    if (!id.startsWith('workgroup:')) return []
    const name = id.slice('workgroup:'.length)
    const lines = [...(places as Pairs).keys()].map((place) => pairsIn(dump, 'line', `${id} ${place}`).size)
    const limits = pairsIn(dump, 'gate', id).get('limits')
    const isShut = limits !== undefined && JSON.parse(limits)[0] === 0
    const isAlive = clock.has(id) || pairsIn(dump, 'namedLeases', 'workgroup').has(name) || isShut
    return [
      ...(lines.includes(0)
        ? [faultOf('gate', name, 'a place in its line', { expected: 'a lane', found: 'empty' })]
        : []),
      ...(isAlive ? [] : [faultOf('gate', name, 'when its line is looked at', { expected: 'a time', found: 'never' })]),
    ]
  })
}

function faultsOfRecords(dump: Dump): Fault[] {
  const lasting = entriesOf(dump, 'record').flatMap(([key, text]) => (`${text}`.startsWith('0 ') ? [key] : []))
  const byKind = Map.groupBy(lasting, kindOfRecord)
  byKind.delete('')
  const kinds = new Set([...byKind.keys(), ...(dump.get('recordKeys')?.keys() ?? [])])
  return [...kinds].flatMap((kind) =>
    compareNames(`records of ${kind}`, pairsIn(dump, 'recordKeys', kind).keys(), byKind.get(kind) ?? []),
  )
}
