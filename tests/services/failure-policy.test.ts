import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { failurePolicies } from '../../server/core/group-settings.ts'
import { bucketOf, isComplete, type Task } from '../../server/core/task.ts'
import { groupStateOf } from '../../server/core/task-group.ts'
import { getGroup, pauseGroup, resetGroup, resumeGroup, retryGroup, updateGroup } from '../../server/services/groups.ts'
import {
  createTask,
  deleteTask,
  explainTask,
  getTask,
  resetTask,
  retryTask,
  updateTask,
} from '../../server/services/tasks.ts'
import { answer } from '../support/attempts.ts'
import { openServiceWorld, type ServiceWorld } from '../support/service-world.ts'

const bad = answer({ error: 'no' })
const stateOf = async ({ context }: ServiceWorld, taskId: string) => (await getTask(context, { taskId })).state
const groupOf = async ({ context }: ServiceWorld) => {
  const group = await getGroup(context, 'g')
  return { state: groupStateOf(group), isPaused: group.isPaused, stoppedBy: group.stoppedBy }
}

/** A task `a` that fails for good, `b` below it, and `c` beside them. */
async function failedWorld(onTaskFailure: 'continue' | 'failFast'): Promise<ServiceWorld> {
  const world = await openServiceWorld()
  const tasks = [{ id: 'a' }, { id: 'b', parentIds: ['a'] }, { id: 'c' }]
  await world.graph(
    tasks.map((task) => ({ ...task, remainingAttempts: 1 })),
    { onTaskFailure },
  )
  await world.finish(await world.claimTask('a'), bad)
  return world
}

describe('with continue', () => {
  test('what is below a failed task runs with what that gave, and the group has failed when nothing is left', async () => {
    const world = await openServiceWorld()
    await world.graph(
      [
        { id: 'a', remainingAttempts: 1 },
        { id: 'b', parentIds: ['a'] },
      ],
      { onTaskFailure: 'continue' },
    )
    await world.finish(await world.claimTask('a'), answer({ output: { partly: 1 }, error: 'no' }))
    const b = await world.claimTask('b')
    expect(b.parents).toEqual([{ taskId: 'a', worker: 'w', input: 'null', output: '{"partly":1}' }])
    await world.finish(b)
    expect([await stateOf(world, 'a'), await stateOf(world, 'b')]).toEqual(['failed', 'succeeded'])
    const group = await getGroup(world.context, 'g')
    expect([groupStateOf(group), group.weightDone, group.weightTotal]).toEqual(['failed', 1e6, 2e6])
  })

  test('a failed task is tried again with its group, and what is below it waits if it has not run', async () => {
    const world = await openServiceWorld()
    await world.graph(
      [
        { id: 'a', remainingAttempts: 1 },
        { id: 'b', parentIds: ['a'] },
      ],
      { onTaskFailure: 'continue' },
    )
    await world.finish(await world.claimTask('a'), bad)
    expect(await stateOf(world, 'b')).toBe('ready')
    await retryGroup(world.context, 'g', { remainingAttempts: 2 })
    expect([await stateOf(world, 'a'), await stateOf(world, 'b')]).toEqual(['ready', 'blocked'])
    await world.runAll()
    expect(await groupOf(world)).toMatchObject({ state: 'succeeded' })
  })

  test('a child that ran stays as it is when its parent is tried again', async () => {
    const world = await failedWorld('continue')
    await world.finish(await world.claimTask('b'))
    await retryTask(world.context, { taskId: 'a' }, { remainingAttempts: 1 })
    expect(await stateOf(world, 'b')).toBe('succeeded')
    expect(await world.runAll()).toEqual(['a'])
  })

  test('children that come later find a finished parent', async () => {
    const world = await failedWorld('continue')
    const birth = { id: 'late', worker: 'w', parentIds: ['a'] }
    expect(await createTask(world.context, 'g', birth)).toMatchObject({ state: 'ready' })
  })

  test('why tells that it went on without the task', async () => {
    const world = await failedWorld('continue')
    const { state, reasons } = await explainTask(world.context, { taskId: 'a' })
    expect(state).toBe('failed')
    expect(reasons.map(({ message }) => message)).toEqual([
      'It failed and has no attempts left: retry or reset it. The tasks below it go on without it.',
    ])
  })
})

describe('with failFast', () => {
  test('nothing starts after the first failure, and what runs finishes and counts', async () => {
    const world = await failedWorld('failFast')
    const stoppedBy = { taskId: 'a', at: world.clock.now(), isPausedToo: false }
    expect(await groupOf(world)).toEqual({ state: 'active', isPaused: true, stoppedBy })
    expect(await world.claim()).toEqual([])
    await world.finish(await world.claimTask('c'))
    expect(await stateOf(world, 'c')).toBe('succeeded')
    expect(await groupOf(world)).toEqual({ state: 'failed', isPaused: true, stoppedBy })
  })

  test('why tells which task stopped it and what to do', async () => {
    const world = await failedWorld('failFast')
    const { state, reasons } = await explainTask(world.context, { taskId: 'b' })
    expect(state).toBe('paused')
    expect(reasons[0]).toEqual({
      code: 'group_stopped',
      message: 'Its group was stopped when task a failed for good: retry that task or the group, or resume the group.',
      ref: 'a',
    })
  })

  test.each([
    ['a retry of the group', (w: ServiceWorld) => retryGroup(w.context, 'g', { remainingAttempts: 1 })],
    ['a retry of the task', (w: ServiceWorld) => retryTask(w.context, { taskId: 'a' }, { remainingAttempts: 1 })],
    ['a reset of the group', (w: ServiceWorld) => resetGroup(w.context, 'g', { remainingAttempts: 1 })],
    [
      'a reset of the task',
      (w: ServiceWorld) => resetTask(w.context, { taskId: 'a' }, { remainingAttempts: 1, descendants: false }),
    ],
  ])('%s lets it go on', async (_, act) => {
    const world = await failedWorld('failFast')
    await world.finish(await world.claimTask('c'))
    await act(world)
    expect(await groupOf(world)).toMatchObject({ isPaused: false, stoppedBy: null })
    await world.runAll()
    expect(await groupOf(world)).toMatchObject({ state: 'succeeded' })
  })

  test('a resume lets it go on without the task', async () => {
    const world = await failedWorld('failFast')
    await resumeGroup(world.context, 'g')
    await world.finish(await world.claimTask('c'))
    expect(await groupOf(world)).toEqual({ state: 'failed', isPaused: false, stoppedBy: null })
    expect([await stateOf(world, 'a'), await stateOf(world, 'b')]).toEqual(['failed', 'blocked'])
  })

  test('a group that is paused while it is stopped stays paused when the task is tried again', async () => {
    const world = await failedWorld('failFast')
    await pauseGroup(world.context, 'g')
    await retryTask(world.context, { taskId: 'a' }, { remainingAttempts: 1 })
    expect(await groupOf(world)).toMatchObject({ isPaused: true, stoppedBy: null })
    expect(await world.claim()).toEqual([])
  })

  test('a failure after the policy changed follows the new one', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a', remainingAttempts: 1 }, { id: 'b' }], { onTaskFailure: 'failFast' })
    const a = await world.claimTask('a')
    await updateGroup(world.context, 'g', { onTaskFailure: 'wait' })
    await world.finish(a, bad)
    expect(await groupOf(world)).toMatchObject({ isPaused: false, stoppedBy: null })
  })
})

interface Plan {
  readonly parents: readonly number[]
  readonly attempts: number
  readonly fails: boolean
  readonly key: string
}

const plans = fc.array(
  fc.record({
    parents: fc.array(fc.nat({ max: 20 }), { maxLength: 3 }),
    attempts: fc.integer({ min: 1, max: 2 }),
    fails: fc.boolean(),
    key: fc.constantFrom('', '', '', 'k'),
  }),
  { minLength: 1, maxLength: 9 },
)

const graphOf = (planned: readonly Plan[]) =>
  planned.map(({ parents, attempts, key }, index) => ({
    id: `t${index}`,
    key,
    remainingAttempts: attempts,
    errorDelayInSeconds: 0,
    parentIds: index === 0 ? [] : [...new Set(parents.map((parent) => `t${parent % index}`))],
  }))

const fails = (planned: readonly Plan[], task: Task): boolean => planned[Number(task.id.slice(1))]?.fails ?? false

/** A task has ended for good: nothing of it will move by itself. */
const hasEnded = (task: Task): boolean =>
  ['succeeded', 'failed'].includes(bucketOf({ ...task, isLeased: task.lease !== null }))

describe('of any graph, whatever fails', () => {
  test('with continue every task ends, and the group has failed exactly when a task has', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (planned) => {
        const world = await openServiceWorld()
        await world.graph(graphOf(planned), { onTaskFailure: 'continue' })
        await world.runAll((task) => (fails(planned, task) ? bad : answer()))
        const tasks = [...(await world.loadAll()).values()]
        expect(tasks.filter((task) => !hasEnded(task))).toEqual([])
        expect((await groupOf(world)).state).toBe(tasks.every(isComplete) ? 'succeeded' : 'failed')
        await retryGroup(world.context, 'g', { remainingAttempts: 1 })
        await world.runAll()
        expect((await groupOf(world)).state).toBe('succeeded')
        expect((await world.storage.audit()).faults).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  test('with failFast nothing starts after the first failure for good, and a retry finishes it', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (planned) => {
        const world = await openServiceWorld()
        await world.graph(graphOf(planned), { onTaskFailure: 'failFast' })
        for (let claimed = await world.claim(); claimed.length > 0; claimed = await world.claim()) {
          const failed = [...(await world.loadAll()).values()].filter((task) => hasEnded(task) && !isComplete(task))
          expect(failed).toEqual([])
          for (const one of claimed) await world.finish(one, fails(planned, one.task) ? bad : answer())
        }
        const tasks = [...(await world.loadAll()).values()]
        const { state, stoppedBy } = await groupOf(world)
        expect(state).toBe(tasks.every(isComplete) ? 'succeeded' : 'failed')
        expect(stoppedBy !== null).toBe(state === 'failed')
        await retryGroup(world.context, 'g', { remainingAttempts: 1 })
        await world.runAll()
        expect((await groupOf(world)).state).toBe('succeeded')
        expect((await world.storage.audit()).faults).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  test('the books stay right whatever people do meanwhile', async () => {
    const act = fc.record({
      kind: fc.constantFrom(
        'run',
        'fail',
        'retry',
        'reset',
        'complete',
        'undo',
        'giveUp',
        'delete',
        'policy',
        'resume',
      ),
      task: fc.nat({ max: 8 }),
    })
    await fc.assert(
      fc.asyncProperty(
        plans,
        fc.constantFrom(...failurePolicies),
        fc.array(act, { maxLength: 25 }),
        async (planned, policy, acts) => {
          const world = await openServiceWorld()
          await world.graph(graphOf(planned), { onTaskFailure: policy })
          for (const { kind, task } of acts) {
            await doTo(world, kind, `t${task}`).catch(() => {})
            expect((await world.storage.audit()).faults).toEqual([])
          }
        },
      ),
      { numRuns: 60 },
    )
  })
})

/** What is refused changes nothing: that is fine here. */
async function doTo(world: ServiceWorld, kind: string, taskId: string): Promise<unknown> {
  const { context } = world
  switch (kind) {
    case 'run':
      return world.finish(await world.claimTask(taskId))
    case 'fail':
      return world.finish(await world.claimTask(taskId), bad)
    case 'retry':
      return retryTask(context, { taskId }, { remainingAttempts: 1 })
    case 'reset':
      return resetTask(context, { taskId }, { remainingAttempts: 1, descendants: false })
    case 'complete':
      return updateTask(context, { taskId }, { isComplete: true })
    case 'undo':
      return updateTask(context, { taskId }, { isComplete: false, remainingAttempts: 1 })
    case 'giveUp':
      return updateTask(context, { taskId }, { remainingAttempts: 0 })
    case 'delete':
      return deleteTask(context, { taskId })
    case 'resume':
      return resumeGroup(context, 'g')
    default:
      return updateGroup(context, 'g', { onTaskFailure: failurePolicies[taskId.charCodeAt(1) % 3] ?? 'wait' })
  }
}
