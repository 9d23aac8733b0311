import type { CountedGroup, TaskGroup } from '../../server/core/task-group.ts'
import { type GroupCensus, groupStates, letterOf } from '../../server/core/task-group.ts'
import { type DescribedGroup, groupOf, plainGroupOf, type Waiting } from './decode.ts'
import { keyKinds } from './keys.ts'
import type { PartitionHost } from './script-runner.ts'
import type { GroupList, ListedGroup, RangeOfGroups, WordedGroup } from './store.ts'

/** Groups told in one script: with their words 2 µs each, without less than half of that. */
const LISTED_PER_READ = 1000

/**
 * Groups of one partition with their books. What waits in a group of very many lanes is counted in parts, so the figures of an
 * answer may be of slightly different moments.
 */
export class PartitionGroups {
  readonly #host: PartitionHost

  constructor(host: PartitionHost) {
    this.#host = host
  }

  async find(id: string): Promise<TaskGroup | null> {
    const hash = (await this.#host.command('HGETALL', 'group', id)) as string[]
    return hash.length === 0 ? null : plainGroupOf(id, hash)
  }

  async get(ids: readonly string[]): Promise<CountedGroup[]> {
    return this.#count((await this.#host.run('readGroups', ...ids)) as DescribedGroup[])
  }

  /** From one place to another (inclusive). */
  async list({ list, first, last, isNewestFirst }: RangeOfGroups): Promise<{ count: number; groups: ListedGroup[] }> {
    const groups: ListedGroup[] = []
    for (let from = first; ; from += LISTED_PER_READ) {
      const to = Math.min(last, from + LISTED_PER_READ - 1)
      const [count, told] = await this.#listed(list, { from, to, isNewestFirst, hasWords: false })
      groups.push(...told.map(([id, place]) => ({ id, place: Number(place) })))
      if (to >= last || to + 1 >= count) return { count, groups }
    }
  }

  /** All of a list that fit, in no particular order. Read oldest first, so that what comes meanwhile moves nothing. */
  async search(list: GroupList, fits: (group: WordedGroup) => boolean): Promise<WordedGroup[]> {
    const found = new Map<string, WordedGroup>()
    for (let from = 0; ; from += LISTED_PER_READ) {
      const to = from + LISTED_PER_READ - 1
      const [, told] = await this.#listed(list, { from, to, isNewestFirst: false, hasWords: true })
      for (const one of told) {
        const group = wordedOf(one)
        if (group && fits(group)) found.set(group.id, group)
      }
      if (told.length < LISTED_PER_READ) return [...found.values()]
    }
  }

  async census(): Promise<GroupCensus> {
    const count = async (list: GroupList) => [list, await this.#host.command('ZCARD', ...keyOfList(list))]
    return Object.fromEntries(await Promise.all([...groupStates, 'failing' as const].map(count))) as GroupCensus
  }

  async #listed(
    list: GroupList,
    { from, to, isNewestFirst, hasWords }: { from: number; to: number; isNewestFirst: boolean; hasWords: boolean },
  ): Promise<[count: number, told: ToldGroup[]]> {
    const [kind, id] = keyOfList(list)
    const flags = [isNewestFirst ? '1' : '0', hasWords ? '1' : '0']
    return (await this.#host.run('listGroups', keyKinds[kind] + id, from, to, ...flags)) as [number, ToldGroup[]]
  }

  async #count(described: readonly DescribedGroup[]): Promise<CountedGroup[]> {
    const groups: CountedGroup[] = []
    for (const one of described) groups.push(groupOf(one, one[2] ?? (await this.#countWaiting(one[0]))))
    return groups
  }

  async #countWaiting(id: string): Promise<Waiting> {
    const lanes = new Map<string, Waiting>()
    let cursor = '0'
    do {
      const part = await this.#host.run('countWaiting', id, cursor)
      const [next, told] = part as [string, [lane: string, ...waiting: Waiting][]]
      for (const [lane, ...waiting] of told) lanes.set(lane, waiting)
      cursor = next
    } while (cursor !== '0')
    const sumOf = (at: 0 | 1 | 2) => [...lanes.values()].reduce((sum, waiting) => sum + waiting[at], 0)
    return [sumOf(0), sumOf(1), sumOf(2)]
  }
}

/** A group as `list-groups.lua` tells it; null of one that is gone by then. */
type ToldGroup = readonly [
  id: string,
  place: string,
  name: string | null,
  createdAt: string | null,
  listed: string | null,
]

function wordedOf([id, place, name, createdAt, listed]: ToldGroup): WordedGroup | null {
  if (name === null || createdAt === null || listed === null) return null
  return { id, place: Number(place), name, createdAt: Number(createdAt), stateLetter: listed.charAt(0) }
}

function keyOfList(list: GroupList): ['groups' | 'groupsByState' | 'failingGroups', string] {
  if (list === 'all') return ['groups', '']
  return list === 'failing' ? ['failingGroups', ''] : ['groupsByState', letterOf(list)]
}
