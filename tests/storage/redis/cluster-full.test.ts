import { afterEach, beforeEach, expect, test } from 'vitest'
import { changeSet, completion, ifLeased, insertTask, success } from '../../support/changes.ts'
import { makeTask } from '../../support/make.ts'
import { apart, type ClusterWorld, claimOf, newGroup, newTask, openClusterWorld } from './cluster-world.ts'

let world: ClusterWorld
beforeEach(async () => {
  world = await openClusterWorld()
})
afterEach(() => world.close())

const [group = ''] = apart(1)

test('a full Cluster writes results with their children, and refuses new work alone', async () => {
  const { store } = await world.open()
  await store.commit([newGroup(group, 2)])
  const { tasks } = await store.claim(claimOf())
  const [one, other] = tasks
  if (!one || !other) throw new Error('too little was claimed')
  await world.redis.config('SET', 'maxmemory', '1000000')
  const withChild = changeSet({
    guards: [ifLeased(other)],
    changes: [...completion(other.task.id), insertTask(makeTask({ id: 'kid', groupId: group }))],
  })
  const results = await store.commit([success(one), newTask({ id: 'new', groupId: group }), withChild])
  expect(results).toMatchObject(['applied', { code: 'storage_full' }, 'applied'])
  const claimed = (await store.claim(claimOf())).tasks
  expect(claimed.map(({ task }) => task.id)).toEqual(['kid'])
  expect(await store.commit(claimed.map((task) => success(task)))).toEqual(['applied'])
})
