import { expect } from 'vitest'
import { Hold } from '../../../server/core/task.ts'
import { changeSet, failure, ifLeased, insertTask, patchTask, success } from '../../support/changes.ts'
import type { StorageTest } from '../conformance.ts'
import { idsOf, LEASE_MS } from '../storage-world.ts'

/** The right to run one attempt, how it is kept, and how it ends. */
export function describeLeases(it: StorageTest): void {
  describeExpiry(it)
  describeRenewal(it)
  describeBoots(it)
}

function describeExpiry(it: StorageTest): void {
  it('a lease is over at the moment it was given until', async (world) => {
    const task = await world.addTask(await world.addGroup())
    const claimed = await world.claimTask(task)
    world.clock.advance(LEASE_MS - 1)
    expect(await world.storage.listExpiredLeases(10)).toEqual([])
    world.clock.advance(1)
    expect(await world.storage.listExpiredLeases(10)).toEqual([claimed.task])
  })

  it('expired leases are listed oldest first, as many as asked for', async (world) => {
    const group = await world.addGroup()
    const tasks = []
    for (let n = 0; n < 5; n++) {
      const task = await world.addTask(group)
      await world.claimTask(task)
      world.clock.advance(100)
      tasks.push(task)
    }
    world.clock.advance(LEASE_MS - 200)
    expect(idsOf(await world.storage.listExpiredLeases(10))).toEqual(idsOf(tasks.slice(0, 4)))
    expect(idsOf(await world.storage.listExpiredLeases(2))).toEqual(idsOf(tasks.slice(0, 2)))
    expect(await world.storage.listExpiredLeases(0)).toEqual([])
  })

  it('an expired lease is running and not claimable until somebody ends it', async (world) => {
    const group = await world.addGroup()
    const task = await world.addTask(group)
    await world.claimTask(task)
    world.clock.advance(2 * LEASE_MS)
    expect((await world.loadGroup(group)).counts).toMatchObject({ running: 1, waiting: 0 })
    expect(await world.listIds(group, { states: ['running'] })).toEqual([task.id])
    expect(await world.claimIds()).toEqual([])
    await world.commit(patchTask(task.id, {}, 'fence'))
    expect(await world.claimIds()).toEqual([task.id])
  })

  it('a late result counts while nobody took the task', async (world) => {
    const claimed = await world.claimTask(await world.addTask(await world.addGroup()))
    world.clock.advance(2 * LEASE_MS)
    expect(await world.tryCommit(success(claimed))).toBe('applied')
    expect(await world.storage.listExpiredLeases(10)).toEqual([])
  })

  it('of a late result and a reaper the first wins', async (world) => {
    const group = await world.addGroup()
    const tasks = [await world.addTask(group), await world.addTask(group)]
    const claimed = await world.claim()
    world.clock.advance(2 * LEASE_MS)
    const results = claimed.map((one) => success(one))
    const reaps = claimed.map((one) =>
      changeSet({ guards: [ifLeased(one)], changes: [patchTask(one.task.id, { givenBack: 1 }, 'fence')] }),
    )
    const [first, second] = [
      await world.storage.commit([...results.slice(0, 1), ...reaps]),
      await world.storage.commit(results),
    ]
    expect(first).toEqual(['applied', 'duplicate', 'applied'])
    expect(second).toEqual(['duplicate', 'leaseLost'])
    const holds = await Promise.all(tasks.map(async (task) => (await world.load(task)).holds))
    expect(holds).toEqual([Hold.complete, 0])
  })

  it('an attempt that is given back is claimed again with another token', async (world) => {
    const task = await world.addTask(await world.addGroup())
    const first = await world.claimTask(task)
    await world.tryCommit(failure(first, { failures: 0, givenBack: 1, remainingAttempts: task.remainingAttempts }))
    const second = await world.claimTask(task)
    expect(second.token).not.toBe(first.token)
    expect(second.task).toMatchObject({ attempts: 2, givenBack: 1, failures: 0 })
  })
}

function describeRenewal(it: StorageTest): void {
  it('renewing moves the end of a lease and nothing else', async (world) => {
    const task = await world.addTask(await world.addGroup())
    const { token, task: leased } = await world.claimTask(task)
    world.clock.advance(LEASE_MS - 1)
    const until = world.clock.now() + LEASE_MS
    expect(await world.storage.renewLeases([{ taskId: task.id, token }], until)).toEqual([])
    expect(await world.load(task)).toEqual({ ...leased, lease: leased.lease && { ...leased.lease, until } })
    world.clock.set(until - 1)
    expect(await world.storage.listExpiredLeases(10)).toEqual([])
    world.clock.set(until)
    expect(idsOf(await world.storage.listExpiredLeases(10))).toEqual([task.id])
  })

  it('a lease that is handed over outlives the server that claimed it, and ends at its time', async (world) => {
    const group = await world.addGroup()
    const tasks = [await world.addTask(group), await world.addTask(group)]
    const [handed, kept] = await world.claim()
    if (!handed || !kept) throw new Error(`claimed too few of ${tasks.length}`)
    const until = world.clock.now() + 5 * LEASE_MS
    const ref = { taskId: handed.task.id, token: handed.token }
    expect(await world.storage.renewLeases([ref], until, 'outside:poll w1')).toEqual([])
    const lease = handed.task.lease && { ...handed.task.lease, until, holder: 'outside:poll w1' }
    expect((await world.load(handed.task)).lease).toEqual(lease)
    world.clock.set(kept.task.lease?.until ?? 0)
    expect(idsOf(await world.storage.listExpiredLeases(10))).toEqual([kept.task.id])
    expect(await world.storage.renewLeases([ref], until + 1)).toEqual([])
    expect((await world.load(handed.task)).lease?.holder).toBe('outside:poll w1')
    expect(await world.tryCommit(success(handed))).toBe('applied')
    expect(await world.storage.renewLeases([ref], until, 'outside:poll w2')).toEqual([handed.token])
  })

  it('renewing never makes a lease end sooner, handing it over does', async (world) => {
    const claimed = await world.claimTask(await world.addTask(await world.addGroup()))
    const refs = [{ taskId: claimed.task.id, token: claimed.token }]
    const now = world.clock.now()
    const untilAfter = async (until: number, holder?: string) => {
      expect(await world.storage.renewLeases(refs, until, holder)).toEqual([])
      return (await world.load(claimed.task)).lease?.until
    }
    expect(await untilAfter(now + 10 * LEASE_MS, 'outside:poll w1')).toBe(now + 10 * LEASE_MS)
    expect(await untilAfter(now + LEASE_MS)).toBe(now + 10 * LEASE_MS)
    world.clock.set(now + 10 * LEASE_MS - 1)
    expect(await world.storage.listExpiredLeases(10)).toEqual([])
    const sooner = world.clock.now() + LEASE_MS / 2
    expect(await untilAfter(sooner, 'outside:poll w2')).toBe(sooner)
    world.clock.set(sooner)
    expect(idsOf(await world.storage.listExpiredLeases(10))).toEqual([claimed.task.id])
  })

  it('a result decided before a renewal still applies', async (world) => {
    const claimed = await world.claimTask(await world.addTask(await world.addGroup()))
    await world.storage.renewLeases(
      [{ taskId: claimed.task.id, token: claimed.token }],
      world.clock.now() + 2 * LEASE_MS,
    )
    expect(await world.tryCommit(success(claimed))).toBe('applied')
  })

  it('renewing tells which tokens are no longer current', async (world) => {
    const group = await world.addGroup()
    const tasks = Array.from({ length: 5 }, (_, n) => world.task({ id: `t${n}`, groupId: group.id }))
    await world.commit(...tasks.map(insertTask))
    const claimed = await world.claim()
    const refs = claimed.map(({ task, token }) => ({ taskId: task.id, token }))
    await world.commit(
      patchTask('t1', {}, 'settle'),
      patchTask('t2', {}, 'fence'),
      { kind: 'deleteTask', taskId: 't3' },
      patchTask('t4', { name: 'an edit takes no lease away' }),
    )
    await world.claimTask({ id: 't2' })
    const forged = { taskId: 't0', token: 'forged' }
    const lost = await world.storage.renewLeases([...refs, forged], world.clock.now() + 2 * LEASE_MS)
    const tokenOf = (id: string) => claimed.find(({ task }) => task.id === id)?.token ?? ''
    expect(lost.sort()).toEqual([tokenOf('t1'), tokenOf('t2'), tokenOf('t3'), 'forged'].sort())
  })

  it('renewing nothing is fine', async (world) => {
    expect(await world.storage.renewLeases([], world.clock.now())).toEqual([])
  })

  it('a lease that expired and that nobody took can be renewed', async (world) => {
    const task = await world.addTask(await world.addGroup())
    const { token } = await world.claimTask(task)
    world.clock.advance(2 * LEASE_MS)
    const until = world.clock.now() + LEASE_MS
    expect(await world.storage.renewLeases([{ taskId: task.id, token }], until)).toEqual([])
    expect(await world.storage.listExpiredLeases(10)).toEqual([])
  })

  it('hundreds of leases are renewed in one call', async (world) => {
    const group = await world.addGroup()
    await world.commit(...Array.from({ length: 500 }, () => insertTask(world.task({ groupId: group.id }))))
    const claimed = await world.claim({ limit: 500, slotsPerWorker: 500 })
    const refs = claimed.map(({ task, token }) => ({ taskId: task.id, token }))
    expect(refs).toHaveLength(500)
    const until = world.clock.now() + 2 * LEASE_MS
    expect(await world.storage.renewLeases(refs, until)).toEqual([])
    world.clock.advance(LEASE_MS)
    expect(await world.storage.listExpiredLeases(1_000)).toEqual([])
  })
}

function describeBoots(it: StorageTest): void {
  it.durable('a lease of another boot is expired at once', async (world) => {
    const task = await world.addTask(await world.addGroup())
    const claimed = await world.claimTask(task)
    await world.reopen()
    expect(await world.storage.listExpiredLeases(10)).toEqual([claimed.task])
    expect(await world.claimIds()).toEqual([])
  })

  it.durable('a lease that was handed over goes on when its boot is gone', async (world) => {
    const claimed = await world.claimTask(await world.addTask(await world.addGroup()))
    const until = world.clock.now() + 2 * LEASE_MS
    await world.storage.renewLeases([{ taskId: claimed.task.id, token: claimed.token }], until, 'outside:callback')
    await world.reopen()
    expect(await world.storage.listExpiredLeases(10)).toEqual([])
    expect(await world.claimIds()).toEqual([])
    world.clock.set(until)
    expect(idsOf(await world.storage.listExpiredLeases(10))).toEqual([claimed.task.id])
    expect(await world.tryCommit(success(claimed))).toBe('applied')
  })

  it.durable('a lease of the same boot goes on', async (world) => {
    const task = await world.addTask(await world.addGroup())
    const claimed = await world.claimTask(task)
    await world.reopen(world.bootId)
    expect(await world.storage.listExpiredLeases(10)).toEqual([])
    expect(await world.tryCommit(success(claimed))).toBe('applied')
  })

  it.durable('a task of a dead boot is recovered by its token and runs again', async (world) => {
    const task = await world.addTask(await world.addGroup())
    await world.claimTask(task)
    await world.reopen('boot-of-the-successor')
    const [dead] = await world.storage.listExpiredLeases(10)
    if (!dead?.lease) throw new Error('the dead lease is listed')
    const recovery = changeSet({
      guards: [{ kind: 'lease', taskId: dead.id, token: dead.lease.token, version: dead.version }],
      changes: [patchTask(dead.id, { givenBack: 1 }, 'settle')],
    })
    expect(await world.storage.commit([recovery, recovery])).toEqual(['applied', 'duplicate'])
    expect((await world.claimTask(task)).task.lease?.holder).toBe('boot-of-the-successor')
    expect(await world.storage.listExpiredLeases(10)).toEqual([])
  })

  it.durable('dead leases are listed before live ones that expire', async (world) => {
    const group = await world.addGroup()
    const dead = await world.addTask(group)
    await world.claimTask(dead)
    await world.reopen()
    const live = await world.addTask(group)
    await world.claimTask(live)
    expect(idsOf(await world.storage.listExpiredLeases(10))).toEqual([dead.id])
    world.clock.advance(LEASE_MS)
    expect(idsOf(await world.storage.listExpiredLeases(10)).sort()).toEqual(idsOf([dead, live]).sort())
  })
}
