import { expect, test } from 'vitest'
import { clean as cleanGroups } from '../../server/controller/retention.ts'
import { getGroup, pauseGroup, resetGroup, resumeGroup, retryGroup, updateGroup } from '../../server/services/groups.ts'
import { deleteTask, retryTask } from '../../server/services/tasks.ts'
import { answer } from '../support/attempts.ts'
import { openWatcherWorld, RECEIVER_URL, receiver, type WatcherWorld } from '../support/watcher-world.ts'

const notify = [receiver({ events: ['group.succeeded', 'group.failed'] })]
const last = { finally: { worker: 'cleanup', input: '{"bucket":"b"}' }, notify }
const refused = { ...answer({ error: 'no stock' }), status: 500 }

async function openWorld() {
  const world = await openWatcherWorld()
  await world.startWatcher()
  await world.startWatcher()
  return world
}

/** What the last tasks of group `g` were sent, in order. */
const inputsOf = ({ workers }: WatcherWorld) =>
  workers.calls.filter(({ worker }) => worker === 'cleanup').map(({ body }) => JSON.parse(body).input)

/** Answers these, and lets it be noticed. */
async function answerTask({ workers, advance }: WatcherWorld, id: string, reply = answer({})) {
  await advance(10)
  workers.call(id).reply(reply)
  await advance(500)
}

const lastTask = ({ workers }: WatcherWorld) => {
  const call = workers.open.find(({ worker }) => worker === 'cleanup')
  if (!call) throw new Error(`no last task is open; open are ${workers.openIds}`)
  return call
}

test('the last task runs once, after all others, with what became of them, and the end is told after it', async () => {
  const world = await openWorld()
  await world.graph([{ id: 'a' }, { id: 'b', parentIds: ['a'] }], { name: 'Orders', ...last })
  await answerTask(world, 'a')
  expect(inputsOf(world)).toEqual([])
  await answerTask(world, 'b')
  expect(inputsOf(world)).toEqual([
    {
      group: {
        id: 'g',
        name: 'Orders',
        metadata: {},
        state: 'succeeded',
        counts: expect.objectContaining({ succeeded: 2 }),
        completedPercent: 1,
        failedTasks: [],
      },
      input: { bucket: 'b' },
    },
  ])
  expect(world.toldTo(RECEIVER_URL)).toEqual([])
  lastTask(world).reply()
  await world.answerAll()
  await world.advance(30_000)
  expect(world.toldTo(RECEIVER_URL)).toEqual(['group.succeeded g'])
  expect(inputsOf(world)).toHaveLength(1)
})

test('it runs after a failure that lets nothing move, and again at the end that follows a retry', async () => {
  const world = await openWorld()
  await world.graph(
    [
      { id: 'a', remainingAttempts: 1 },
      { id: 'b', parentIds: ['a'] },
    ],
    last,
  )
  await answerTask(world, 'a', refused)
  expect(inputsOf(world)[0].group).toMatchObject({
    state: 'failed',
    failedTasks: [{ id: 'a', name: '', worker: 'w', error: 'HTTP 500: no stock' }],
  })
  lastTask(world).reply()
  await world.answerAll()
  expect(world.toldTo(RECEIVER_URL)).toEqual(['group.failed g'])
  await retryGroup(world.context, 'g', { remainingAttempts: 1 })
  await answerTask(world, 'a')
  await answerTask(world, 'b')
  lastTask(world).reply()
  await world.answerAll()
  expect(inputsOf(world).map(({ group }) => group.state)).toEqual(['failed', 'succeeded'])
  expect(world.toldTo(RECEIVER_URL)).toEqual(['group.failed g', 'group.succeeded g'])
})

test('a failure of it makes the group failed, and when it alone is tried again no other one is made', async () => {
  const world = await openWorld()
  await world.graph([{ id: 'a' }], { ...last, finally: { worker: 'cleanup', remainingAttempts: 1 } })
  await answerTask(world, 'a')
  lastTask(world).reply(refused)
  await world.answerAll()
  expect(world.toldTo(RECEIVER_URL)).toEqual(['group.failed g'])
  await retryGroup(world.context, 'g', { remainingAttempts: 1 })
  await world.advance(500)
  lastTask(world).reply()
  await world.answerAll()
  expect(world.toldTo(RECEIVER_URL)).toEqual(['group.failed g', 'group.succeeded g'])
  expect((await world.loadAll()).size).toBe(2)
})

test('its children run, and the end is told after them', async () => {
  const world = await openWorld()
  await world.graph([{ id: 'a' }], last)
  await answerTask(world, 'a')
  lastTask(world).reply(answer({ children: [{ id: 'child', worker: 'w' }] }))
  await world.advance(500)
  expect(world.toldTo(RECEIVER_URL)).toEqual([])
  await answerTask(world, 'child')
  await world.answerAll()
  expect(world.toldTo(RECEIVER_URL)).toEqual(['group.succeeded g'])
  expect(inputsOf(world)).toHaveLength(1)
})

test('a pause by hand holds it back', async () => {
  const world = await openWorld()
  await world.graph([{ id: 'a' }], last)
  await world.advance(10)
  await pauseGroup(world.context, 'g')
  await answerTask(world, 'a')
  await world.advance(5000)
  expect(inputsOf(world)).toEqual([])
  await resumeGroup(world.context, 'g')
  await world.advance(500)
  expect(inputsOf(world)).toHaveLength(1)
})

test('a reset takes it away, and the next end makes another one', async () => {
  const world = await openWorld()
  await world.graph([{ id: 'a' }], last)
  await answerTask(world, 'a')
  lastTask(world).reply()
  await world.answerAll()
  await resetGroup(world.context, 'g', { remainingAttempts: 5 })
  expect([...(await world.loadAll()).keys()]).toEqual(['a'])
  await answerTask(world, 'a')
  lastTask(world).reply()
  await world.answerAll()
  expect(inputsOf(world)).toHaveLength(2)
  expect(world.toldTo(RECEIVER_URL)).toEqual(['group.succeeded g', 'group.succeeded g'])
})

test('with continue it runs when all else has, passed over or not', async () => {
  const world = await openWorld()
  await world.graph(
    [
      { id: 'a', remainingAttempts: 1 },
      { id: 'b', parentIds: ['a'] },
    ],
    {
      ...last,
      onTaskFailure: 'continue',
    },
  )
  await answerTask(world, 'a', refused)
  expect(inputsOf(world)).toEqual([])
  await answerTask(world, 'b')
  expect(inputsOf(world)[0].group).toMatchObject({ state: 'failed', counts: { succeeded: 1, failed: 1 } })
})

test('in a group that a failure stopped it runs alone, and then the stop is back', async () => {
  const world = await openWatcherWorld()
  await world.startWatcher()
  await world.graph(
    [
      { id: 'a', remainingAttempts: 1, priority: 1 },
      { id: 'b', runAfter: world.clock.now() + 2000 },
      { id: 'c', isPaused: true },
      { id: 'd', parentIds: ['b'] },
    ],
    { ...last, onTaskFailure: 'failFast' },
  )
  await answerTask(world, 'a', refused)
  await world.advance(500)
  expect([inputsOf(world).length, world.workers.open.length]).toEqual([1, 1])
  await world.advance(5000)
  expect(world.workers.open.length).toBe(1)
  lastTask(world).reply()
  await world.answerAll()
  await world.advance(5000)
  expect(world.toldTo(RECEIVER_URL)).toEqual(['group.failed g'])
  expect(await world.storage.getGroup('g')).toMatchObject({
    isPaused: true,
    stoppedBy: { taskId: 'a', isPausedToo: false },
    counts: { waiting: 1, paused: 1, blocked: 1, failed: 1, succeeded: 1 },
  })
  await retryGroup(world.context, 'g', { remainingAttempts: 1 })
  await answerTask(world, 'a')
  await answerTask(world, 'b')
  expect(world.workers.open.map(({ taskId }) => taskId)).toEqual(['d'])
})

test('retention leaves a group alone until its last task has run', async () => {
  const world = await openWatcherWorld()
  await world.graph([{ id: 'a' }], last)
  await answerTask(world, 'a')
  const logger = { debug() {}, info() {}, warn() {}, error() {} }
  const clean = () => cleanGroups({ ...world, logger }, { retention: { keepMs: 0, keepFailedMs: 0, maxBytes: null } })
  await world.advance(10)
  await clean()
  expect(await world.storage.findGroup('g')).not.toBeNull()
  await world.startWatcher()
  await world.answerAll()
  await world.advance(10)
  await clean()
  expect(await world.storage.findGroup('g')).toBeNull()
})

test('a last task that is set for a group that has ended runs at once', async () => {
  const world = await openWorld()
  await world.graph([{ id: 'a' }])
  await answerTask(world, 'a')
  await updateGroup(world.context, 'g', { finally: { worker: 'cleanup' } })
  await world.advance(500)
  expect(inputsOf(world)).toHaveLength(1)
})

for (const action of ['retry', 'delete'] as const) {
  test(`a ${action} of the failure that stopped the group, while the last task runs, lets what was parked go on`, async () => {
    const world = await openWatcherWorld()
    await world.startWatcher()
    const a = { id: 'a', remainingAttempts: 1, priority: 1 }
    await world.graph([a, { id: 'b', runAfter: world.clock.now() + 2000 }], { ...last, onTaskFailure: 'failFast' })
    await answerTask(world, 'a', refused)
    await world.advance(500)
    expect(inputsOf(world)).toHaveLength(1)
    const ref = { taskId: 'a' }
    if (action === 'delete') await deleteTask(world.context, ref)
    else {
      await retryTask(world.context, ref, { remainingAttempts: 1 })
      await answerTask(world, 'a')
    }
    lastTask(world).reply()
    await world.advance(5000)
    await answerTask(world, 'b')
    await world.advance(500)
    expect(await getGroup(world.context, 'g')).toMatchObject({ counts: { paused: 0, waiting: 0, failed: 0 } })
  })
}
