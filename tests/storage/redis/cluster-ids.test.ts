import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { changeSet, completion, deleteTask, ifLeased, insertTask } from '../../support/changes.ts'
import { makeTask } from '../../support/make.ts'
import {
  apart,
  type ClusterWorld,
  claimOf,
  isAt,
  LEASE_MS,
  newGroup,
  newTask,
  once,
  openClusterWorld,
  partitionOf,
  refsOf,
} from './cluster-world.ts'

let world: ClusterWorld
beforeAll(async () => {
  world = await openClusterWorld()
})
beforeEach(() => world.redis.flushall())
afterAll(() => world.close())

const [here = '', there = ''] = apart(2)
const idKey = (id: string) => `{c${partitionOf(id)}}id:${id}`

/** A group whose task was inserted by a commit of which the answer was lost; its entry is as old as it gets. */
async function openAfterLostAnswer() {
  const server = await world.open()
  await server.store.commit([newGroup(here, 0), newGroup(there, 0)])
  server.isLost = once(({ name }) => name.startsWith('commit'))
  await server.store.commit([newTask({ id: 'kid', groupId: here })]).catch(() => {})
  return server
}

test('an id whose commit was not answered stays taken for good', async () => {
  const { store } = await openAfterLostAnswer()
  expect(await world.redis.pttl(idKey('kid'))).toBe(-1)
  world.clock.advance(3_600_000)
  expect(await store.commit([newTask({ id: 'kid', groupId: there })])).toEqual(['conflict'])
  expect((await store.getTasks(['kid'])).map(({ groupId }) => groupId)).toEqual([here])
})

test('a task that the directory does not know is renewed and finished', async () => {
  const { store } = await openAfterLostAnswer()
  await world.redis.del(idKey('kid'))
  const { tasks } = await store.claim(claimOf())
  expect(refsOf(tasks)).toMatchObject([{ taskId: 'kid' }])
  expect(await store.renewLeases(refsOf(tasks), LEASE_MS)).toEqual([])
  const other = await world.open('other')
  expect(await other.store.renewLeases(refsOf(tasks), LEASE_MS)).toEqual([])
  expect(await other.store.renewLeases([{ taskId: 'kid', token: 'old' }], 0)).toEqual(['old'])
  const [claimed] = tasks
  if (!claimed) throw new Error('nothing was claimed')
  expect(await store.commit([changeSet({ guards: [ifLeased(claimed)], changes: completion('kid') })])).toEqual([
    'applied',
  ])
})

test('an id that a dead server took and never used is free after a while, not before', async () => {
  const server = await world.open()
  await server.store.commit([newGroup(here, 0), newGroup(there, 0)])
  server.isAway = ({ name }) => name.startsWith('commit')
  await server.store.commit([newTask({ id: 'kid', groupId: here })]).catch(() => {})
  const { store } = await world.open('other')
  expect(await store.commit([newTask({ id: 'kid', groupId: there })])).toEqual(['conflict'])
  world.clock.advance(60_000)
  expect(await store.commit([newTask({ id: 'kid', groupId: there })])).toEqual(['applied'])
  expect((await store.getTasks(['kid'])).map(({ groupId }) => groupId)).toEqual([there])
})

test('of two change sets of a batch with the same new id, the one that is applied keeps it', async () => {
  const { store } = await world.open()
  await store.commit([newGroup(here, 0), newGroup(there, 0)])
  const insert = (epoch: number) =>
    changeSet({
      guards: [{ kind: 'group', groupId: here, epoch }],
      changes: [insertTask(makeTask({ id: 'same', groupId: here }))],
    })
  expect(await store.commit([insert(99), insert(1)])).toEqual(['conflict', 'applied'])
  expect(await store.commit([newTask({ id: 'same', groupId: there })])).toEqual(['conflict'])
})

test('what a server forgets late does not free an id that another has taken since', async () => {
  const [one, other] = [await world.open(), await world.open('other')]
  await one.store.commit([newGroup(here, 1), newGroup(there, 0)])
  let goOn = (): void => {}
  const reached = new Promise<void>((resolve) => {
    // The deletion is written; what follows from it waits.
    one.delay = (sent) => {
      if (!['forgetIds', 'DEL'].includes(sent.name) || !isAt(partitionOf(`${here}.0`))(sent)) return undefined
      resolve()
      return new Promise<void>((resume) => {
        goOn = resume
      })
    }
  })
  const deletion = one.store.commit([changeSet({ changes: [deleteTask(`${here}.0`)] })])
  await reached
  const id = `${here}.0`
  expect(await other.store.commit([newTask({ id, groupId: there })])).toEqual(['applied'])
  goOn()
  await deletion
  expect(await other.store.commit([newTask({ id, groupId: here })])).toEqual(['conflict'])
  expect((await other.store.getTasks([id])).map(({ groupId }) => groupId)).toEqual([there])
})

test('what follows a commit in the directory does not make a commit fail', async () => {
  const server = await world.open()
  await server.store.commit([newGroup(here, 0), newGroup(there, 0)])
  server.isAway = ({ name }) => ['keepIds', 'SET'].includes(name)
  expect(await server.store.commit([newTask({ id: 'kid', groupId: here })])).toEqual(['applied'])
  world.clock.advance(3_600_000)
  expect(await server.store.commit([newTask({ id: 'kid', groupId: there })])).toEqual(['conflict'])
})
