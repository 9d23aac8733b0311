import { expect } from 'vitest'
import { NO_LIMITS, openGate } from '../../../server/core/gate.ts'
import { Hold } from '../../../server/core/task.ts'
import { FOREVER } from '../../../server/core/time.ts'
import type { RecordScan } from '../../../storage/task-storage.ts'
import {
  deleteGroup,
  deleteTask,
  holdWork,
  limitWork,
  paceWork,
  patchTask,
  putGroup,
  releaseWork,
} from '../../support/changes.ts'
import type { StorageTest } from '../conformance.ts'
import { addTasks, perSecond, starts } from '../gate-steps.ts'
import type { StorageWorld } from '../storage-world.ts'

/** What people look at to see why something waits: gates, workers, workgroups, the place in the queue. */
export function describeTraffic(it: StorageTest): void {
  describeGetGates(it)
  describeWorkers(it)
  describeCounts(it)
  describeLimitedNames(it)
  describeWaitingDuplicates(it)
  describeAhead(it)
  describeRecordLists(it)
}

function describeGetGates(it: StorageTest): void {
  it('gates are answered in the order asked for, also twice, and open where nobody set anything', async (world) => {
    const group = await world.addGroup()
    await addTasks(world, group, 2, { worker: 'w', workgroup: 'wg' })
    await addTasks(world, group, 1, { worker: 'v' })
    await starts(world)
    await world.commit(limitWork('workgroup', 'wg', { maxConcurrent: 5 }))
    const refs = [
      { scope: 'workgroup', name: 'wg' },
      { scope: 'worker', name: 'w' },
      { scope: 'all', name: '' },
      { scope: 'worker', name: 'wg' },
      { scope: 'workgroup', name: 'wg' },
    ] as const
    const limited = {
      ...openGate('workgroup', 'wg'),
      leases: 2,
      limits: { ...NO_LIMITS, maxConcurrent: 5 },
      limitsFrom: 'wg',
    }
    expect(await world.storage.getGates(refs)).toEqual([
      limited,
      { ...openGate('worker', 'w'), leases: 2 },
      { ...openGate('all', ''), leases: 3 },
      openGate('worker', 'wg'),
      limited,
    ])
    expect(await world.storage.getGates([])).toEqual([])
  })

  it('a gate tells all that was set about it', async (world) => {
    const now = world.clock.now()
    const pace = { intervalMs: 12.5, until: now + 1_000, laterIntervalMs: 0.1, expiresAt: now + 2_000 }
    const limits = { maxConcurrent: 3, rate: { count: 7, perMs: 2_000, burst: 4 }, rampStepMs: 250 }
    await world.commit(
      limitWork('worker', 'w', limits),
      paceWork('worker', 'w', pace),
      holdWork('worker', 'w', now + 500),
    )
    expect(await world.storage.getGates([{ scope: 'worker', name: 'w' }])).toEqual([
      {
        ...openGate('worker', 'w'),
        limits,
        limitsFrom: 'w',
        pace,
        heldUntil: now + 500,
        ramp: { from: now + 500, base: 1, isSpaced: true },
      },
    ])
    world.clock.advance(500)
    expect((await world.storage.getGates([{ scope: 'worker', name: 'w' }]))[0]?.heldUntil).toBe(0)
  })

  it('the gate of all tasks has limits and says whose they are', async (world) => {
    await world.commit(limitWork('all', '', perSecond(5)))
    const [gate] = await world.storage.getGates([{ scope: 'all', name: '' }])
    expect([gate?.limits, gate?.limitsFrom]).toEqual([{ ...NO_LIMITS, ...perSecond(5) }, ''])
  })
}

const all = { page: 1, pageSize: 0 }

function describeWorkers(it: StorageTest): void {
  it('workers are listed by name with what waits and runs', async (world) => {
    const now = world.clock.now()
    const [group, paused] = [await world.addGroup(), await world.addGroup({ isPaused: true })]
    await addTasks(world, group, 2, { worker: 'b', workgroup: 'wg' })
    await starts(world, { limit: 1 })
    await addTasks(world, group, 2, { worker: 'b' })
    await addTasks(world, group, 1, { worker: 'b', runAfter: now + 1_000 })
    await addTasks(world, group, 1, { worker: 'b', holds: Hold.complete })
    await addTasks(world, paused, 1, { worker: 'b' })
    await addTasks(world, paused, 1, { worker: 'd' })
    await addTasks(world, group, 1, { worker: 'a' })
    await world.commit(
      holdWork('worker', 'a', now + 500, 'by hand'),
      holdWork('worker', 'c', now + 700, 'rate limit'),
      holdWork('workgroup', 'wg', now + 900, 'not a worker'),
      limitWork('worker', 'e', { maxConcurrent: 1 }),
      limitWork('worker', 'e/*', { maxConcurrent: 1 }),
      limitWork('worker', '*', { maxConcurrent: 1 }),
    )
    expect(await world.storage.listWorkers(all)).toEqual({
      workers: [
        {
          name: 'a',
          heldUntil: now + 500,
          reason: 'by hand',
          waiting: 1,
          oldestDueAt: null,
          running: 0,
          total: 1,
          completed: 0,
        },
        { name: 'b', heldUntil: 0, reason: '', waiting: 3, oldestDueAt: null, running: 1, total: 7, completed: 1 },
        {
          name: 'c',
          heldUntil: now + 700,
          reason: 'rate limit',
          waiting: 0,
          oldestDueAt: null,
          running: 0,
          total: 0,
          completed: 0,
        },
        { name: 'd', heldUntil: 0, reason: '', waiting: 0, oldestDueAt: null, running: 0, total: 1, completed: 0 },
        { name: 'e', heldUntil: 0, reason: '', waiting: 0, oldestDueAt: null, running: 0, total: 0, completed: 0 },
      ],
      count: 5,
    })
  })

  it('workers are listed page by page, and one can be asked for by name', async (world) => {
    const group = await world.addGroup()
    for (const worker of ['d', 'a', 'c', 'b', 'e']) await addTasks(world, group, 1, { worker })
    const page = async (number: number) => {
      const { workers, count } = await world.storage.listWorkers({ page: number, pageSize: 2 })
      return [...workers.map(({ name }) => name), count]
    }
    expect([await page(1), await page(3), await page(4)]).toEqual([['a', 'b', 5], ['e', 5], [5]])
    expect(await world.storage.listWorkers({ ...all, name: 'c' })).toMatchObject({
      workers: [{ name: 'c', waiting: 1 }],
      count: 1,
    })
    expect(await world.storage.listWorkers({ ...all, name: 'x' })).toEqual({ workers: [], count: 0 })
  })

  it('a worker that nothing names any more is gone', async (world) => {
    const group = await world.addGroup()
    const [task, moved] = [await world.addTask(group, { worker: 'a' }), await world.addTask(group, { worker: 'b' })]
    await world.commit(holdWork('worker', 'c', FOREVER), limitWork('worker', 'd', { maxConcurrent: 1 }))
    expect((await world.storage.listWorkers(all)).count).toBe(4)
    await world.commit(
      deleteTask(task.id),
      patchTask(moved.id, { worker: 'z' }),
      releaseWork('worker', 'c'),
      limitWork('worker', 'd', null),
    )
    expect((await world.storage.listWorkers(all)).workers.map(({ name }) => name)).toEqual(['z'])
  })
}

function describeCounts(it: StorageTest): void {
  it('tasks of a name and those complete are counted wherever they go, until nothing is left of them', async (world) => {
    const { storage } = world
    const counts = async () => {
      const [{ workers }, { workgroups }] = [await storage.listWorkers(all), await storage.listWorkgroups(all)]
      return [workers, workgroups].map((rows) => rows.map((row) => `${row.name} ${row.total} ${row.completed}`))
    }
    const [group, other] = [await world.addGroup(), await world.addGroup()]
    const first = await world.addTask(group, { worker: 'a', workgroup: 'x' })
    await world.claimTask(first)
    await addTasks(world, other, 2, { worker: 'a', holds: Hold.complete })
    const last = await world.addTask(group, { worker: 'b', workgroup: 'x', holds: Hold.exhausted })
    expect(await counts()).toEqual([['a 3 2', 'b 1 0'], ['x 2 0']])
    await world.commit(patchTask(first.id, { holds: Hold.complete }, 'settle'))
    expect(await counts()).toEqual([['a 3 3', 'b 1 0'], ['x 2 1']])
    await world.commit(patchTask(first.id, { worker: 'b', workgroup: 'y' }))
    expect(await counts()).toEqual([
      ['a 2 2', 'b 2 1'],
      ['x 1 0', 'y 1 1'],
    ])
    await world.commit(patchTask(first.id, { holds: 0 }), patchTask(last.id, { holds: Hold.complete }))
    expect(await counts()).toEqual([
      ['a 2 2', 'b 2 1'],
      ['x 1 1', 'y 1 0'],
    ])
    await world.commit(deleteGroup(other.id))
    await world.commit(deleteTask(last.id))
    expect(await counts()).toEqual([['b 1 0'], ['y 1 0']])
    await world.commit(deleteGroup(group.id))
    expect(await counts()).toEqual([[], []])
  })
}

function describeLimitedNames(it: StorageTest): void {
  it('a workgroup that only limits name is listed', async (world) => {
    await world.commit(
      limitWork('workgroup', 'b', { maxConcurrent: 1 }),
      limitWork('workgroup', 'a', { maxConcurrent: 1 }),
    )
    await world.commit(
      limitWork('workgroup', 'a', null),
      limitWork('worker', 'w', { maxConcurrent: 1 }),
      limitWork('all', '', { maxConcurrent: 1 }),
    )
    expect(await world.storage.listWorkgroups(all)).toEqual({
      workgroups: [
        { name: 'b', heldUntil: 0, reason: '', waiting: 0, oldestDueAt: null, running: 0, total: 0, completed: 0 },
      ],
      count: 1,
    })
    expect((await world.storage.listWorkgroups({ ...all, name: 'b' })).count).toBe(1)
  })

  it('lists tell since when the first task that waits has been due, of those that have a time of their own', async (world) => {
    const now = world.clock.now()
    const [group, paused] = [await world.addGroup(), await world.addGroup({ isPaused: true })]
    const fields = { worker: 'w', workgroup: 'wg' }
    await addTasks(world, paused, 1, { ...fields, runAfter: now - 9_000 })
    await addTasks(world, group, 1, { ...fields, runAfter: now - 8_000, holds: Hold.paused })
    await addTasks(world, group, 1, fields)
    await addTasks(world, group, 1, { ...fields, runAfter: now + 1_000 })
    const oldest = async () => (await world.storage.listWorkers(all)).workers.map(({ oldestDueAt }) => oldestDueAt)
    expect(await oldest()).toEqual([null])
    await addTasks(world, group, 1, { ...fields, runAfter: now - 50 })
    await addTasks(world, group, 1, { ...fields, runAfter: now - 70, priority: 1 })
    expect(await oldest()).toEqual([now - 70])
    const { workgroups } = await world.storage.listWorkgroups(all)
    expect(workgroups).toMatchObject([{ name: 'wg', waiting: 3, oldestDueAt: now - 70 }])
  })

  it('what waits at a gate waits in the lists', async (world) => {
    await addTasks(world, await world.addGroup(), 5, { worker: 'w', workgroup: 'wg' })
    await world.commit(limitWork('workgroup', 'wg', { maxConcurrent: 2 }))
    await starts(world)
    const row = { heldUntil: 0, reason: '', waiting: 3, oldestDueAt: null, running: 2, total: 5, completed: 0 }
    expect((await world.storage.listWorkgroups(all)).workgroups).toEqual([{ name: 'wg', ...row }])
    expect((await world.storage.listWorkers(all)).workers).toEqual([{ name: 'w', ...row }])
  })
}

function describeWaitingDuplicates(it: StorageTest): void {
  it('a duplicate of a running task waits in the lists, whether a claim met it or not', async (world) => {
    const group = await world.addGroup()
    const keyed = { worker: 'w', workgroup: 'wg', key: 'k', mergeKey: 'k' }
    await addTasks(world, group, 3, keyed)
    expect(await starts(world, { limit: 1 })).toBe(1)
    const row = { heldUntil: 0, reason: '', waiting: 2, oldestDueAt: null, running: 1, total: 3, completed: 0 }
    for (let n = 0; n < 2; n++) {
      expect((await world.storage.listWorkgroups(all)).workgroups).toEqual([{ name: 'wg', ...row }])
      expect((await world.storage.listWorkers(all)).workers).toEqual([{ name: 'w', ...row }])
      expect(await starts(world)).toBe(0)
    }
  })
}

function describeAhead(it: StorageTest): void {
  it('what comes before a task is of its group and worker, by priority, time and age', async (world) => {
    const now = world.clock.now()
    const [group, other] = [await world.addGroup(), await world.addGroup()]
    const add = async (fields: object) => (await world.addTask(group, fields)).id
    const first = await add({ runAfter: now - 10 })
    const second = await add({ runAfter: now - 10 })
    const ungrouped = await add({ runAfter: now - 30, workgroup: 'wg' })
    const urgent = await add({ priority: 1 })
    const idle = await add({ priority: -1 })
    await add({ worker: 'another', priority: 9 })
    await add({ priority: 9, runAfter: now + 1 })
    await add({ priority: 9, holds: Hold.paused })
    await add({ priority: 9, parentIds: [first] })
    await world.addTask(other, { priority: 9 })
    const ahead = await Promise.all([urgent, ungrouped, first, second, idle].map((id) => world.storage.countAhead(id)))
    expect(ahead).toEqual([0, 1, 2, 3, 4])
  })

  it('nothing is ahead of a task that cannot be claimed itself', async (world) => {
    const [group, paused] = [await world.addGroup(), await world.addGroup()]
    await addTasks(world, group, 2, { priority: 5 })
    await addTasks(world, paused, 2, { priority: 5 })
    const parent = await world.addTask(group, { holds: Hold.paused, priority: 9 })
    const tasks = [
      parent,
      await world.addTask(group, { runAfter: world.clock.now() + 5 }),
      await world.addTask(group, { parentIds: [parent.id] }),
      await world.addTask(group, { holds: Hold.complete }),
      await world.addTask(paused),
    ]
    await world.commit(putGroup({ ...paused, isPaused: true }))
    const counts = await Promise.all([...tasks, { id: 'nobody' }].map(({ id }) => world.storage.countAhead(id)))
    expect(counts).toEqual([0, 0, 0, 0, 0, 0])
  })

  it('duplicates of a running task are not ahead of others, whether a claim met them or not', async (world) => {
    const group = await world.addGroup()
    const keyed = { key: 'k', mergeKey: 'k' }
    const running = await world.addTask(group, { ...keyed, worker: 'another' })
    await world.claimTask(running)
    await addTasks(world, group, 2, { ...keyed, priority: 5 })
    await addTasks(world, group, 2, { priority: 1 })
    const last = await world.addTask(group)
    const duplicate = await world.addTask(group, keyed)
    const counts = async () => [await world.storage.countAhead(last.id), await world.storage.countAhead(duplicate.id)]
    expect(await counts()).toEqual([2, 0])
    await starts(world, { limit: 1 })
    expect(await counts()).toEqual([1, 0])
    await world.commit(patchTask(running.id, { holds: Hold.complete }, 'settle'))
    expect(await counts()).toEqual([3, 4])
  })

  it('gates are left aside when the place of a task is counted', async (world) => {
    const ids = await addTasks(world, await world.addGroup(), 5, { workgroup: 'wg' })
    await world.commit(holdWork('workgroup', 'wg', FOREVER), limitWork('all', '', { maxConcurrent: 0 }))
    await starts(world)
    expect(await Promise.all(ids.map((id) => world.storage.countAhead(id)))).toEqual([0, 1, 2, 3, 4])
  })
}

function describeRecordLists(it: StorageTest): void {
  const keysOf = async (world: StorageWorld, kind: string, page = 1, pageSize = 0) => {
    const { records, count } = await world.storage.listRecords(kind, { page, pageSize })
    return [...records.map(({ key }) => key), count]
  }

  it('records of a kind are listed by key, page by page', async (world) => {
    const { storage } = world
    for (const name of ['b', 'shop/*', 'a', 'd', 'c']) await storage.putRecord(`worker/${name}`, `of ${name}`)
    await storage.putRecord('workers/x', 'another kind')
    await storage.putRecord('worker', 'no kind')
    await storage.putRecord('schedule/a', 'another kind')
    const names = ['a', 'b', 'c', 'd', 'shop/*']
    expect(await storage.listRecords('worker', all)).toEqual({
      records: names.map((name) => ({ key: `worker/${name}`, value: `of ${name}` })),
      count: 5,
    })
    expect(await keysOf(world, 'worker', 2, 2)).toEqual(['worker/c', 'worker/d', 5])
    expect(await keysOf(world, 'worker', 4, 2)).toEqual([5])
    expect(await keysOf(world, 'nothing')).toEqual([0])
  })

  it('a record that is replaced is listed once, one that is deleted no more', async (world) => {
    const { storage } = world
    await storage.putRecord('worker/a', 'old')
    await storage.putRecord('worker/a', 'new')
    await storage.putRecord('worker/b', 'gone')
    await storage.putRecord('worker/b', null)
    expect(await storage.listRecords('worker', all)).toEqual({
      records: [{ key: 'worker/a', value: 'new' }],
      count: 1,
    })
  })

  it('a scan tells every record that is there, those without a kind and those that expire as well', async (world) => {
    const { storage, clock } = world
    const until = clock.now() + 60_000
    for (let made = 0; made < 700; made++) await storage.putRecord(`worker/${made}`, `of ${made}`)
    await storage.putRecord('single', 'no kind')
    await storage.putRecord('session/a', 'for a while', until)
    await storage.putRecord('session/b', 'over', clock.now() - 1)
    const found = new Map<string, unknown>()
    for (let cursor: string | null = null, isOver = false; !isOver; ) {
      const { records, next }: RecordScan = await storage.scanRecords(cursor)
      for (const { key, ...record } of records) found.set(key, record)
      isOver = next === null
      cursor = next
    }
    expect(found.size).toBe(702)
    expect(found.get('worker/699')).toEqual({ value: 'of 699', expiresAt: 0 })
    expect(found.get('single')).toEqual({ value: 'no kind', expiresAt: 0 })
    expect(found.get('session/a')).toEqual({ value: 'for a while', expiresAt: until })
  })

  it('records that expire are not listed', async (world) => {
    const { storage, clock } = world
    await storage.putRecord('worker/a', 'for ever')
    await storage.putRecord('worker/b', 'for a while', clock.now() + 1_000)
    await storage.putRecord('worker/c', 'for a while', clock.now() + 1_000)
    await storage.putRecord('worker/c', 'for ever after all')
    await storage.putRecord('worker/d', 'for ever')
    await storage.putRecord('worker/d', 'for a while after all', clock.now() + 1_000)
    expect(await keysOf(world, 'worker')).toEqual(['worker/a', 'worker/c', 2])
    clock.advance(2_000)
    expect(await keysOf(world, 'worker')).toEqual(['worker/a', 'worker/c', 2])
  })
}
