import { expect } from 'vitest'
import type { CrewEvent } from '../../../server/core/change-set.ts'
import { Hold } from '../../../server/core/task.ts'
import { addAttempt, changeSet, deleteTask, insertTask, patchTask, success } from '../../support/changes.ts'
import { makeAttempt } from '../../support/make.ts'
import type { StorageTest } from '../conformance.ts'
import type { StorageWorld } from '../storage-world.ts'

/** Attempts, records, finished groups and events. */
export function describeKeeping(it: StorageTest): void {
  it('a store tells what it takes, or that it cannot', async (world) => {
    const before = await world.storage.sizeInBytes()
    if (before === null) return expect(world.storage.durability.survives).toBe('none')
    expect(before).toBeGreaterThan(1000)
    const input = JSON.stringify('x'.repeat(5_000_000))
    await world.addTask(await world.addGroup(), { input })
    // What others keep in the same database comes and goes meanwhile, by much less.
    expect(Number(await world.storage.sizeInBytes()) - before).toBeGreaterThan(3_000_000)
  })

  describeAttempts(it)
  describeFinishedGroups(it)
  describeFailedGroups(it)
  describeRoom(it)
  describeRecords(it)
  describeEvents(it)
}

function describeAttempts(it: StorageTest): void {
  it('attempts come back newest first, with every field', async (world) => {
    const task = await world.addTask(await world.addGroup())
    const won = makeAttempt({ number: 2 })
    const lost = makeAttempt({
      number: 1,
      outcome: 'timeout',
      statusCode: null,
      bytes: 0,
      error: 'too "slow" \u0000é',
      retryAt: 5,
    })
    await world.commit(addAttempt(task.id, lost), addAttempt(task.id, won))
    expect(await world.storage.listAttempts(task.id)).toEqual([won, lost])
    expect(await world.storage.listAttempts('nobody')).toEqual([])
  })

  it('the newest fifty are kept', async (world) => {
    const group = await world.addGroup()
    const [busy, other] = [await world.addTask(group), await world.addTask(group)]
    await world.commit(addAttempt(other.id, makeAttempt()))
    for (let number = 1; number <= 53; number++) await world.commit(addAttempt(busy.id, makeAttempt({ number })))
    await world.commit(...[54, 55, 56].map((number) => addAttempt(busy.id, makeAttempt({ number }))))
    const numbers = (await world.storage.listAttempts(busy.id)).map(({ number }) => number)
    expect(numbers).toEqual(Array.from({ length: 50 }, (_, n) => 56 - n))
    expect(await world.storage.listAttempts(other.id)).toHaveLength(1)
  })

  it('attempts of a reset task that count from one again stay in the order they came', async (world) => {
    const task = await world.addTask(await world.addGroup())
    for (const number of [1, 2, 3, 1, 2]) await world.commit(addAttempt(task.id, makeAttempt({ number })))
    const numbers = (await world.storage.listAttempts(task.id)).map(({ number }) => number)
    expect(numbers).toEqual([2, 1, 3, 2, 1])
  })
}

function describeFinishedGroups(it: StorageTest): void {
  it('a group is finished when the last of its tasks completes', async (world) => {
    const group = await world.addGroup()
    const [one, two] = [await world.addTask(group), await world.addTask(group, { worker: 'other' })]
    const finishedBefore = (before: number) => world.listEnded('succeeded', { before })
    await world.complete(one)
    world.clock.advance(1_000)
    await world.commit(patchTask(two.id, { holds: Hold.complete }, 'settle'))
    const finishedAt = world.clock.now()
    world.clock.advance(1_000)
    expect(await finishedBefore(finishedAt)).toEqual([])
    expect(await finishedBefore(finishedAt + 1)).toEqual([group.id])
  })

  it('empty, failed and waiting groups are not finished', async (world) => {
    await world.addGroup()
    for (const holds of [0, Hold.paused, Hold.exhausted]) {
      const group = await world.addGroup()
      await world.addTask(group, { holds: Hold.complete })
      await world.addTask(group, { holds })
    }
    expect(await world.listEnded('succeeded', { before: world.clock.now() + 1_000 })).toEqual([])
  })

  it('a finished group that gets work again is not finished', async (world) => {
    const [group, reset] = [await world.addGroup(), await world.addGroup()]
    await world.addTask(group, { holds: Hold.complete })
    const again = await world.addTask(reset, { holds: Hold.complete })
    const finished = () => world.listEnded('succeeded')
    expect((await finished()).sort()).toEqual([group.id, reset.id].sort())
    await world.addTask(group)
    await world.commit(patchTask(again.id, { holds: 0 }))
    expect(await finished()).toEqual([])
  })

  it('a group that was finished again counts from the later time', async (world) => {
    const group = await world.addGroup()
    const task = await world.addTask(group, { holds: Hold.complete })
    const first = world.clock.now()
    world.clock.advance(1_000)
    await world.commit(patchTask(task.id, { holds: 0 }))
    await world.complete(task)
    expect(await world.listEnded('succeeded', { before: first + 500 })).toEqual([])
    expect(await world.listEnded('succeeded', { before: first + 1_001 })).toEqual([group.id])
  })

  it('as many finished groups are listed as asked for', async (world) => {
    for (let n = 0; n < 5; n++) await world.addTask(await world.addGroup(), { holds: Hold.complete })
    expect(await world.listEnded('succeeded', { limit: 3 })).toHaveLength(3)
  })
}

function describeFailedGroups(it: StorageTest): void {
  it('a group has ended with failures when none of its tasks is left to run', async (world) => {
    const group = await world.addGroup()
    const [failed, open] = [await world.addTask(group), await world.addTask(group)]
    await world.commit(patchTask(failed.id, { holds: Hold.exhausted }))
    expect(await world.listEnded('failed')).toEqual([])
    world.clock.advance(1_000)
    await world.complete(open)
    const endedAt = world.clock.now()
    world.clock.advance(1_000)
    const query = { ending: 'failed', before: endedAt + 1, limit: 10 } as const
    expect(await world.storage.listEndedGroups(query)).toEqual([{ id: group.id, endedAt }])
    expect(await world.storage.listEndedGroups({ ...query, before: endedAt })).toEqual([])
    expect(await world.listEnded('succeeded')).toEqual([])
  })

  it('a group whose tasks wait, run, are paused or stand below a failure has not ended', async (world) => {
    for (const holds of [0, Hold.paused]) {
      const group = await world.addGroup()
      await world.addTask(group, { holds: Hold.exhausted })
      await world.addTask(group, { holds })
    }
    const group = await world.addGroup()
    const parent = await world.addTask(group, { holds: Hold.exhausted })
    await world.addTask(group, { parentIds: [parent.id] })
    await world.addGroup()
    expect(await world.listEnded('failed')).toEqual([])
  })

  it('a failed group that is tried again, and ends again, counts from the later time', async (world) => {
    const group = await world.addGroup()
    const task = await world.addTask(group, { holds: Hold.exhausted })
    const first = world.clock.now()
    world.clock.advance(1_000)
    await world.commit(patchTask(task.id, { holds: 0 }))
    expect(await world.listEnded('failed')).toEqual([])
    await world.commit(patchTask(task.id, { holds: Hold.exhausted }))
    expect(await world.listEnded('failed', { before: first + 500 })).toEqual([])
    expect(await world.listEnded('failed')).toEqual([group.id])
    await world.commit(patchTask(task.id, { holds: Hold.complete }))
    expect(await world.listEnded('failed')).toEqual([])
    expect(await world.listEnded('succeeded')).toEqual([group.id])
  })

  it('those that failed first come first, and a group that is gone is listed no more', async (world) => {
    const groups = [await world.addGroup(), await world.addGroup(), await world.addGroup()]
    for (const group of groups) {
      await world.addTask(group, { holds: Hold.exhausted })
      world.clock.advance(10)
    }
    expect(await world.listEnded('failed', { limit: 2 })).toEqual(groups.slice(0, 2).map(({ id }) => id))
    const [first] = groups as [(typeof groups)[0], ...typeof groups]
    const guard = { kind: 'group', groupId: first.id, epoch: first.epoch, isEnded: true } as const
    expect(await world.tryCommit({ guards: [guard], changes: [{ kind: 'deleteGroup', groupId: first.id }] })).toBe(
      'applied',
    )
    expect(await world.listEnded('failed')).toEqual(groups.slice(1).map(({ id }) => id))
  })

  it('a group guard can ask that no task of the group is left to run', async (world) => {
    const group = await world.addGroup()
    const guards = [{ kind: 'group', groupId: group.id, epoch: group.epoch, isEnded: true } as const]
    expect(await world.tryCommit({ guards })).toBe('conflict')
    await world.addTask(group, { holds: Hold.complete })
    expect(await world.tryCommit({ guards })).toBe('applied')
    const failed = await world.addTask(group, { holds: Hold.exhausted })
    expect(await world.tryCommit({ guards })).toBe('applied')
    await world.commit(patchTask(failed.id, { holds: 0 }))
    expect(await world.tryCommit({ guards })).toBe('conflict')
  })
}

function describeRoom(it: StorageTest): void {
  it('what is deleted makes room', async (world) => {
    const group = await world.addGroup()
    const before = await world.storage.room()
    for (const bytes of [before.usedBytes, before.freeBytes]) expect(bytes === null || bytes >= 0).toBe(true)
    if (before.usedBytes === null) return
    const input = JSON.stringify('x'.repeat(4_000_000))
    await world.addTask(group, { input, holds: Hold.complete })
    const { usedBytes } = await world.storage.room()
    expect(Number(usedBytes) - before.usedBytes).toBeGreaterThan(3_000_000)
    await world.commit({ kind: 'deleteGroup', groupId: group.id })
    expect(Number(usedBytes) - Number((await world.storage.room()).usedBytes)).toBeGreaterThan(3_000_000)
  })
}

function describeRecords(it: StorageTest): void {
  it('a record is kept, replaced and deleted', async (world) => {
    const { storage } = world
    expect(await storage.getRecord('settings/a')).toBeNull()
    await storage.putRecord('settings/a', '{"x":1}')
    await storage.putRecord('settings/b', 'ü\u{1f6f0}\u0000')
    expect([await storage.getRecord('settings/a'), await storage.getRecord('settings/b')]).toEqual([
      '{"x":1}',
      'ü\u{1f6f0}\u0000',
    ])
    await storage.putRecord('settings/a', '')
    expect(await storage.getRecord('settings/a')).toBe('')
    await storage.putRecord('settings/a', null)
    await storage.putRecord('settings/a', null)
    expect(await storage.getRecord('settings/a')).toBeNull()
    expect(await storage.getRecord('settings/b')).not.toBeNull()
  })

  it('a record is created once, and who comes later is told what is there', async ({ storage }) => {
    expect(await storage.createRecord('key:a', 'first', 0)).toBeNull()
    expect(await storage.createRecord('key:a', 'second', 0)).toBe('first')
    expect(await storage.createRecord('key:a', 'first', 0)).toBe('first')
    expect(await storage.getRecord('key:a')).toBe('first')
    await storage.putRecord('key:a', null)
    expect(await storage.createRecord('key:a', '', 0)).toBeNull()
    expect(await storage.createRecord('key:a', 'third', 0)).toBe('')
  })

  it('of many who create a record at once one does', async ({ storage, clock }) => {
    const values = Array.from({ length: 20 }, (_, n) => `of ${n} ü\u{1f6f0}\u0000`)
    const answers = await Promise.all(
      values.map((value) => storage.createRecord('kind/one', value, clock.now() + 1_000)),
    )
    const winners = values.filter((_, n) => answers[n] === null)
    expect(winners).toHaveLength(1)
    expect(answers.filter((answer) => answer !== null)).toEqual(values.slice(1).map(() => winners[0]))
  })

  it('a record whose time is over may be created anew', async ({ storage, clock }) => {
    await storage.createRecord('key/a', 'short', clock.now() + 1_000)
    clock.advance(999)
    expect(await storage.createRecord('key/a', 'too early', clock.now() + 1_000)).toBe('short')
    clock.advance(1)
    expect(await storage.createRecord('key/a', 'next', 0)).toBeNull()
    expect(await storage.getRecord('key/a')).toBe('next')
    expect((await storage.listRecords('key', { page: 1, pageSize: 0 })).records).toEqual([
      { key: 'key/a', value: 'next' },
    ])
  })

  it('many records whose time is over are in the way of none', async ({ storage, clock }) => {
    const ending = Array.from({ length: 250 }, (_, n) => storage.putRecord(`short/${n}`, 'x', clock.now() + 1))
    await Promise.all(ending)
    clock.advance(1)
    const again = Array.from({ length: 250 }, (_, n) => storage.createRecord(`short/${n}`, 'y', clock.now() + 1))
    expect(new Set(await Promise.all(again))).toEqual(new Set([null]))
    expect(await storage.getRecord('short/249')).toBe('y')
  })

  it('a record is gone when its time is over', async (world) => {
    const { storage, clock } = world
    await storage.putRecord('session/1', 'short', clock.now() + 1_000)
    await storage.putRecord('session/2', 'for ever')
    clock.advance(999)
    expect(await storage.getRecord('session/1')).toBe('short')
    clock.advance(1)
    expect(await storage.getRecord('session/1')).toBeNull()
    expect(await storage.getRecord('session/2')).toBe('for ever')
  })

  it('putting a record again sets its time anew', async (world) => {
    const { storage, clock } = world
    await storage.putRecord('session/1', 'a', clock.now() + 1_000)
    await storage.putRecord('session/1', 'b', clock.now() + 2_000)
    clock.advance(1_500)
    expect(await storage.getRecord('session/1')).toBe('b')
    await storage.putRecord('session/1', 'c')
    clock.advance(1_000_000)
    expect(await storage.getRecord('session/1')).toBe('c')
  })
}

function describeEvents(it: StorageTest): void {
  const listen = (world: StorageWorld) => {
    const heard: CrewEvent[] = []
    const stop = world.storage.subscribe((events) => heard.push(...events))
    return { heard, stop }
  }
  const created = (groupId: string, taskId: string): CrewEvent => ({ type: 'task.created', groupId, taskId })

  it('the events of what was applied are told, in order, to everyone', async (world) => {
    const group = await world.addGroup()
    const tasks = [1, 2, 3].map(() => world.task({ groupId: group.id }))
    const [one, two] = [listen(world), listen(world)]
    const events = tasks.map(({ id }) => created(group.id, id))
    await world.storage.commit(
      tasks.map((task, n) => changeSet({ changes: [insertTask(task)], events: events.slice(n, n + 1) })),
    )
    expect(one.heard).toEqual(events)
    expect(two.heard).toEqual(events)
  })

  it('nothing is told of what was refused', async (world) => {
    const group = await world.addGroup()
    const task = await world.addTask(group)
    const claimed = await world.claimTask(task)
    const events = [created(group.id, 'never')]
    const result = { ...success(claimed), events }
    await world.tryCommit(success(claimed))
    const { heard } = listen(world)
    expect(await world.tryCommit(result)).toBe('duplicate')
    expect(await world.tryCommit({ changes: [insertTask(task)], events })).toBe('conflict')
    expect(heard).toEqual([])
  })

  it('a claim tells which tasks it took, and nothing when it took none', async (world) => {
    const task = await world.addTask(await world.addGroup())
    const { heard } = listen(world)
    await world.claim({ limit: 0 })
    expect(heard).toEqual([])
    await world.claimTask(task)
    expect(heard).toEqual([{ type: 'task.updated', groupId: task.groupId, taskId: task.id }])
  })

  it('listeners are told whether a commit or a claim changed something', async (world) => {
    const task = world.task({ groupId: (await world.addGroup()).id })
    const origins: string[] = []
    world.storage.subscribe((_, origin) => origins.push(origin))
    await world.tryCommit({ changes: [insertTask(task)], events: [created(task.groupId, task.id)] })
    await world.claimTask(task)
    expect(origins).toEqual(['commit', 'claim'])
  })

  it('whoever stopped listening is told nothing more', async (world) => {
    const group = await world.addGroup()
    const { heard, stop } = listen(world)
    stop()
    await world.commit(insertTask(world.task({ groupId: group.id })))
    await world.tryCommit({ events: [created(group.id, 'x')] })
    expect(heard).toEqual([])
  })

  it('what an event names can be read when it is told', async (world) => {
    const group = await world.addGroup()
    const task = world.task({ groupId: group.id })
    const found: Promise<unknown[]>[] = []
    world.storage.subscribe(() => found.push(world.storage.getTasks([task.id])))
    await world.tryCommit({ changes: [insertTask(task)], events: [created(group.id, task.id)] })
    const [first] = await Promise.all(found)
    expect(first).toHaveLength(1)
  })

  it('a task that is deleted is told with its own event', async (world) => {
    const task = await world.addTask(await world.addGroup())
    const { heard } = listen(world)
    const deleted: CrewEvent = { type: 'task.deleted', groupId: task.groupId, taskId: task.id }
    await world.tryCommit({ changes: [deleteTask(task.id)], events: [deleted] })
    expect(heard).toEqual([deleted])
  })
}
