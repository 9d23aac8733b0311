import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { ClaimedTask } from '../../../storage/task-storage.ts'
import { changeSet, completion, ifLeased, ifUnchanged, insertTask, patchTask, success } from '../../support/changes.ts'
import { makeTask } from '../../support/make.ts'
import {
  apart,
  type ClusterServer,
  type ClusterWorld,
  claimOf,
  countLeases,
  countPermits,
  isAt,
  LEASE_MS,
  newGroup,
  ofWorker,
  once,
  openClusterWorld,
  partitionOf,
  permitsKey,
  refsOf,
} from './cluster-world.ts'

let world: ClusterWorld
beforeAll(async () => {
  world = await openClusterWorld()
})
beforeEach(() => world.redis.flushall())
afterAll(() => world.close())

const [group = '', another = ''] = apart(2)
const LIMIT = 5
const limited = () => claimOf({ slotsPerWorker: LIMIT, maxLeasesPerWorker: LIMIT })

const isHome = isAt(partitionOf(group))

/** A server that has looked everywhere, so that its next claim asks the partition of the group alone. */
async function openWith(tasks: number): Promise<ClusterServer> {
  const server = await world.open()
  await server.store.claim(limited())
  await server.store.claim(limited())
  await server.store.commit([newGroup(group, tasks)])
  return server
}

/** Claims until something comes: a partition that did not answer is asked again when it gave a sign of life. */
async function claimUntilSome({ store }: ClusterServer): Promise<readonly ClaimedTask[]> {
  for (let claims = 0; claims < 50; claims++) {
    const { tasks } = await store.claim(limited()).catch(() => ({ tasks: [] }))
    if (tasks.length > 0) return tasks
    await world.redis.ping() // what was sent before is answered
  }
  throw new Error('nothing is claimed any more')
}

test('a claim that was executed and not answered keeps its permits for the tasks that come back', async () => {
  const server = await openWith(20)
  server.isLost = once((sent) => sent.name === 'claim' && isHome(sent))
  const running = await claimUntilSome(server)
  expect([running.length, await countLeases(world.redis), await countPermits(world.redis)]).toEqual([5, 5, 5])
  for (let renewals = 0; renewals < 4; renewals++) {
    world.clock.advance(10_000)
    await server.store.renewLeases(refsOf(running), LEASE_MS)
  }
  const other = await world.open('other')
  await other.store.commit([newGroup(another, 20)])
  expect((await other.store.claim(limited())).tasks).toEqual([])
})

test('a claim that was not executed gives its permits back with the next answer', async () => {
  const server = await openWith(2)
  server.isAway = once((sent) => sent.name === 'claim' && isHome(sent))
  const running = await claimUntilSome(server)
  expect([running.length, await countPermits(world.redis)]).toEqual([2, 2])
})

test('tasks of a lost claim do not start when others have its permits by then', async () => {
  const server = await openWith(5)
  server.isLost = (sent) => sent.name === 'claim' && isHome(sent)
  await server.store.claim(limited()).catch(() => {})
  world.clock.advance(4 * LEASE_MS)
  const other = await world.open('other')
  await other.store.commit([newGroup(another, 5)])
  expect(await claimUntilSome(other)).toHaveLength(LIMIT)
  server.isLost = () => false
  for (let claims = 0; claims < 5; claims++) {
    world.clock.advance(1000)
    expect((await server.store.claim(limited())).tasks).toEqual([])
  }
  expect((await server.store.listExpiredLeases(100)).length).toBeGreaterThan(0)
})

test('a claim is not lost when unused permits cannot be given back', async () => {
  const server = await world.open()
  await server.store.commit([newGroup(group, 4)])
  server.isAway = (sent) => sent.name === 'settlePermits' && ofWorker('worker')(sent)
  expect((await server.store.claim(limited())).tasks).toHaveLength(4)
})

test('a worker whose permits are away starts nothing, and keeps nothing from the others', async () => {
  const server = await world.open()
  await server.store.commit([newGroup(group, 2), newGroup(another, 0)])
  const of = (id: string) => insertTask(makeTask({ id, groupId: group, worker: 'away' }))
  await server.store.commit([changeSet({ changes: [of('a'), of('b')] })])
  server.isAway = ofWorker('away')
  const { tasks } = await server.store.claim(limited())
  expect(tasks.map(({ task }) => task.worker)).toEqual(['worker', 'worker'])
})

test('workers that other servers keep busy do not stand before those that have slots', async () => {
  const [one, other] = [await world.open(), await world.open('other')]
  const insert = (worker: string) =>
    [0, 1].map((n) => insertTask(makeTask({ id: `${worker}.${n}`, groupId: group, worker })))
  await one.store.commit([newGroup(group, 0)])
  const workers = Array.from({ length: 120 }, (_, n) => `w${n}`)
  await one.store.commit([changeSet({ changes: workers.flatMap(insert) })])
  const single = () => claimOf({ limit: 200, slotsPerWorker: 1, maxLeasesPerWorker: 1, leaseMs: 1e9 })
  const claimed: ClaimedTask[] = []
  for (let claims = 0; claims < 10; claims++) {
    world.clock.advance(1000)
    claimed.push(...(await one.store.claim(single())).tasks)
  }
  expect(new Set(claimed.map(({ task }) => task.worker)).size).toBe(workers.length)
  await other.store.commit([changeSet({ changes: insert('late') })])
  for (let claims = 0; claims < 10; claims++) {
    world.clock.advance(1000)
    claimed.push(...(await other.store.claim(single())).tasks)
  }
  expect(claimed.filter(({ task }) => task.worker === 'late')).toHaveLength(1)
})

test('a late follow-up ends the permit of its own lease, not that of the next', async () => {
  const server = await openWith(1)
  const [first] = await claimUntilSome(server)
  const [permit = ''] = await world.redis.zrange(permitsKey(), '0', '-1')
  if (!first) throw new Error('nothing was claimed')
  let goOn = (): void => {}
  const gate = new Promise<void>((resolve) => {
    goOn = resolve
  })
  server.delayReply = ({ name }) => (name === 'commitWhenFull' ? gate : undefined)
  const again = changeSet({
    guards: [ifLeased(first)],
    changes: [patchTask(first.task.id, {}, 'settle')],
    events: [{ type: 'group.updated', groupId: group }],
  })
  const settled = server.store.commit([again])
  await waitFor(async () => (await countLeases(world.redis)) === 0)
  world.clock.advance(1000)
  const [second] = await claimUntilSome(server)
  goOn()
  await settled
  expect(second?.task.id).toBe(first.task.id)
  const left = await world.redis.zrange(permitsKey(), '0', '-1')
  expect([left.length, left.includes(permit)]).toEqual([1, false])
})

test('the permit of a lease that another server ended is given back when its result is refused', async () => {
  const [one, other] = [await world.open(), await world.open('other')]
  await one.store.commit([newGroup(group, 2)])
  const [first, second] = await claimUntilSome(one)
  if (!first || !second) throw new Error('too little was claimed')
  const [task] = await other.store.getTasks([first.task.id])
  if (!task) throw new Error('the task is gone')
  await other.store.commit([changeSet({ guards: [ifUnchanged(task)], changes: [patchTask(task.id, {}, 'fence')] })])
  expect(await one.store.commit([success(first)])).toEqual(['leaseLost'])
  expect(await countPermits(world.redis)).toBe(1)
  one.isLost = once(({ name }) => name.startsWith('commit'))
  const set = changeSet({ guards: [ifLeased(second)], changes: completion(second.task.id) })
  await one.store.commit([set]).catch(() => {})
  expect(await one.store.commit([set])).toEqual(['duplicate'])
  expect(await countPermits(world.redis)).toBe(0)
})

test('a lease that is renewed after a stall counts again', async () => {
  const server = await world.open()
  await server.store.commit([newGroup(group, LIMIT)])
  const running = await claimUntilSome(server)
  // As those of a server that stalls end.
  await world.redis.del(permitsKey())
  const other = await world.open('other')
  await other.store.commit([newGroup(another, LIMIT)])
  await server.store.renewLeases(refsOf(running), LEASE_MS)
  expect((await other.store.claim(limited())).tasks).toEqual([])
})

test('a shorter lease does not make the permits of a longer one end sooner', async () => {
  const server = await world.open()
  await server.store.commit([newGroup(group, 1), newGroup(another, 1)])
  await server.store.claim({ ...limited(), limit: 1, leaseMs: 3_600_000 })
  await server.store.claim(limited())
  expect(await world.redis.pttl(permitsKey())).toBeGreaterThan(LEASE_MS * 10)
  expect(partitionOf(group)).not.toBe(partitionOf(another))
})

test('a lease that is held outside keeps its permit through any server, and gives it back through any', async () => {
  const [server, other] = [await world.open(), await world.open('other')]
  await server.store.commit([newGroup(group, LIMIT)])
  const running = await claimUntilSome(server)
  await server.store.renewLeases(refsOf(running), LEASE_MS, 'outside:poll p')
  await other.store.commit([newGroup(another, LIMIT)])
  for (let beats = 0; beats < 20; beats++) {
    world.clock.advance(LEASE_MS - 1000)
    expect(await other.store.renewLeases(refsOf(running), LEASE_MS)).toEqual([])
    expect((await server.store.claim(limited())).tasks).toEqual([])
  }
  for (const claimed of running) expect(await other.store.commit([success(claimed)])).toEqual(['applied'])
  expect(await countPermits(world.redis)).toBe(0)
  expect(await claimUntilSome(server)).toHaveLength(LIMIT)
})

test('the renewal of a server that comes after a hand-over leaves the permit as long as its holder has it', async () => {
  const server = await world.open()
  await server.store.commit([newGroup(group, LIMIT)])
  const running = await claimUntilSome(server)
  await server.store.renewLeases(refsOf(running), 10 * LEASE_MS, 'outside:poll p')
  const permits = () => world.redis.zrange(permitsKey(), '0', '-1', 'WITHSCORES')
  const handedOver = await permits()
  await server.store.renewLeases(refsOf(running), LEASE_MS)
  expect(handedOver).toHaveLength(2 * LIMIT)
  expect(await permits()).toEqual(handedOver)
})

async function waitFor(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve))
}
