import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { type Api, listTasks, readTask } from './support/api-client.ts'
import { type Crew, makeDir, startCrew, TOKEN } from './support/crew.ts'
import { eventually } from './support/waiting.ts'

/** A task as a worker of Crew v1 looks at it. */
interface V1Task {
  readonly _id: string
  readonly channel: string
  readonly input: unknown
}
interface V1Parent {
  readonly _id: string
  readonly channel: string
  readonly input: unknown
  readonly output: unknown
}
type V1Result = { readonly output?: unknown; readonly children?: readonly object[] }

/** What a worker of v1 throws to have its workgroup held. */
class Slowdown extends Error {
  readonly seconds: number

  constructor(message: string, seconds: number) {
    super(message)
    this.seconds = seconds
  }
}

const CHANNEL = 'shopify/ads'

async function startV1(): Promise<Crew> {
  return startCrew({ dir: makeDir(), env: { CREW_LOG_LEVEL: 'error' } })
}

/** One round of v1's loop: fetch, do, release with what came of it. Answers the task, or null when there was none. */
async function round(
  api: Api,
  { workerId = 'js-worker', channel = CHANNEL }: { workerId?: string; channel?: string },
  work: (task: V1Task, parents: readonly V1Parent[]) => V1Result,
): Promise<V1Task | null> {
  const { task, parents = [] } = await api.post<{ task: V1Task | null; parents?: V1Parent[] }>(
    `/api/v1/channel/${channel}/acquire`,
    { workerId },
  )
  if (task === null) return null
  await api.post(`/api/v1/task/${task._id}/release`, { workerId, ...resultOf(() => work(task, parents)) })
  return task
}

/** As its JavaScript worker: nothing is null, no children are an empty list, and what is thrown is the error. */
function resultOf(work: () => V1Result): object {
  try {
    const { output, children } = work()
    return { output: output || null, children: children ?? [] }
  } catch (error) {
    const { message } = error as Error
    return error instanceof Slowdown ? { error: message, workgroupDelayInSeconds: error.seconds } : { error: message }
  }
}

/** Rounds until there is nothing to fetch. */
async function workOff(api: Api, work: (task: V1Task, parents: readonly V1Parent[]) => V1Result): Promise<V1Task[]> {
  const done: V1Task[] = []
  for (;;) {
    const task = await round(api, {}, work)
    if (task === null) return done
    done.push(task)
  }
}

const makeGraph = (api: Api, tasks: readonly object[]) =>
  api.post('/api/v1/task_groups/graph', {
    id: 'g',
    name: 'v1',
    tasks: tasks.map((task) => ({ worker: CHANNEL, ...task })),
  })

test('a worker of v1 works off tasks by priority, with the outputs of their parents', async () => {
  const { api } = await startV1()
  await makeGraph(api, [
    { id: 'low', input: 1, priority: -1 },
    { id: 'high', input: 2, priority: 5 },
    { id: 'child', input: 3, priority: 9, parentIds: ['low', 'high'] },
  ])
  const seen: (readonly V1Parent[])[] = []
  const done = await workOff(api, ({ input }, parents) => {
    seen.push(parents)
    return { output: { doubled: Number(input) * 2 } }
  })
  expect(done.map(({ _id, channel }) => [_id, channel])).toEqual([
    ['high', CHANNEL],
    ['low', CHANNEL],
    ['child', CHANNEL],
  ])
  expect(seen).toEqual([
    [],
    [],
    [
      { _id: 'low', channel: CHANNEL, input: 1, output: { doubled: 2 } },
      { _id: 'high', channel: CHANNEL, input: 2, output: { doubled: 4 } },
    ],
  ])
  expect(await api.get('/api/v1/channels')).toEqual([
    { name: CHANNEL, totalCount: 3, completedCount: 3, assignedCount: 0 },
  ])
})

test("children in v1's form come in their order, with ids of the server", async () => {
  const { api } = await startV1()
  await makeGraph(api, [{ id: 'first', input: 'start' }])
  const inputs: unknown[] = []
  const done = await workOff(api, ({ input }, parents) => {
    inputs.push([input, parents.length])
    const children = [
      { _child_id: 'last', _parent_ids: ['middle'], channel: CHANNEL, input: 'end' },
      { _child_id: 'middle', channel: CHANNEL, input: 'then' },
    ]
    return input === 'start' ? { children } : {}
  })
  expect(inputs).toEqual([
    ['start', 0],
    ['then', 1],
    ['end', 2],
  ])
  const [first, middle, last] = done.map(({ _id }) => _id)
  expect([middle, last]).not.toContain('middle')
  expect((await readTask(api, last ?? '')).parentIds.toSorted()).toEqual([first, middle].toSorted())
})

test('an error of a worker of v1 uses an attempt, and holds the workgroup when it says so', async () => {
  const { api } = await startV1()
  const tasks = [
    { id: 'a', workgroup: 'account', errorDelayInSeconds: 0, priority: 1 },
    { id: 'b', workgroup: 'account' },
    { id: 'c', workgroup: 'other' },
  ]
  await makeGraph(api, tasks)
  const done = await workOff(api, ({ _id }) => {
    if (_id === 'a') throw new Slowdown('too many requests', 600)
    return {}
  })
  expect(done.map(({ _id }) => _id)).toEqual(['a', 'c'])
  expect(await readTask(api, 'a')).toMatchObject({
    errors: ['too many requests'],
    remainingAttempts: 4,
    state: 'throttled',
  })
  await api.post('/api/v1/workgroup/account/resume')
  expect(await round(api, {}, () => ({ output: 'at last' }))).toMatchObject({ _id: 'a' })
  expect(await readTask(api, 'a')).toMatchObject({ output: 'at last', isComplete: true })
})

test('tasks with one key are fetched once, and all end with its result', async () => {
  const { api } = await startV1()
  await makeGraph(api, [
    { id: 'a', key: 'k' },
    { id: 'b', key: 'k' },
    { id: 'after-b', parentIds: ['b'] },
  ])
  const done = await workOff(api, ({ _id }) => ({ output: `of ${_id}` }))
  expect(done.map(({ _id }) => _id)).toEqual(['a', 'after-b'])
  expect(await readTask(api, 'b')).toMatchObject({ output: 'of a', isComplete: true })
})

test('a task whose worker is never heard of again is free after its lease, and its late release is refused', async () => {
  const { api } = await startV1()
  await makeGraph(api, [{ id: 'a' }])
  // Long enough that it has not ended by the next call, whatever the machine does.
  const asked = { workerId: 'gone', leaseSeconds: 5 }
  const { task } = await api.post<{ task: V1Task }>(`/api/v1/channel/${CHANNEL}/acquire`, asked)
  expect(await round(api, {}, () => ({}))).toBeNull()
  await eventually('it is free', () => round(api, {}, () => ({ output: 'of another' })))
  const late = await api.call('POST', `/api/v1/task/${task._id}/release`, { workerId: 'gone', output: 'late' })
  expect([late.status, JSON.parse(late.text).code]).toEqual([409, 'attempt_superseded'])
  expect(await readTask(api, 'a')).toMatchObject({ output: 'of another', remainingAttempts: 5 })
})

test('a plucked task is fetched alone, when its group is resumed', async () => {
  const { api } = await startV1()
  await makeGraph(api, [
    { id: 'p', input: 1 },
    { id: 'a', input: 2, parentIds: ['p'] },
  ])
  await workOff(api, ({ input }) => ({ output: Number(input) + 10 }))
  const { id } = await api.post<{ id: string }>('/api/v1/task/a/pluck')
  expect(await round(api, {}, () => ({}))).toBeNull()
  await api.post(`/api/v1/task_group/${id}/resume`)
  const seen: unknown[] = []
  await workOff(api, ({ input }, parents) => {
    seen.push([input, parents.map(({ output }) => output)])
    return {}
  })
  expect(seen.at(-1)).toEqual([2, [11]])
})

const PYTHON = pythonPath()
const run = promisify(execFile)

test.skipIf(PYTHON === null)(
  "a worker in Python, as v1's, works off tasks, errors and children (skipped where there is no python3)",
  async () => {
    const { api, url } = await startV1()
    await makeGraph(api, [
      { id: 'number', input: 21, priority: 2 },
      { id: 'bad', input: 'bad', priority: 1, workgroup: 'w' },
      { id: 'many', input: { split: 3 } },
    ])
    const script = join(import.meta.dirname, 'crew-v1/worker.py')
    await run(PYTHON ?? '', [script, `${url.replace(/\/?$/, '/')}`, CHANNEL, TOKEN])
    const tasks = await listTasks(api, 'g')
    const outputs = Object.fromEntries(
      tasks.map(({ id, input, output }) => [typeof input === 'object' ? id : `${input}`, output]),
    )
    // Each child has its creator as a parent, whose output is no number.
    expect(outputs).toEqual({ '21': 42, bad: null, many: 'split', '0': 0, '1': 2, '2': 4, sum: 6 })
    expect(await readTask(api, 'bad')).toMatchObject({ errors: ['cannot double it'], isComplete: false })
    expect(await api.get('/api/v1/workgroup/w')).toMatchObject({ isHeld: true })
  },
)

function pythonPath(): string | null {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' })
    return 'python3'
  } catch {
    return null
  }
}
