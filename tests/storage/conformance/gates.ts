import { expect } from 'vitest'
import { type GateScope, NO_LIMITS } from '../../../server/core/gate.ts'
import { Hold } from '../../../server/core/task.ts'
import { deleteGroup, deleteTask, holdWork, limitWork, patchTask, putGroup, success } from '../../support/changes.ts'
import type { StorageTest } from '../conformance.ts'
import {
  addTasks,
  dueAfterClaim,
  finish,
  gated,
  gateScopes,
  holdScopes,
  loadGate,
  perSecond,
  starts,
  startTimes,
} from '../gate-steps.ts'
import { everyTask, idsOf, LEASE_MS, type StorageWorld } from '../storage-world.ts'

/** Limits of all tasks, of a worker and of a workgroup: how many at once, and how many in a time. */
export function describeGates(it: StorageTest): void {
  for (const scope of gateScopes) {
    describeConcurrency(it, scope)
    describeRate(it, scope)
    describeLimitChanges(it, scope)
  }
  describeSlots(it)
  describeRules(it)
  describeGatesTogether(it)
  describeTurnsAtGates(it)
  describeSharesAtGates(it)
  describeBystanders(it)
}

const aGate = (scope: GateScope): string => (scope === 'all' ? 'the gate of all tasks' : `the gate of a ${scope}`)

function describeConcurrency(it: StorageTest, scope: GateScope): void {
  const { name, fields } = gated[scope]

  it(`${aGate(scope)} lets no more run at once than its limit, over groups and claims`, async (world) => {
    const groups = [await world.addGroup(), await world.addGroup()]
    for (const group of groups) await addTasks(world, group, 4, fields)
    await world.commit(limitWork(scope, name, { maxConcurrent: 3 }))
    expect([await starts(world, { limit: 2 }), await starts(world), await starts(world)]).toEqual([2, 1, 0])
    expect((await loadGate(world, scope, name)).leases).toBe(3)
  })

  it(`${aGate(scope)} lets one start for each that ended`, async (world) => {
    await addTasks(world, await world.addGroup(), 6, fields)
    await world.commit(limitWork(scope, name, { maxConcurrent: 2 }))
    const first = await world.claim()
    expect(first).toHaveLength(2)
    await finish(world, first.slice(0, 1))
    const second = await world.claim()
    expect(second).toHaveLength(1)
    await finish(world, [...first.slice(1), ...second])
    expect([await starts(world), await starts(world)]).toEqual([2, 0])
  })

  it(`${aGate(scope)} with a limit of none lets nothing start, and nothing says when`, async (world) => {
    await addTasks(world, await world.addGroup(), 2, fields)
    await world.commit(limitWork(scope, name, { maxConcurrent: 0 }))
    expect(await dueAfterClaim(world)).toBeNull()
    expect((await loadGate(world, scope, name)).leases).toBe(0)
  })

  it(`${aGate(scope)} keeps its limit when claims are made at the same time`, async (world) => {
    await addTasks(world, await world.addGroup(), 20, fields)
    await world.commit(limitWork(scope, name, { maxConcurrent: 7, ...perSecond(1, 5) }))
    const claims = await Promise.all(Array.from({ length: 6 }, () => starts(world, { limit: 3 })))
    expect(claims.reduce((sum, count) => sum + count, 0)).toBe(5)
  })
}

function describeRate(it: StorageTest, scope: GateScope): void {
  const { name, fields } = gated[scope]

  it(`${aGate(scope)} spaces starts evenly`, async (world) => {
    await addTasks(world, await world.addGroup(), 8, fields)
    await world.commit(limitWork(scope, name, perSecond(4)))
    expect(await startTimes(world, 1_001)).toEqual([0, 250, 500, 750, 1_000])
  })

  it(`${aGate(scope)} lets a burst start after a rest, and saves up no more than that`, async (world) => {
    await addTasks(world, await world.addGroup(), 20, fields)
    await world.commit(limitWork(scope, name, perSecond(10, 3)))
    expect([await starts(world, { limit: 2 }), await starts(world), await starts(world)]).toEqual([2, 1, 0])
    world.clock.advance(100)
    expect([await starts(world), await starts(world)]).toEqual([1, 0])
    world.clock.advance(250)
    expect([await starts(world), await starts(world)]).toEqual([2, 0])
    world.clock.advance(3_600_000)
    expect([await starts(world), await starts(world)]).toEqual([3, 0])
  })

  it(`${aGate(scope)} says when the next may start`, async (world) => {
    await addTasks(world, await world.addGroup(), 4, fields)
    const now = world.clock.now()
    await world.commit(limitWork(scope, name, perSecond(4)))
    expect(await dueAfterClaim(world)).toBe(now + 250)
    world.clock.advance(100)
    expect(await dueAfterClaim(world)).toBe(now + 250)
    world.clock.set(now + 249)
    expect(await starts(world)).toBe(0)
    world.clock.set(now + 250)
    expect(await starts(world)).toBe(1)
  })

  it(`${aGate(scope)} loses no time to intervals that are no whole milliseconds`, async (world) => {
    await addTasks(world, await world.addGroup(), 12, fields)
    await world.commit(limitWork(scope, name, perSecond(3, 2)))
    const dueAt: (number | null)[] = []
    const from = world.clock.now()
    for (let n = 0; n < 5; n++) {
      const next = await dueAfterClaim(world)
      dueAt.push(next && next - from)
      world.clock.set(next ?? Number.NaN)
    }
    // Each is the first millisecond in which it is due: rounding up never adds up.
    expect(dueAt).toEqual([334, 667, 1_001, 1_334, 1_667])
    expect((await loadGate(world, scope, name)).leases).toBe(6)
  })

  it.durable(`${aGate(scope)} is as it was when the store is opened again`, async (world) => {
    await addTasks(world, await world.addGroup(), 9, fields)
    await world.commit(limitWork(scope, name, { ...perSecond(1, 2), maxConcurrent: 3 }))
    expect(await starts(world)).toBe(2)
    const before = await loadGate(world, scope, name)
    await world.reopen(world.bootId)
    expect(await loadGate(world, scope, name)).toEqual(before)
    expect(await starts(world)).toBe(0)
    world.clock.advance(10_000)
    expect([await starts(world), await starts(world)]).toEqual([1, 0])
  })
}

function describeLimitChanges(it: StorageTest, scope: GateScope): void {
  const { name, fields } = gated[scope]

  it(`what waits at ${aGate(scope)} starts when its limit is raised or taken away`, async (world) => {
    await addTasks(world, await world.addGroup(), 9, fields)
    await world.commit(limitWork(scope, name, { maxConcurrent: 1 }))
    expect([await starts(world), await starts(world)]).toEqual([1, 0])
    await world.commit(limitWork(scope, name, { maxConcurrent: 3 }))
    expect([await starts(world), await starts(world)]).toEqual([2, 0])
    await world.commit(limitWork(scope, name, null))
    expect(await starts(world)).toBe(6)
  })

  it(`a limit of ${aGate(scope)} that is lowered ends nothing and counts what runs`, async (world) => {
    await addTasks(world, await world.addGroup(), 5, fields)
    const running = await world.claim({ limit: 3 })
    await world.commit(limitWork(scope, name, { maxConcurrent: 1 }))
    expect(await starts(world)).toBe(0)
    await finish(world, running.slice(0, 2))
    expect(await starts(world)).toBe(0)
    await finish(world, running.slice(2))
    expect([await starts(world), await starts(world)]).toEqual([1, 0])
  })

  it(`a rate of ${aGate(scope)} that changes counts the starts of before`, async (world) => {
    await addTasks(world, await world.addGroup(), 9, fields)
    await world.commit(limitWork(scope, name, { rate: { count: 1, perMs: 60_000, burst: 1 } }))
    expect([await starts(world), await starts(world)]).toEqual([1, 0])
    world.clock.advance(100)
    await world.commit(limitWork(scope, name, perSecond(5)))
    expect(await starts(world)).toBe(0)
    world.clock.advance(100)
    expect([await starts(world), await starts(world)]).toEqual([1, 0])
  })
}

function describeSlots(it: StorageTest): void {
  const limits = [
    limitWork('all', '', { maxConcurrent: 1 }),
    limitWork('worker', 'w', { maxConcurrent: 1 }),
    limitWork('workgroup', 'wg', { maxConcurrent: 1 }),
  ]
  const fields = { worker: 'w', workgroup: 'wg' }
  const runningIds = (world: StorageWorld) => world.listIds({ id: 'gone' }, { states: ['running'] })

  const endings: [string, (world: StorageWorld) => Promise<void>][] = [
    [
      'is given back after it expired',
      async (world) => {
        world.clock.advance(LEASE_MS)
        const [expired] = await world.storage.listExpiredLeases(1)
        await world.commit(patchTask(String(expired?.id), {}, 'settle'))
      },
    ],
    [
      'is fenced',
      async (world) => {
        const [running] = await runningIds(world)
        await world.commit(patchTask(String(running), { holds: Hold.paused }, 'fence'))
      },
    ],
    [
      'goes with its task',
      async (world) => {
        const [running] = await runningIds(world)
        await world.commit(deleteTask(String(running)))
      },
    ],
    ['goes with its group', async (world) => world.commit(deleteGroup('gone'))],
    [
      'is held outside and goes with its group',
      async (world) => {
        const { tasks } = await world.storage.listTasks({ ...everyTask('gone'), states: ['running'] })
        const refs = tasks.map(({ id, lease }) => ({ taskId: id, token: String(lease?.token) }))
        await world.storage.renewLeases(refs, world.clock.now() + LEASE_MS, 'outside:poll w1')
        await world.commit(deleteGroup('gone'))
      },
    ],
  ]
  for (const [ending, end] of endings) {
    it(`a lease that ${ending} frees its place at all three gates`, async (world) => {
      await world.addGroup({ id: 'gone' })
      await addTasks(world, { id: 'gone' }, 1, fields)
      await world.commit(...limits)
      expect(await starts(world)).toBe(1)
      await addTasks(world, await world.addGroup(), 2, { ...fields, priority: 1 })
      expect(await starts(world)).toBe(0)
      await end(world)
      const refs = [
        { scope: 'all', name: '' },
        { scope: 'worker', name: 'w' },
        { scope: 'workgroup', name: 'wg' },
      ] as const
      expect((await world.storage.getGates(refs)).map(({ leases }) => leases)).toEqual([0, 0, 0])
      expect([await starts(world), await starts(world)]).toEqual([1, 0])
    })
  }

  // Where groups are apart a lease is counted where it was taken (and nobody edits the workgroup of a running task).
  it.acrossGroups('a lease is counted for the workgroup that its task has now', async (world) => {
    const group = await world.addGroup()
    const task = await world.addTask(group, { workgroup: 'a' })
    await world.commit(
      limitWork('workgroup', 'a', { maxConcurrent: 1 }),
      limitWork('workgroup', 'b', { maxConcurrent: 1 }),
    )
    await world.claimTask(task)
    const [inA, inB] = [await world.addTask(group, { workgroup: 'a' }), await world.addTask(group, { workgroup: 'b' })]
    await world.commit(patchTask(task.id, { workgroup: 'b' }))
    expect(await world.claimIds()).toEqual([inA.id])
    await world.commit(patchTask(task.id, { workgroup: '' }))
    expect(await world.claimIds()).toEqual([inB.id])
  })
}

function describeRules(it: StorageTest): void {
  const limitOf = async (world: StorageWorld, worker: string) => {
    const { limits, limitsFrom } = await loadGate(world, 'worker', worker)
    return [limits.maxConcurrent, limitsFrom]
  }

  it('a rule bounds each worker below it by itself', async (world) => {
    const group = await world.addGroup()
    for (const worker of ['shop/a', 'shop/b', 'shopping', 'other']) await addTasks(world, group, 3, { worker })
    await world.commit(limitWork('worker', 'shop/*', { maxConcurrent: 1 }))
    const workers = (await world.claim()).map(({ task }) => task.worker)
    expect(workers.sort()).toEqual([...Array(3).fill('other'), 'shop/a', 'shop/b', ...Array(3).fill('shopping')])
    expect(await starts(world)).toBe(0)
    await world.commit(limitWork('worker', 'shop/*', { maxConcurrent: 2 }))
    expect((await world.claim()).map(({ task }) => task.worker).sort()).toEqual(['shop/a', 'shop/b'])
  })

  it('own limits come before a rule, and the longest rule before the others, each as a whole', async (world) => {
    await world.commit(
      limitWork('worker', '*', { maxConcurrent: 1, ...perSecond(1) }),
      limitWork('worker', 'shop/*', { maxConcurrent: 2 }),
      limitWork('worker', 'shop/orders/*', { maxConcurrent: 3 }),
      limitWork('worker', 'shop/orders/new', { maxConcurrent: 4 }),
    )
    const workers = ['mail', 'shop/x', 'shop/orders/x', 'shop/orders/new', 'shop/orders/newer']
    const limits = await Promise.all(workers.map((worker) => limitOf(world, worker)))
    expect(limits).toEqual([
      [1, '*'],
      [2, 'shop/*'],
      [3, 'shop/orders/*'],
      [4, 'shop/orders/new'],
      [3, 'shop/orders/*'],
    ])
    expect((await loadGate(world, 'worker', 'shop/x')).limits).toEqual({ ...NO_LIMITS, maxConcurrent: 2 })
  })

  it('a rule that is taken away leaves the next longest', async (world) => {
    await world.commit(
      limitWork('worker', '*', { maxConcurrent: 1 }),
      limitWork('worker', 'shop/*', { maxConcurrent: 2 }),
    )
    await world.commit(limitWork('worker', 'shop/*', null))
    expect(await limitOf(world, 'shop/a')).toEqual([1, '*'])
    await world.commit(limitWork('worker', '*', null))
    expect(await limitOf(world, 'shop/a')).toEqual([null, null])
  })

  it.durable('a rule bounds workers when the store is opened again', async (world) => {
    await addTasks(world, await world.addGroup(), 3, { worker: 'shop/a' })
    await world.commit(limitWork('worker', 'shop/*', { maxConcurrent: 2 }))
    await world.reopen()
    expect([await starts(world), await starts(world)]).toEqual([2, 0])
  })

  it('the starts that a rule allows are counted for each worker by itself', async (world) => {
    const group = await world.addGroup()
    for (const worker of ['a', 'b']) await addTasks(world, group, 4, { worker })
    await world.commit(limitWork('worker', '*', perSecond(2)))
    expect([await starts(world), await starts(world)]).toEqual([2, 0])
    world.clock.advance(500)
    expect([await starts(world), await starts(world)]).toEqual([2, 0])
  })

  it('a rule is for workers only', async (world) => {
    const group = await world.addGroup()
    await addTasks(world, group, 3, { worker: 'w', workgroup: 'wg' })
    await world.commit(limitWork('workgroup', '*', { maxConcurrent: 1 }))
    expect((await loadGate(world, 'workgroup', 'wg')).limitsFrom).toBeNull()
    expect(await starts(world)).toBe(3)
  })
}

function describeGatesTogether(it: StorageTest): void {
  it('when one of three gates is short of room the others are not overdrawn', async (world) => {
    const group = await world.addGroup()
    for (const worker of ['a', 'b']) {
      for (const workgroup of ['x', 'y']) await addTasks(world, group, 10, { worker, workgroup })
    }
    await world.commit(
      limitWork('all', '', { maxConcurrent: 9, ...perSecond(1, 6) }),
      limitWork('worker', 'a', { maxConcurrent: 3 }),
      limitWork('workgroup', 'x', { maxConcurrent: 2 }),
    )
    const claimed = await world.claim()
    const count = (name: string) => claimed.filter(({ task }) => task.worker === name || task.workgroup === name).length
    expect(claimed).toHaveLength(6)
    expect(count('a')).toBeLessThanOrEqual(3)
    expect(count('x')).toBeLessThanOrEqual(2)
    const refs = [
      { scope: 'all', name: '' },
      { scope: 'worker', name: 'a' },
      { scope: 'worker', name: 'b' },
      { scope: 'workgroup', name: 'x' },
      { scope: 'workgroup', name: 'y' },
    ] as const
    const leases = (await world.storage.getGates(refs)).map((gate) => gate.leases)
    expect(leases).toEqual([6, count('a'), count('b'), count('x'), count('y')])
    expect(await starts(world)).toBe(0)
  })

  it('a start that one gate does not allow is not counted at the others', async (world) => {
    await addTasks(world, await world.addGroup(), 9, { worker: 'w', workgroup: 'wg' })
    await world.commit(
      limitWork('all', '', perSecond(10, 5)),
      limitWork('worker', 'w', perSecond(10, 4)),
      limitWork('workgroup', 'wg', { maxConcurrent: 1 }),
    )
    for (let n = 0; n < 4; n++) {
      const claimed = await world.claim()
      expect(claimed).toHaveLength(1)
      await finish(world, claimed)
    }
    expect(await starts(world)).toBe(0)
  })

  it('the time of the next start is that of the gate that opens last', async (world) => {
    const now = world.clock.now()
    await addTasks(world, await world.addGroup(), 2, { worker: 'w', workgroup: 'wg' })
    await world.commit(holdWork('worker', 'w', now + 100), limitWork('worker', 'w', { rampStepMs: 0 }))
    await world.commit(holdWork('workgroup', 'wg', now + 400), limitWork('workgroup', 'wg', { rampStepMs: 0 }))
    const dueAt = await dueAfterClaim(world)
    expect(dueAt).toBeGreaterThan(now)
    expect(dueAt).toBeLessThanOrEqual(now + 400)
    world.clock.set(now + 399)
    expect(await starts(world)).toBe(0)
    world.clock.set(now + 400)
    expect(await starts(world)).toBe(2)
  })

  it('a duplicate that is set aside uses nothing of a gate', async (world) => {
    const group = await world.addGroup()
    const [first, , other] = [
      await world.addTask(group, { workgroup: 'wg', key: 'k', mergeKey: 'k' }),
      await world.addTask(group, { workgroup: 'wg', key: 'k', mergeKey: 'k' }),
      await world.addTask(group, { workgroup: 'wg' }),
    ]
    await world.commit(limitWork('workgroup', 'wg', perSecond(1, 2)))
    expect(await world.claimIds()).toEqual(idsOf([first, other]))
    expect((await loadGate(world, 'workgroup', 'wg')).leases).toBe(2)
  })

  it('a duplicate that was set aside waits for its gate like any other', async (world) => {
    const group = await world.addGroup()
    const running = await world.addTask(group, { key: 'k', mergeKey: 'k' })
    const duplicate = await world.addTask(group, { workgroup: 'wg', key: 'k', mergeKey: 'k' })
    const claimed = await world.claimTask(running)
    expect(await starts(world)).toBe(0)
    await world.commit(holdWork('workgroup', 'wg', world.clock.now() + 500))
    await world.tryCommit(success(claimed))
    expect(await starts(world)).toBe(0)
    world.clock.advance(500)
    expect(await world.claimIds()).toEqual([duplicate.id])
  })
}

function describeTurnsAtGates(it: StorageTest): void {
  const claimOneByOne = async (world: StorageWorld, times: number): Promise<string[]> => {
    const groups: string[] = []
    for (let n = 0; n < times; n++) {
      const claimed = await world.claim()
      expect(claimed).toHaveLength(1)
      groups.push(String(claimed[0]?.task.groupId))
      await finish(world, claimed)
      world.clock.advance(100)
    }
    return groups
  }

  it.acrossGroups(
    'groups that wait at the gate of a workgroup take turns, however many tasks each has',
    async (world) => {
      const groups = [await world.addGroup(), await world.addGroup(), await world.addGroup()]
      await world.commit(limitWork('workgroup', 'wg', perSecond(10)))
      for (const [index, group] of groups.entries()) await addTasks(world, group, 3 * (3 - index), { workgroup: 'wg' })
      for (let round = 0; round < 3; round++) {
        expect((await claimOneByOne(world, 3)).sort()).toEqual(idsOf(groups).sort())
      }
    },
  )

  it.acrossGroups('a group that comes late waits for as many starts as there are groups', async (world) => {
    const many = await world.addGroup()
    await world.commit(limitWork('workgroup', 'wg', { maxConcurrent: 1, ...perSecond(10) }))
    await addTasks(world, many, 50, { workgroup: 'wg' })
    await claimOneByOne(world, 5)
    const late = await world.addGroup()
    await addTasks(world, late, 2, { workgroup: 'wg', worker: 'another' })
    expect((await claimOneByOne(world, 4)).filter((id) => id === late.id)).toHaveLength(2)
  })

  it('within a group that waits at a gate higher priority goes first', async (world) => {
    const group = await world.addGroup()
    await world.commit(limitWork('workgroup', 'wg', perSecond(10)))
    const low = await addTasks(world, group, 3, { workgroup: 'wg' })
    expect(await world.claimIds()).toEqual(low.slice(0, 1))
    expect(await starts(world)).toBe(0)
    const high = await addTasks(world, group, 2, { workgroup: 'wg', priority: 5 })
    const order: string[] = []
    for (let n = 0; n < 4; n++) {
      world.clock.advance(100)
      order.push(...(await world.claimIds()))
    }
    expect(order).toEqual([...high, ...low.slice(1)])
  })

  it('what a gate has room for is not kept by a worker that has none', async (world) => {
    const group = await world.addGroup()
    await world.commit(limitWork('workgroup', 'wg', { maxConcurrent: 2 }))
    const first = await addTasks(world, group, 2, { workgroup: 'wg', worker: 'full' })
    const running = await world.claim()
    expect(running.map(({ task }) => task.id).sort()).toEqual(first.toSorted())
    await addTasks(world, group, 5, { workgroup: 'wg', worker: 'full', priority: 9 })
    const free = await addTasks(world, group, 2, { workgroup: 'wg', worker: 'free' })
    expect(await starts(world)).toBe(0)
    await finish(world, running)
    const slots = new Map([['full', 0]])
    expect((await world.claimIds({ slots })).sort()).toEqual(free.toSorted())
  })

  it('the slots of a worker are not kept by tasks that wait at a gate', async (world) => {
    const group = await world.addGroup()
    await world.commit(limitWork('workgroup', 'wg', perSecond(1)))
    await addTasks(world, group, 30, { workgroup: 'wg', priority: 9 })
    const free = await addTasks(world, group, 3)
    const ids = await world.claimIds({ limit: 4, slotsPerWorker: 4 })
    expect(ids).toHaveLength(4)
    expect(ids.filter((id) => free.includes(id))).toHaveLength(3)
  })
}

function describeSharesAtGates(it: StorageTest): void {
  /** How many tasks of a claim each group had. */
  const shares = async (world: StorageWorld, groups: readonly { id: string }[], limit = 8): Promise<number[]> => {
    const claimed = await world.claim({ limit })
    return groups.map(({ id }) => claimed.filter(({ task }) => task.groupId === id).length)
  }

  it.acrossGroups('a group whose turn begins at a gate goes on with what is at none', async (world) => {
    const groups = [await world.addGroup(), await world.addGroup()] as const
    await world.commit(limitWork('workgroup', 'wg', { maxConcurrent: 1 }))
    await addTasks(world, groups[0], 2, { workgroup: 'wg' })
    for (const group of groups) await addTasks(world, group, 8)
    expect(await shares(world, groups)).toEqual([4, 4])
  })

  it.acrossGroups('a group that was called from the line of a gate goes on with what is at none', async (world) => {
    const groups = [await world.addGroup(), await world.addGroup()] as const
    await world.commit(limitWork('workgroup', 'wg', perSecond(10)))
    for (const group of groups) await addTasks(world, group, 2, { workgroup: 'wg' })
    expect(await starts(world)).toBe(1)
    for (const group of groups) await addTasks(world, group, 8)
    world.clock.advance(100)
    expect(await shares(world, groups)).toEqual([4, 4])
  })

  it.acrossGroups('groups that were called share what a gate has room for', async (world) => {
    const groups = [await world.addGroup(), await world.addGroup()] as const
    await world.commit(limitWork('workgroup', 'wg', { maxConcurrent: 0 }))
    for (const group of groups) await addTasks(world, group, 20, { workgroup: 'wg' })
    expect(await starts(world)).toBe(0)
    await world.commit(limitWork('workgroup', 'wg', { maxConcurrent: 8 }))
    expect(await shares(world, groups, 40)).toEqual([4, 4])
  })

  it.acrossGroups('a group that was called for a task that is gone keeps its turn', async (world) => {
    const groups = [await world.addGroup(), await world.addGroup()] as const
    const gone = await world.addTask(groups[0], { workgroup: 'wg' })
    await world.commit(patchTask(gone.id, { holds: Hold.paused }), holdWork('workgroup', 'wg', world.clock.now() + 500))
    expect(await starts(world)).toBe(0)
    for (const group of groups.toReversed()) await addTasks(world, group, 8)
    world.clock.advance(500)
    expect(await shares(world, groups)).toEqual([4, 4])
  })
}

function describeBystanders(it: StorageTest): void {
  const bounds: [string, (world: StorageWorld) => Promise<void>][] = [
    [
      'held',
      (world) => world.commit(...holdScopes.map((scope) => holdWork(scope, 'slow', world.clock.now() + 60_000))),
    ],
    ['full', (world) => world.commit(...holdScopes.map((scope) => limitWork(scope, 'slow', { maxConcurrent: 0 })))],
    ['spaced', (world) => world.commit(...holdScopes.map((scope) => limitWork(scope, 'slow', perSecond(1))))],
  ]
  for (const [word, bound] of bounds) {
    it(`a worker or workgroup that is ${word} delays no other`, async (world) => {
      const group = await world.addGroup()
      await addTasks(world, group, 40, { worker: 'slow', priority: 5 })
      await addTasks(world, group, 40, { workgroup: 'slow', priority: 5 })
      await bound(world)
      await starts(world)
      const quick = [
        ...(await addTasks(world, group, 3, { worker: 'quick' })),
        ...(await addTasks(world, group, 3, { workgroup: 'quick' })),
      ]
      expect((await world.claimIds({ limit: 6 })).sort()).toEqual(quick.toSorted())
    })
  }

  it('a paused group at the gate of a workgroup keeps no turn from the others', async (world) => {
    const [paused, other] = [await world.addGroup(), await world.addGroup()]
    await world.commit(limitWork('workgroup', 'wg', perSecond(10)))
    for (const group of [paused, other]) await addTasks(world, group, 5, { workgroup: 'wg' })
    await starts(world)
    await world.commit(putGroup({ ...paused, isPaused: true }))
    for (let n = 0; n < 4; n++) {
      world.clock.advance(100)
      expect((await world.claim()).map(({ task }) => task.groupId)).toEqual([other.id])
    }
    await world.commit(putGroup(paused))
    world.clock.advance(100)
    expect(await starts(world)).toBe(1)
  })
}
