import { expect } from 'vitest'
import { Hold, type Task } from '../../../server/core/task.ts'
import type { TaskGroup } from '../../../server/core/task-group.ts'
import type { ClaimedTask } from '../../../storage/task-storage.ts'
import { completion, holdWork, insertTask, patchTask, putGroup, success } from '../../support/changes.ts'
import type { StorageTest } from '../conformance.ts'
import { idsOf, LEASE_MS, type StorageWorld, sortedIds } from '../storage-world.ts'

/** What can be claimed, by whom, and in what order. */
export function describeClaims(it: StorageTest): void {
  describeLeasing(it)
  describeClaimable(it)
  describeLimits(it)
  describeOrder(it)
  describeTurns(it)
  describeNextDue(it)
}

function describeLeasing(it: StorageTest): void {
  it('an empty store has nothing to claim', async (world) => {
    const request = {
      limit: 10,
      slots: new Map(),
      slotsPerWorker: 10,
      maxLeasesPerWorker: 1_000,
      until: world.clock.now() + LEASE_MS,
    }
    expect(await world.storage.claim(request)).toEqual({ tasks: [], nextDueAt: null })
  })

  it('a claim leases the task and counts the attempt, and an edit of before meets a newer version', async (world) => {
    const task = await world.addTask(await world.addGroup(), { attempts: 3, version: 8 })
    world.clock.advance(500)
    const now = world.clock.now()
    const claimed = await world.claimTask(task)
    const lease = { token: claimed.token, holder: world.bootId, startedAt: now, until: now + LEASE_MS }
    const leased = { ...task, version: 9, attempts: 4, lease }
    expect(claimed).toEqual({ task: leased, token: claimed.token, parents: [], isProbe: false })
    expect(await world.load(task)).toEqual(claimed.task)
  })

  it('a task is claimed once', async (world) => {
    const task = await world.addTask(await world.addGroup())
    expect(await world.claimIds()).toEqual([task.id])
    expect(await world.claimIds()).toEqual([])
  })

  it('claims made at the same time share nothing', async (world) => {
    const group = await world.addGroup()
    const tasks = Array.from({ length: 60 }, () => world.task({ groupId: group.id }))
    await world.commit(...tasks.map(insertTask))
    const claims = await Promise.all(Array.from({ length: 10 }, () => world.claimIds({ limit: 7 })))
    expect(claims.flat().sort()).toEqual(sortedIds(tasks))
  })

  it('every claim has a token of its own, long enough not to be guessed', async (world) => {
    const group = await world.addGroup()
    const tasks = Array.from({ length: 50 }, () => world.task({ groupId: group.id }))
    await world.commit(...tasks.map(insertTask))
    const tokens = new Set<string>()
    for (let round = 0; round < 3; round++) {
      const claimed = await world.claim()
      for (const { token } of claimed) tokens.add(token)
      await world.commit(...tasks.map(({ id }) => patchTask(id, {}, 'settle')))
    }
    expect(tokens.size).toBe(150)
  })

  it('a claim brings the results of the parents in the order of parentIds', async (world) => {
    const group = await world.addGroup()
    const done = { holds: Hold.complete }
    const a = await world.addTask(group, { ...done, worker: 'a', input: '1', output: '"A"' })
    const b = await world.addTask(group, {
      ...done,
      worker: 'b',
      input: '2',
      output: JSON.stringify('B'.repeat(9_000)),
    })
    const c = await world.addTask(group, { ...done, worker: 'c', input: '[]', output: 'null' })
    await world.commit(patchTask(a.id, { output: '"A, edited"' }))
    const child = await world.addTask(group, { parentIds: [c.id, a.id, b.id] })
    const { parents } = await world.claimTask(child)
    expect(parents).toEqual([
      { taskId: c.id, worker: 'c', input: '[]', output: 'null' },
      { taskId: a.id, worker: 'a', input: '1', output: '"A, edited"' },
      { taskId: b.id, worker: 'b', input: '2', output: b.output },
    ])
  })

  it('siblings claimed together each bring their parents', async (world) => {
    const group = await world.addGroup()
    const parent = await world.addTask(group, { holds: Hold.complete, output: '7' })
    const other = await world.addTask(group, { holds: Hold.complete, output: '8' })
    const both = await world.addTask(group, { parentIds: [parent.id, other.id] })
    const one = await world.addTask(group, { parentIds: [parent.id] })
    const claimed = await world.claim()
    const outputs = claimed.map(({ task, parents }) => [task.id, parents.map(({ output }) => output).join()])
    expect(outputs).toEqual([
      [both.id, '7,8'],
      [one.id, '7'],
    ])
  })
}

function describeClaimable(it: StorageTest): void {
  const held: [string, (world: StorageWorld, group: TaskGroup) => Promise<Partial<Task>>][] = [
    ['paused', async () => ({ holds: Hold.paused })],
    ['complete', async () => ({ holds: Hold.complete })],
    ['out of attempts', async () => ({ holds: Hold.exhausted })],
    ['held for a reason the engine does not know', async () => ({ holds: 64 })],
    ['not due', async (world) => ({ runAfter: world.clock.now() + 1 })],
    [
      'waiting for a parent',
      async (world, group) => ({ parentIds: [(await world.addTask(group, { holds: Hold.paused })).id] }),
    ],
  ]
  for (const [reason, fieldsOf] of held) {
    it(`a task that is ${reason} is not claimed while others are`, async (world) => {
      const group = await world.addGroup()
      const task = await world.addTask(group, await fieldsOf(world, group))
      const other = await world.addTask(group)
      expect(await world.claimIds()).toEqual([other.id])
      expect((await world.load(task)).lease).toBeNull()
    })
  }

  it('a task is due at the very moment of its runAfter', async (world) => {
    const group = await world.addGroup()
    const task = await world.addTask(group, { runAfter: world.clock.now() + 1_000 })
    world.clock.advance(999)
    expect(await world.claimIds()).toEqual([])
    world.clock.advance(1)
    expect(await world.claimIds()).toEqual([task.id])
  })

  it('a clock that goes back starts nothing early and loses nothing', async (world) => {
    const start = world.clock.now()
    const group = await world.addGroup()
    const scheduled = await world.addTask(group, { runAfter: start + 5_000 })
    const held = await world.addTask(group, { workgroup: 'held' })
    await world.commit(holdWork('workgroup', 'held', start + 5_000))
    world.clock.set(start + 3_600_000)
    expect(await world.claimIds({ slotsPerWorker: 0 })).toEqual([])
    world.clock.set(start)
    expect(await world.claimIds()).toEqual([])
    world.clock.set(start + 5_000)
    expect((await world.claimIds()).sort()).toEqual(sortedIds([scheduled, held]))
  })

  it('a task that was claimable is not after an edit that holds it', async (world) => {
    const group = await world.addGroup()
    const tasks = [await world.addTask(group), await world.addTask(group), await world.addTask(group)]
    const [paused, later] = tasks.map(({ id }) => id)
    await world.commit(
      patchTask(String(paused), { holds: Hold.paused }),
      patchTask(String(later), { runAfter: world.clock.now() + 1_000 }),
    )
    expect(await world.claimIds()).toEqual([tasks[2]?.id])
    await world.commit(patchTask(String(paused), { holds: 0 }), patchTask(String(later), { runAfter: 0 }))
    expect((await world.claimIds()).sort()).toEqual([paused, later].sort())
  })
}

function describeLimits(it: StorageTest): void {
  it('a claim takes no more than its limit', async (world) => {
    const group = await world.addGroup()
    const tasks = [await world.addTask(group), await world.addTask(group), await world.addTask(group, { worker: 'b' })]
    const sizes = [
      await world.claimIds({ limit: 0 }),
      await world.claimIds({ limit: 2 }),
      await world.claimIds({ limit: 2 }),
    ]
    expect(sizes.map((ids) => ids.length)).toEqual([0, 2, 1])
    expect(sizes.flat().sort()).toEqual(sortedIds(tasks))
  })

  it('each worker gets no more than its slots', async (world) => {
    const group = await world.addGroup()
    for (const worker of ['a', 'b', 'c']) {
      for (let n = 0; n < 4; n++) await world.addTask(group, { worker })
    }
    const slots = new Map([
      ['a', 1],
      ['b', 0],
    ])
    const workers = (await world.claim({ slots, slotsPerWorker: 2 })).map(({ task }) => task.worker)
    expect(workers.sort()).toEqual(['a', 'c', 'c'])
  })

  it('a claim for a few workers looks at no other, however many have something', async (world) => {
    const group = await world.addGroup()
    for (let n = 0; n < 600; n++) await world.addTask(group, { worker: `other-${n}` })
    const tasks = [await world.addTask(group, { worker: 'a' }), await world.addTask(group, { worker: 'b' })]
    const slots = new Map([
      ['a', 2],
      ['b', 1],
      ['nobody', 5],
    ])
    expect((await world.claimIds({ slots, slotsPerWorker: 0 })).sort()).toEqual(tasks.map(({ id }) => id).sort())
  })

  it('a worker without slots holds up nobody else', async (world) => {
    const group = await world.addGroup()
    for (let n = 0; n < 40; n++) await world.addTask(group, { worker: 'full', priority: 9 })
    const task = await world.addTask(group, { worker: 'free' })
    const slots = new Map([['full', 0]])
    expect(await world.claimIds({ limit: 3, slots, slotsPerWorker: 5 })).toEqual([task.id])
    expect(await world.claimIds({ limit: 3, slots, slotsPerWorker: 5 })).toEqual([])
    expect(await world.claimIds({ limit: 3 })).toHaveLength(3)
  })

  it('a worker has no more leases at once than it may have, whoever took them', async (world) => {
    const group = await world.addGroup()
    for (const worker of ['a', 'a', 'a', 'a', 'b', 'b']) await world.addTask(group, { worker })
    const workersOf = (claimed: readonly ClaimedTask[]) => claimed.map(({ task }) => task.worker).sort()
    const first = await world.claim({ maxLeasesPerWorker: 3 })
    expect(workersOf(first)).toEqual(['a', 'a', 'a', 'b', 'b'])
    expect(await world.claim({ maxLeasesPerWorker: 3 })).toEqual([])
    const [own, other] = first.filter(({ task }) => task.worker === 'a')
    await world.commit({ kind: 'deleteTask', taskId: String(own?.task.id) })
    expect(workersOf(await world.claim({ maxLeasesPerWorker: 3 }))).toEqual(['a'])
    const task = await world.addTask(group, { worker: 'a' })
    expect(await world.claim({ maxLeasesPerWorker: 3 })).toEqual([])
    await world.commit(patchTask(String(other?.task.id), { holds: Hold.complete }, 'settle'))
    expect(await world.claimIds({ maxLeasesPerWorker: 3 })).toEqual([task.id])
  })

  // Where groups are apart a lease is counted for the worker it was taken for (and nobody edits the worker of a running task).
  it.acrossGroups('a lease is counted for the worker that its task has now', async (world) => {
    const group = await world.addGroup()
    const task = await world.addTask(group, { worker: 'a' })
    await world.claimTask(task)
    const waiting = await world.addTask(group, { worker: 'a' })
    expect(await world.claim({ maxLeasesPerWorker: 1 })).toEqual([])
    await world.commit(patchTask(task.id, { worker: 'b' }))
    expect(await world.claimIds({ maxLeasesPerWorker: 1 })).toEqual([waiting.id])
  })

  it('leases of a group that is deleted are none of its worker any more', async (world) => {
    const [gone, left] = [await world.addGroup(), await world.addGroup()]
    await world.addTask(gone, { worker: 'a' })
    await world.claim()
    const task = await world.addTask(left, { worker: 'a' })
    expect(await world.claimIds({ maxLeasesPerWorker: 1 })).toEqual([])
    await world.commit({ kind: 'deleteGroup', groupId: gone.id })
    expect(await world.claimIds({ maxLeasesPerWorker: 1 })).toEqual([task.id])
  })

  it.durable('a store opened again knows the leases of a worker', async (world) => {
    const group = await world.addGroup()
    await world.addTask(group, { worker: 'a' })
    await world.claim()
    await world.addTask(group, { worker: 'a' })
    await world.reopen(world.bootId)
    expect(await world.claimIds({ maxLeasesPerWorker: 1 })).toEqual([])
    expect(await world.claimIds({ maxLeasesPerWorker: 2 })).toHaveLength(1)
  })

  it('what was passed over for want of slots is claimed when there are some', async (world) => {
    const group = await world.addGroup()
    const tasks = [await world.addTask(group), await world.addTask(group)]
    expect(await world.claimIds({ slotsPerWorker: 0 })).toEqual([])
    expect(await world.claimIds({ slotsPerWorker: 1 })).toEqual([tasks[0]?.id])
    expect(await world.claimIds({ slotsPerWorker: 1 })).toEqual([tasks[1]?.id])
  })
}

function describeOrder(it: StorageTest): void {
  it('higher priority first, then earlier runAfter, then earlier created', async (world) => {
    const group = await world.addGroup()
    const now = world.clock.now()
    const add = (priority: number, runAfter: number) => world.addTask(group, { priority, runAfter })
    const low = await add(-5, 0)
    const [second, third] = [await add(0, now - 10), await add(0, now - 10)]
    const first = await add(0, now - 20)
    const high = await add(7, now)
    const unset = await add(0, 0)
    expect(await world.claimIds()).toEqual(idsOf([high, unset, first, second, third, low]))
  })

  it('the order is the same when tasks are claimed one by one', async (world) => {
    const group = await world.addGroup()
    const tasks: Task[] = []
    for (let n = 0; n < 12; n++) tasks.push(await world.addTask(group, { priority: n % 3, runAfter: (n * 7) % 4 }))
    const inOrder = tasks.toSorted(
      (a, b) => b.priority - a.priority || a.runAfter - b.runAfter || a.createdAt - b.createdAt,
    )
    const claimed: string[] = []
    for (const _ of tasks) claimed.push(...(await world.claimIds({ limit: 1 })))
    expect(claimed).toEqual(idsOf(inOrder))
  })

  it('a task of higher priority that falls due goes ahead of those that waited', async (world) => {
    const group = await world.addGroup()
    const waiting = [await world.addTask(group), await world.addTask(group)]
    const urgent = await world.addTask(group, { priority: 1, runAfter: world.clock.now() + 1_000 })
    expect(await world.claimIds({ limit: 1 })).toEqual([waiting[0]?.id])
    world.clock.advance(1_000)
    expect(await world.claimIds()).toEqual([urgent.id, waiting[1]?.id])
  })

  it('edits and delays change the order', async (world) => {
    const group = await world.addGroup()
    const [one, two, three] = [await world.addTask(group), await world.addTask(group), await world.addTask(group)]
    await world.commit(patchTask(two.id, { priority: 3 }), patchTask(one.id, { runAfter: world.clock.now() }))
    expect(await world.claimIds()).toEqual(idsOf([two, three, one]))
  })

  it('a task that is freed late takes its place in the order', async (world) => {
    const group = await world.addGroup()
    const parent = await world.addTask(group, { worker: 'other' })
    const early = await world.addTask(group, { parentIds: [parent.id] })
    const late = await world.addTask(group)
    await world.commit(...completion(parent.id))
    expect(await world.claimIds()).toEqual(idsOf([early, late]))
  })

  it('the order holds over workgroups', async (world) => {
    const group = await world.addGroup()
    const tasks: Task[] = []
    for (let n = 0; n < 9; n++) tasks.push(await world.addTask(group, { workgroup: ['', 'a', 'b'][n % 3] ?? '' }))
    expect(await world.claimIds()).toEqual(idsOf(tasks))
  })
}

function describeTurns(it: StorageTest): void {
  it('groups take turns within a claim, whatever their priorities', async (world) => {
    const [one, two] = [await world.addGroup(), await world.addGroup()]
    for (let n = 0; n < 6; n++) await world.addTask(one, { priority: 100 })
    for (let n = 0; n < 6; n++) await world.addTask(two)
    const groups = (await world.claim({ limit: 6 })).map(({ task }) => task.groupId)
    expect(groups.filter((id) => id === one.id)).toHaveLength(3)
    expect(groups.filter((id) => id === two.id)).toHaveLength(3)
  })

  it('a group that has nothing left takes no turn away from another', async (world) => {
    const [done, one, two] = [await world.addGroup(), await world.addGroup(), await world.addGroup()]
    await world.addTask(done)
    await world.claim({ limit: 1 })
    for (const group of [one, two]) for (let n = 0; n < 6; n++) await world.addTask(group)
    const groups = (await world.claim({ limit: 6 })).map(({ task }) => task.groupId)
    expect(groups.filter((id) => id === one.id)).toHaveLength(3)
    expect(groups.filter((id) => id === two.id)).toHaveLength(3)
  })

  it('groups take turns over claims of one', async (world) => {
    const groups = [await world.addGroup(), await world.addGroup(), await world.addGroup()]
    for (const group of groups) for (let n = 0; n < 5; n++) await world.addTask(group)
    for (let round = 0; round < 4; round++) {
      const turns: string[] = []
      for (const _ of groups) turns.push(...(await world.claim({ limit: 1 })).map(({ task }) => task.groupId))
      expect(turns.sort()).toEqual(sortedIds(groups))
    }
  })

  it('a group of one does not wait behind a group of many', async (world) => {
    const [many, one] = [await world.addGroup(), await world.addGroup()]
    await world.commit(
      ...Array.from({ length: 2_000 }, () => insertTask(world.task({ groupId: many.id, priority: 5 }))),
    )
    await world.claim({ limit: 10 })
    const late = await world.addTask(one)
    expect(await world.claimIds({ limit: 2 })).toContain(late.id)
  })

  it('turns are taken worker by worker', async (world) => {
    const [one, two] = [await world.addGroup(), await world.addGroup()]
    for (const group of [one, two]) {
      for (const worker of ['a', 'b']) for (let n = 0; n < 4; n++) await world.addTask(group, { worker })
    }
    const turns = (await world.claim({ slotsPerWorker: 2 })).map(({ task }) => `${task.worker} ${task.groupId}`)
    expect(turns.sort()).toEqual([`a ${one.id}`, `a ${two.id}`, `b ${one.id}`, `b ${two.id}`])
  })

  it('a group that has nothing to claim gives its turn away', async (world) => {
    const [busy, paused, empty] = [
      await world.addGroup(),
      await world.addGroup({ isPaused: true }),
      await world.addGroup(),
    ]
    const tasks = [await world.addTask(busy), await world.addTask(busy), await world.addTask(busy)]
    await world.addTask(paused)
    await world.addTask(empty, { runAfter: world.clock.now() + 1 })
    expect(await world.claimIds({ limit: 3 })).toEqual(idsOf(tasks))
  })
}

function describeNextDue(it: StorageTest): void {
  const nextDueAt = async (world: StorageWorld): Promise<number | null> => {
    const request = {
      limit: 10,
      slots: new Map(),
      slotsPerWorker: 10,
      maxLeasesPerWorker: 1_000,
      until: world.clock.now() + LEASE_MS,
    }
    return (await world.storage.claim(request)).nextDueAt
  }

  it('nextDueAt names the earliest task that waits for its time', async (world) => {
    const group = await world.addGroup()
    const now = world.clock.now()
    await world.addTask(group, { runAfter: now + 9_000, priority: 3 })
    expect(await nextDueAt(world)).toBe(now + 9_000)
    await world.addTask(group, { runAfter: now + 4_000 })
    expect(await nextDueAt(world)).toBe(now + 4_000)
    world.clock.advance(4_000)
    expect(await nextDueAt(world)).toBe(now + 9_000)
    world.clock.advance(5_000)
    expect(await nextDueAt(world)).toBeNull()
  })

  it('nextDueAt is not later than the retry that a result just set', async (world) => {
    const task = await world.addTask(await world.addGroup())
    const claimed = await world.claimTask(task)
    const retryAt = world.clock.now() + 250
    await world.tryCommit({ ...success(claimed), changes: [patchTask(task.id, { runAfter: retryAt }, 'settle')] })
    expect(await nextDueAt(world)).toBe(retryAt)
  })

  it('nextDueAt is not later than the end of a hold that tasks wait for', async (world) => {
    const until = world.clock.now() + 700
    const task = await world.addTask(await world.addGroup(), { workgroup: 'held' })
    await world.commit(holdWork('workgroup', 'held', until))
    const dueAt = await nextDueAt(world)
    expect(dueAt).not.toBeNull()
    expect(dueAt).toBeLessThanOrEqual(until)
    world.clock.set(until)
    expect(await world.claimIds()).toEqual([task.id])
  })

  it('nextDueAt follows a task that is brought forward', async (world) => {
    const group = await world.addGroup()
    const now = world.clock.now()
    const task = await world.addTask(group, { runAfter: now + 9_000 })
    await nextDueAt(world)
    await world.commit(patchTask(task.id, { runAfter: now + 100 }))
    expect(await nextDueAt(world)).toBe(now + 100)
  })

  it('nothing is missed when a paused group resumes after its tasks fell due', async (world) => {
    const group = await world.addGroup({ isPaused: true })
    const task = await world.addTask(group, { runAfter: world.clock.now() + 100 })
    await nextDueAt(world)
    world.clock.advance(200)
    await nextDueAt(world)
    await world.commit(putGroup({ ...group, isPaused: false }))
    expect(await world.claimIds()).toEqual([task.id])
  })
}
