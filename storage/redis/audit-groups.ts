import { type Fault, faultOf } from '../../server/core/fault.ts'
import { type Bucket, buckets } from '../../server/core/task.ts'
import { groupStateOf, isFailing, letterOf } from '../../server/core/task-group.ts'
import { stopCauseOf } from './decode.ts'
import type { Dump } from './dump.ts'

/** Every group is in the lists that its books say. `counted`: tasks by bucket, worked out from them, as in `group ID failed`. */
export function faultsOfGroups(dump: Dump, counted: ReadonlyMap<string, number>): Fault[] {
  return [...faultsOfFinished(dump, counted), ...faultsOfFailed(dump, counted), ...faultsOfLists(dump, counted)]
}

function faultsOfFinished(dump: Dump, counted: ReadonlyMap<string, number>): Fault[] {
  const listed = (dump.get('finishedGroups')?.get('') ?? new Map()) as ReadonlyMap<string, string>
  return [...(dump.get('group') ?? [])].flatMap(([id, value]) => {
    const count = (bucket: string) => counted.get(`group ${id} ${bucket}`) ?? 0
    const isFinished =
      count('succeeded') > 0 && buckets.every((bucket) => bucket === 'succeeded' || count(bucket) === 0)
    const finishedAt = (value as ReadonlyMap<string, string>).get('finishedAt')
    const isRight = isFinished === (finishedAt !== undefined) && listed.get(id) === finishedAt
    if (isRight) return []
    const expected = isFinished ? 'a time, the same in its list' : 'none, and in no list'
    const found = `${finishedAt ?? 'none'}, in its list ${listed.get(id) ?? 'none'}`
    return [faultOf('group', id, 'when it finished', { expected, found })]
  })
}

/** A group that failed before servers knew `failedAt` has none until it changes; in a list it is only with it. */
function faultsOfFailed(dump: Dump, counted: ReadonlyMap<string, number>): Fault[] {
  const listed = (dump.get('failedGroups')?.get('') ?? new Map()) as ReadonlyMap<string, string>
  const groups = dump.get('group') ?? new Map<string, unknown>()
  const strays = [...listed.keys()]
    .filter((id) => !groups.has(id))
    .map((id) => faultOf('group', id, 'the list of failed groups', { expected: 'missing', found: 'there' }))
  return strays.concat(
    [...groups].flatMap(([id, value]) => {
      const count = (bucket: string) => counted.get(`group ${id} ${bucket}`) ?? 0
      const isOpen = buckets.some((bucket) => bucket !== 'succeeded' && bucket !== 'failed' && count(bucket) > 0)
      const failedAt = (value as ReadonlyMap<string, string>).get('failedAt')
      const isWrong = failedAt !== undefined && (isOpen || count('failed') === 0)
      if (!isWrong && listed.get(id) === failedAt) return []
      const expected = isWrong ? 'none, and in no list' : 'the same time in its list'
      const found = `${failedAt ?? 'none'}, in its list ${listed.get(id) ?? 'none'}`
      return [faultOf('group', id, 'when it failed', { expected, found })]
    }),
  )
}

function faultsOfLists(dump: Dump, counted: ReadonlyMap<string, number>): Fault[] {
  const expected = new Set([...(dump.get('group') ?? [])].flatMap(([id, value]) => listsOf(id, value, counted)))
  const found = new Set(listedIn(dump))
  return [
    ...[...expected.difference(found)].map((place) =>
      faultOf('index', 'groups by state', place, { expected: 'there', found: 'missing' }),
    ),
    ...[...found.difference(expected)].map((place) =>
      faultOf('index', 'groups by state', place, { expected: 'missing', found: 'there' }),
    ),
  ]
}

/** Where a group is to be, as in `a 7 ID` of the seventh group, which is active. */
function listsOf(id: string, value: unknown, counted: ReadonlyMap<string, number>): string[] {
  const hash = value as ReadonlyMap<string, string>
  const count = (bucket: Bucket): [Bucket, number] => [bucket, counted.get(`group ${id} ${bucket}`) ?? 0]
  const counts = Object.fromEntries(buckets.map(count)) as Record<Bucket, number>
  const letter = letterOf(
    groupStateOf({ counts, isPaused: hash.get('isPaused') === '1', stoppedBy: stopCauseOf(hash.get('stoppedBy')) }),
  )
  const place = `${hash.get('number')} ${id}`
  const isIn = isFailing({ counts })
  return [`${letter} ${place}`, `listed ${letter}${isIn ? '!' : ''} ${id}`, ...(isIn ? [`failing ${place}`] : [])]
}

function listedIn(dump: Dump): string[] {
  const placesOf = (name: string, list: unknown) =>
    [...(list as ReadonlyMap<string, string>)].map(([id, number]) => `${name} ${number} ${id}`)
  return [
    ...[...(dump.get('groupsByState') ?? [])].flatMap(([letter, list]) => placesOf(letter, list)),
    ...[...(dump.get('failingGroups') ?? [])].flatMap(([, list]) => placesOf('failing', list)),
    ...[...(dump.get('group') ?? [])].map(
      ([id, hash]) => `listed ${(hash as Map<string, string>).get('listed')} ${id}`,
    ),
  ]
}
