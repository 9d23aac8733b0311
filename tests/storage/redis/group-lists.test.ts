import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Hold } from '../../../server/core/task.ts'
import { findGroups } from '../../../storage/redis/find-groups.ts'
import { changeSet, deleteTask } from '../../support/changes.ts'
import { type ClusterWorld, newGroup, openClusterWorld } from './cluster-world.ts'

let world: ClusterWorld
beforeAll(async () => {
  world = await openClusterWorld()
})
beforeEach(() => world.redis.flushall())
afterAll(() => world.close())

/** One group that is active, one that is failed. */
async function openTwo() {
  const { store, sent } = await world.openSingle()
  await store.commit([newGroup('busy', 1), newGroup('broken', 1, { holds: Hold.exhausted })])
  expect((await store.audit()).faults).toEqual([])
  return { store, sent }
}

describe('the audit notices', () => {
  test.each([
    ['a group that is missing in the list of its state', ['ZREM', '{c0}gs:a', 'busy']],
    ['a group in a list that is not its own', ['ZADD', '{c0}gs:p', 1, 'busy']],
    ['a group in the wrong place', ['ZADD', '{c0}gs:f', 7, 'broken']],
    ['a group that fails and is not listed so', ['ZREM', '{c0}failing', 'broken']],
    ['a group that is listed as failing and does not', ['ZADD', '{c0}failing', 1, 'busy']],
    ['a list with a group that does not exist', ['ZADD', '{c0}gs:e', 3, 'nobody']],
    ['a group that thinks itself elsewhere', ['HSET', '{c0}g:busy', 'listed', 'p']],
  ] as const)('%s', async (_, [command, ...args]) => {
    const { store } = await openTwo()
    await world.redis.call(command, ...args)
    expect((await store.audit()).faults).not.toEqual([])
  })
})

describe('the lists of groups', () => {
  /** Whether somebody wrote one of them meanwhile. */
  async function areWritten(work: () => Promise<unknown>): Promise<boolean> {
    await world.redis.watch('{c0}gs:a', '{c0}gs:e', '{c0}gs:f', '{c0}failing')
    await work()
    return (await world.redis.multi().ping().exec()) === null
  }

  test('are written only when a group moves from one to another', async () => {
    const { store } = await openTwo()
    await store.commit([newGroup('other', 2)])
    const remove = (taskId: string) => store.commit([changeSet({ changes: [deleteTask(taskId)] })])
    expect(await areWritten(() => remove('other.0'))).toBe(false)
    expect(await areWritten(() => remove('other.1'))).toBe(true)
  })
})

describe('a page of groups', () => {
  const page = { search: '', page: 1, pageSize: 2 }

  test('of a state is read by place, whatever groups there are', async () => {
    const { store, sent } = await openTwo()
    for (let n = 0; n < 20; n++) await store.commit([newGroup(`more${n}`, n % 2)])
    sent.length = 0
    const found = await findGroups(store, { ...page, states: ['active'] }, { first: 0, last: 1 })
    expect([found.groups.map(({ id }) => id), found.count]).toEqual([['more19', 'more17'], 11])
    expect(sent.map(({ name, args }) => [name, ...args.slice(1)])).toEqual([
      ['listGroups', 'gs:a', 0, 1, '1', '0'],
      ['readGroups', 'more19', 'more17'],
    ])
  })

  test('leaves out one that goes before it is read, and does not count it', async () => {
    const { store } = await openTwo()
    const going = Object.assign(Object.create(store), {
      getGroups: async (ids: readonly string[]) => store.getGroups(ids.filter((id) => id !== 'busy')),
      listGroups: store.listGroups.bind(store),
    })
    const found = await findGroups(going, page, { first: 0, last: 1 })
    expect([found.groups.map(({ id }) => id), found.count]).toEqual([['broken'], 1])
  })

  test('over several partitions is one list', async () => {
    const { store } = await world.open()
    const ids = Array.from({ length: 30 }, (_, n) => `g${n}`)
    for (const [n, id] of ids.entries()) {
      world.clock.advance(1)
      await store.commit([newGroup(id, 1, n % 3 === 0 ? { holds: Hold.exhausted } : {})])
    }
    const failed = ids.filter((_, n) => n % 3 === 0).reverse()
    const listed = async (first: number, last: number) => {
      const { groups, count } = await findGroups(store, { ...page, isFailing: true }, { first, last })
      expect(count).toBe(failed.length)
      return groups.map(({ id }) => id)
    }
    expect([...(await listed(0, 3)), ...(await listed(4, 7)), ...(await listed(8, 11))]).toEqual(failed)
    const both = await findGroups(store, { ...page, states: ['failed', 'active'] }, { first: 5, last: 9 })
    expect([both.groups.map(({ id }) => id), both.count]).toEqual([ids.toReversed().slice(5, 10), 30])
    expect(await store.countGroups()).toMatchObject({ active: 20, failed: 10, failing: 10, empty: 0 })
  })
})
