import { expect } from 'vitest'
import { errorKindOf } from '../../../server/core/error-kinds.ts'
import { Hold, type Task } from '../../../server/core/task.ts'
import { deleteGroup, deleteTask, insertTask, liftHold, patchTask, putGroup, success } from '../../support/changes.ts'
import type { StorageTest } from '../conformance.ts'
import { makeEveryState, type StorageWorld } from '../storage-world.ts'

const kindOf = (error: string): string => errorKindOf({ errors: [error] })

/** As in `a retrying`. */
async function statesOf({ storage }: StorageWorld, where = {}): Promise<string[]> {
  return (await storage.listFailing({ ...where, limit: 100 })).map(({ id, state }) => `${id} ${state}`)
}

const exhausted = { holds: Hold.exhausted, remainingAttempts: 0 }
const later = (world: StorageWorld): Partial<Task> => ({ failures: 1, runAfter: world.clock.now() + 5_000 })

/** What fails now, by the kind of its error: what is noted of a task, and where it is found. */
export function describeFailing(it: StorageTest): void {
  it('of tasks in all states those fail that failed for good or wait to be tried again', async (world) => {
    const made = await makeEveryState(world)
    const [failed, retrying] = [made.failed, made.retrying]
    expect(await statesOf(world)).toEqual([`${retrying?.id} retrying`, `${failed?.id} failed`])
    world.clock.advance(5_000)
    expect(await statesOf(world)).toEqual([`${failed?.id} failed`])
  })

  it('a failing task tells its group, its worker, its time and the kind of its newest error', async (world) => {
    const group = await world.addGroup()
    const at = later(world)
    const task = await world.addTask(group, { ...at, worker: 'v', errors: ['away', 'no row 17'] })
    const { id, runAfter } = task
    const told = { id, groupId: group.id, worker: 'v', state: 'retrying', errorKind: kindOf('no row 4'), runAfter }
    expect(await world.storage.listFailing({ limit: 10 })).toEqual([told])
    await world.commit(patchTask(id, { errors: ['away'] }))
    expect(await world.storage.listFailing({ limit: 10 })).toEqual([{ ...told, errorKind: kindOf('away') }])
    await world.commit(patchTask(id, { errors: [] }))
    expect(await world.storage.listFailing({ limit: 10 })).toEqual([{ ...told, errorKind: '' }])
  })

  it('those of the newest group come first, in a group the oldest, up to a limit', async (world) => {
    const ids: string[] = []
    for (let made = 0; made < 3; made++) {
      const group = await world.addGroup({ createdAt: world.clock.now() })
      const tasks = [await world.addTask(group, exhausted), await world.addTask(group, later(world))]
      tasks.push(await world.addTask(group, exhausted))
      ids.unshift(...tasks.map(({ id }) => id))
      world.clock.advance(1_000)
    }
    const listed = async (limit: number) => (await world.storage.listFailing({ limit })).map(({ id }) => id)
    expect(await listed(100)).toEqual(ids)
    expect(await listed(4)).toEqual(ids.slice(0, 4))
  })

  it('those of a group or of a worker leave out the others', async (world) => {
    const [group, other] = [await world.addGroup(), await world.addGroup()]
    const a = await world.addTask(group, exhausted)
    const b = await world.addTask(group, { ...later(world), worker: 'v', workgroup: 'x' })
    const c = await world.addTask(other, { ...exhausted, worker: 'v' })
    const told = async (where: object) => (await statesOf(world, where)).sort()
    expect(await told({ groupId: group.id })).toEqual([`${a.id} failed`, `${b.id} retrying`])
    expect(await told({ worker: 'v' })).toEqual([`${b.id} retrying`, `${c.id} failed`])
    expect(await told({ worker: 'v', groupId: other.id })).toEqual([`${c.id} failed`])
    expect(await told({ worker: 'nobody' })).toEqual([])
    expect(await told({ groupId: 'nobody' })).toEqual([])
  })

  it('what is tried again in a paused group waits for a person, what failed there has failed', async (world) => {
    const group = await world.addGroup({ isPaused: true })
    const failed = await world.addTask(group, exhausted)
    const retrying = await world.addTask(group, later(world))
    expect(await statesOf(world)).toEqual([`${failed.id} failed`])
    expect(await statesOf(world, { groupId: group.id })).toEqual([`${failed.id} failed`])
    await world.commit(putGroup({ ...group, isPaused: false }))
    expect(await statesOf(world)).toEqual([`${failed.id} failed`, `${retrying.id} retrying`])
  })

  it('the list follows a task through its life', async (world) => {
    const group = await world.addGroup()
    const { id } = await world.addTask(group)
    const states = async () => (await statesOf(world)).map((told) => told.split(' ')[1])
    const fail = async (patch: Partial<Task>) =>
      world.commit(patchTask(id, { failures: 1, errors: ['x'], ...patch }, 'settle'))
    await world.claimTask({ id })
    expect(await states()).toEqual([])
    await fail({ runAfter: world.clock.now() + 100 })
    expect(await states()).toEqual(['retrying'])
    await world.commit(patchTask(id, { holds: Hold.paused }))
    expect(await states()).toEqual([])
    await world.commit(liftHold(group.id, Hold.paused), patchTask(id, { worker: 'moved', priority: 3 }))
    expect(await world.storage.listFailing({ limit: 10 })).toMatchObject([{ state: 'retrying', worker: 'moved' }])
    world.clock.advance(100)
    await world.claimTask({ id })
    await fail(exhausted)
    expect(await states()).toEqual(['failed'])
    await world.commit(patchTask(id, { holds: Hold.exhausted | Hold.passed }))
    expect(await states()).toEqual(['failed'])
    await world.commit(patchTask(id, { holds: 0, failures: 0, errors: [], runAfter: 0 }))
    expect(await states()).toEqual([])
    expect(await world.tryCommit(success(await world.claimTask({ id })))).toBe('applied')
    expect(await states()).toEqual([])
  })

  it('what is deleted fails no more, alone or with its group', async (world) => {
    const group = await world.addGroup()
    const [a, b, c] = [
      await world.addTask(group, exhausted),
      await world.addTask(group, later(world)),
      await world.addTask(group, exhausted),
    ]
    await world.commit(deleteTask(a.id), deleteTask(b.id))
    expect(await statesOf(world)).toEqual([`${c.id} failed`])
    await world.commit(deleteGroup(group.id), putGroup(group), insertTask({ ...b, id: 'new' }))
    expect(await statesOf(world)).toEqual(['new retrying'])
  })

  it('newest errors are told of tasks that have one', async (world) => {
    const group = await world.addGroup()
    const long = `"\u0000\ud800 é ${'long '.repeat(500)}`
    const a = await world.addTask(group, { errors: ['one', long] })
    const b = await world.addTask(group)
    const c = await world.addTask(group, { errors: ['three'] })
    const told = await world.storage.listNewestErrors([c.id, a.id, b.id, 'nobody'])
    expect(new Map(told.map(({ taskId, error }) => [taskId, error]))).toEqual(
      new Map([
        [a.id, long],
        [c.id, 'three'],
      ]),
    )
    expect(await world.storage.listNewestErrors([])).toEqual([])
  })

  it.durable('what fails is found after a restart', async (world) => {
    const group = await world.addGroup()
    const failed = await world.addTask(group, { ...exhausted, errors: ['no row 1'] })
    const retrying = await world.addTask(group, { ...later(world), errors: ['away'] })
    await world.reopen()
    expect(await world.storage.listFailing({ limit: 10 })).toMatchObject([
      { id: failed.id, errorKind: kindOf('no row 2') },
      { id: retrying.id, errorKind: kindOf('away') },
    ])
  })
}
