import { expect, test } from 'vitest'
import { awakeMs } from '../support/awake.ts'
import { type Api, listTasks, readAttempts, readTask, type TaskJson } from './support/api-client.ts'
import { makeRandom, type Random } from './support/random.ts'
import type { Delivery, RecordingWorker, WorkerAnswer } from './support/recording-worker.ts'
import { eventually, inLanes, onItsWay, pass } from './support/waiting.ts'
import { makeGroup, makeWorld } from './support/world.ts'

const ROUNDS = 300
/** Rounds side by side: load enough for real races, and not so much that every operation loses. */
const LANES = 6
/** The worker answers up to this long after the POST arrived at first; the operation mostly sooner, as it has a way to go. */
const RACE_MS = 20
const LONGEST_RACE_MS = 500
/** Of the rounds, which a side that wins less often is helped to. */
const FAIR_SHARE = 0.2
/** A POST that was handed to the network before the acknowledgement may be read a little after it, the more so on a busy machine. */
const ARRIVAL_MS = 50

interface Race {
  readonly api: Api
  readonly worker: RecordingWorker
  readonly random: Random
}

interface Round extends Race {
  readonly groupId: string
  /** The task that is raced for. */
  readonly id: string
  readonly otherIds: readonly string[]
  /** Its first POST. */
  readonly first: Delivery
}

interface RaceOptions {
  readonly task?: object
  /** So many tasks beside it in its group. */
  readonly others?: number
}

/** Runs the rounds, each in a group of its own, from the moment that its task's first POST arrived plus a random wait. */
async function race(name: string, run: (round: Round) => Promise<'before' | 'after'>, options: RaceOptions = {}) {
  const { task = {}, others = 0 } = options
  const random = makeRandom(name)
  const won = { before: 0, after: 0 }
  let raceMs = RACE_MS
  const { api, worker } = await makeWorld({
    respond: (delivery) => answerOf(delivery, random.between(0, raceMs)),
    env: { CREW_LOG_LEVEL: 'error' },
  })
  // How long an operation takes differs from machine to machine: on a busy one the answers of the worker take longer as well.
  const note = (winner: 'before' | 'after'): void => {
    won[winner]++
    const share = won.before / (won.before + won.after)
    if (share < FAIR_SHARE) raceMs = Math.min(LONGEST_RACE_MS, raceMs * 1.1)
    else if (share > 1 - FAIR_SHARE) raceMs = Math.max(1, raceMs / 1.1)
  }
  await inLanes([...Array(ROUNDS).keys()], LANES, async () => {
    const { id: groupId } = await makeGroup(api)
    const planned = { worker: 'racer', errorDelayInSeconds: 0.01, ...task }
    const batch = { tasks: [planned, ...Array(others).fill({ worker: 'racer' })] }
    const { tasks } = await api.post<{ tasks: TaskJson[] }>(`/api/v1/task_group/${groupId}/tasks/batch`, batch)
    const [id = '', ...otherIds] = tasks.map((created) => created.id)
    const [first] = await worker.arrived(id)
    if (!first) throw new Error('no POST arrived')
    await pass(Math.max(0, random.between(-10, RACE_MS - 8)))
    note(await run({ api, worker, random, groupId, id, otherIds, first }))
  })
  console.log(`${name}: ${won.before} before the answer was recorded, ${won.after} after it`)
  // A race that one side always wins is none.
  expect(won.before).toBeGreaterThan(ROUNDS / 50)
  expect(won.after).toBeGreaterThan(ROUNDS / 50)
  return api
}

/** The output names the run it belongs to, and so do its children. A task that is told to fails its first attempt. */
function answerOf(delivery: Delivery, delayMs: number): WorkerAnswer {
  const { input, worker } = JSON.parse(delivery.body.toString()) as { input: Told; worker: string }
  if (input?.failsUntil !== undefined && delivery.attempt < input.failsUntil)
    return { delayMs, body: { error: 'not yet', output: delivery.deliveryId } }
  const children = worker === 'racer' && input?.hasChild ? [{ name: delivery.deliveryId, worker: 'child' }] : []
  return { delayMs, body: { output: delivery.deliveryId, children } }
}

interface Told {
  readonly failsUntil?: number
  readonly hasChild?: boolean
  readonly note?: number
}

const complete = (api: Api, id: string): Promise<TaskJson> =>
  eventually(`task ${id} succeeds`, async () => {
    const task = await readTask(api, id)
    return task.state === 'succeeded' && task
  })

test('after a reset nothing of the run before it appears', async () => {
  const faults: string[] = []
  const run = async ({ api, worker, groupId, id, first }: Round) => {
    let seen = await api.post<TaskJson>(`/api/v1/task/${id}/reset`, {})
    for (;;) {
      if (seen.output === first.deliveryId) faults.push(`${id}: the output of the old run after its reset`)
      if (seen.errors.length > 0) faults.push(`${id}: errors of the old run after its reset`)
      if (seen.state === 'succeeded') break
      await pass(1)
      seen = await readTask(api, id)
    }
    const last = worker.of(id).at(-1)
    if (seen.output !== last?.deliveryId) faults.push(`${id}: the output is not that of its last POST`)
    if (last?.attempt !== 1) faults.push(`${id}: attempt ${last?.attempt} after a reset`)
    const tasks = await listTasks(api, groupId)
    const names = tasks.filter((each) => each.id !== id).map(({ name }) => name)
    if (names.join() !== last?.deliveryId) faults.push(`${id}: has children ${names} and not one of its last run`)
    const child = tasks.find((each) => each.id !== id)
    if (child) await complete(api, child.id)
    const isRecorded = (await readAttempts(api, id)).some(({ deliveryId }) => deliveryId === first.deliveryId)
    return isRecorded ? 'after' : 'before'
  }
  const api = await race('reset', run, { task: { input: { hasChild: true } } })
  expect(faults).toEqual([])
  await expectAllSucceeded(api)
})

test('what was deleted stays deleted, with what it left behind', async () => {
  const faults: string[] = []
  const run = async ({ api, worker, groupId, id, first }: Round) => {
    await api.delete(`/api/v1/task/${id}`)
    const wasRecorded = first.answeredAt !== null
    const deletedAt = await onItsWay(api)
    const gone = async (when: string): Promise<void> => {
      if ((await api.call('GET', `/api/v1/task/${id}`)).status !== 404) faults.push(`${id} is there ${when}`)
      const left = await listTasks(api, groupId)
      if (left.length > 0) faults.push(`${id} left ${left.map(({ name }) => name)} behind ${when}`)
    }
    await gone('after its deletion')
    // The server hangs up on a POST when it learns, as it renews its leases, that the task is gone.
    const isOver = ({ answeredAt, closedAt }: Delivery): boolean => answeredAt !== null || closedAt !== null
    await eventually('the worker has answered, or nobody listens any more', () => worker.of(id).every(isOver))
    // Nothing can be waited for where nothing should happen: the server gets the time to do it wrong.
    await pass(ARRIVAL_MS)
    await gone('after the late answer')
    const late = worker.of(id).filter(({ firstByteAt }) => awakeMs(deletedAt, firstByteAt) > ARRIVAL_MS)
    if (late.length > 0) faults.push(`${id}: ${late.length} POSTs after its deletion`)
    return wasRecorded ? 'after' : 'before'
  }
  await race('delete', run, { task: { input: { hasChild: true } } })
  expect(faults).toEqual([])
})

test('a pause of a group lets what runs finish and count, and nothing else starts until it is resumed', async () => {
  const faults: string[] = []
  const run = async ({ api, worker, groupId, id: raced, otherIds, first }: Round) => {
    await api.post(`/api/v1/task_group/${groupId}/pause`, {})
    const pausedTime = Date.now()
    const wasRecorded = first.answeredAt !== null
    const pausedAt = await onItsWay(api)
    const late = await api.post<TaskJson>(`/api/v1/task_group/${groupId}/tasks`, { worker: 'racer' })
    const ids = [raced, ...otherIds, late.id]
    await eventually('nothing runs any more', async () =>
      (await listTasks(api, groupId)).every(({ state }) => state !== 'running'),
    )
    await pass(ARRIVAL_MS)
    const states = new Map((await listTasks(api, groupId)).map(({ id, state }) => [id, state]))
    for (const id of ids) {
      const posts = worker.of(id)
      if (posts.some(({ firstByteAt }) => awakeMs(pausedAt, firstByteAt) > ARRIVAL_MS))
        faults.push(`${id}: POSTed while paused`)
      for (const { startedAt } of await readAttempts(api, id))
        if (Date.parse(startedAt) > pausedTime) faults.push(`${id}: started at ${startedAt}, after the pause`)
      const expected = posts.length === 0 ? 'paused' : 'succeeded'
      if (states.get(id) !== expected) faults.push(`${id} is ${states.get(id)} with ${posts.length} POSTs`)
    }
    const group = await api.get<{ isPaused: boolean }>(`/api/v1/task_group/${groupId}`)
    if (!group.isPaused) faults.push(`${groupId}: the pause was undone`)
    await api.post(`/api/v1/task_group/${groupId}/resume`, {})
    for (const id of ids) await complete(api, id)
    for (const id of ids) if (worker.of(id).length !== 1) faults.push(`${id}: ${worker.of(id).length} POSTs`)
    return wasRecorded ? 'after' : 'before'
  }
  await race('pause a group', run, { others: 6 })
  expect(faults).toEqual([])
})

test('a pause of a task is not undone by the answer that comes after it', async () => {
  const faults: string[] = []
  const run = async ({ api, worker, id }: Round) => {
    const answer = await api.put<TaskJson>(`/api/v1/task/${id}`, { isPaused: true })
    const pausedAt = await onItsWay(api)
    await eventually('it does not run', async () => (await readTask(api, id)).state !== 'running')
    await pass(ARRIVAL_MS)
    const seen = await readTask(api, id)
    if (!seen.isPaused) faults.push(`${id}: the pause was undone`)
    if (worker.of(id).some(({ firstByteAt }) => awakeMs(pausedAt, firstByteAt) > ARRIVAL_MS))
      faults.push(`${id}: POSTed`)
    if (seen.state === 'paused') {
      const failures = worker.of(id).length
      if (seen.errors.length !== failures) faults.push(`${id}: ${failures} failures, but ${seen.errors.length} errors`)
      await api.put(`/api/v1/task/${id}`, { isPaused: false })
    }
    const { errors } = await complete(api, id)
    if (errors.length !== 3) faults.push(`${id}: ${errors.length} errors`)
    return answer.state === 'running' ? 'before' : 'after'
  }
  await race('pause a task', run, { task: { input: { failsUntil: 4 } } })
  expect(faults).toEqual([])
})

test('an edit that was acknowledged survives the answer that comes after it', async () => {
  const faults: string[] = []
  const run = async ({ api, worker, random, id }: Round) => {
    const note = random.between(1, 1_000_000)
    await api.put(`/api/v1/task/${id}`, { name: `note ${note}` })
    const edit = await api.call('PUT', `/api/v1/task/${id}`, {
      input: { failsUntil: 3, note },
      metadata: { note: `${note}` },
    })
    const isTaken = edit.status === 200
    const posts = worker.of(id).length
    if (!isTaken && (edit.status !== 409 || !edit.text.includes('task_running'))) faults.push(`${id}: ${edit.text}`)
    const done = await complete(api, id)
    if (done.name !== `note ${note}`) faults.push(`${id}: its name is ${done.name}`)
    const input = JSON.stringify({ failsUntil: 3, ...(isTaken && { note }) })
    if (JSON.stringify(done.input) !== input) faults.push(`${id}: its input is ${JSON.stringify(done.input)}`)
    for (const { body } of isTaken ? worker.of(id).slice(posts) : [])
      if (!body.toString().includes(`"note":${note}`)) faults.push(`${id}: POSTed without the edit`)
    return isTaken ? 'after' : 'before'
  }
  await race('edit', run, { task: { input: { failsUntil: 3 } } })
  expect(faults).toEqual([])
})

test('a task that is completed by hand between two attempts keeps what the hand gave it', async () => {
  const faults: string[] = []
  const run = async ({ api, worker, id }: Round) => {
    const edit = await api.call('PUT', `/api/v1/task/${id}`, { isComplete: true, output: 'by hand' })
    const editedAt = await onItsWay(api)
    const isTaken = edit.status === 200
    await complete(api, id)
    await pass(isTaken ? ARRIVAL_MS : 0)
    const { output } = await readTask(api, id)
    const expected = isTaken ? 'by hand' : worker.of(id).at(-1)?.deliveryId
    if (output !== expected) faults.push(`${id}: its output is ${JSON.stringify(output)}`)
    const late = worker.of(id).filter(({ firstByteAt }) => awakeMs(editedAt, firstByteAt) > ARRIVAL_MS)
    if (isTaken && late.length > 0) faults.push(`${id}: ${late.length} POSTs after it was completed`)
    return isTaken ? 'after' : 'before'
  }
  await race('complete', run, { task: { input: { failsUntil: 3 } } })
  expect(faults).toEqual([])
})

async function expectAllSucceeded(api: Api): Promise<void> {
  const { taskGroups } = await api.get<{ taskGroups: { state: string }[] }>('/api/v1/task_groups?pageSize=0')
  const states = taskGroups.map(({ state }) => state).filter((state) => state !== 'empty')
  expect(states).toEqual(Array(ROUNDS).fill('succeeded'))
}
