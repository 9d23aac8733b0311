import { expect } from 'vitest'
import type { CrewEvent } from '../../../server/core/change-set.ts'
import { Hold } from '../../../server/core/task.ts'
import { addAttempt, changeSet, deleteTask, insertTask, patchTask, success } from '../../support/changes.ts'
import { makeAttempt } from '../../support/make.ts'
import type { StorageTest } from '../conformance.ts'
import type { StorageWorld } from '../storage-world.ts'

/** Attempts, records, finished groups and events. */
export function describeKeeping(it: StorageTest): void {
  describeAttempts(it)
  describeFinishedGroups(it)
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
    const finishedBefore = (before: number) => world.storage.listFinishedGroups(before, 10)
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
    expect(await world.storage.listFinishedGroups(world.clock.now() + 1_000, 10)).toEqual([])
  })

  it('a finished group that gets work again is not finished', async (world) => {
    const [group, reset] = [await world.addGroup(), await world.addGroup()]
    await world.addTask(group, { holds: Hold.complete })
    const again = await world.addTask(reset, { holds: Hold.complete })
    const finished = () => world.storage.listFinishedGroups(world.clock.now() + 1, 10)
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
    expect(await world.storage.listFinishedGroups(first + 500, 10)).toEqual([])
    expect(await world.storage.listFinishedGroups(first + 1_001, 10)).toEqual([group.id])
  })

  it('as many finished groups are listed as asked for', async (world) => {
    for (let n = 0; n < 5; n++) await world.addTask(await world.addGroup(), { holds: Hold.complete })
    expect(await world.storage.listFinishedGroups(world.clock.now() + 1, 3)).toHaveLength(3)
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
