import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPython } from '../sdk-python/python.ts'
import { readAttempts, readTask, type TaskJson } from './support/api-client.ts'
import { type Crew, makeDir, startCrew, TOKEN, type Until } from './support/crew.ts'
import { eventually } from './support/waiting.ts'

const AUTHORIZATION = 'Bearer of-the-worker'
const SIGNING_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

let crew: Crew
const ends: (() => void | Promise<void>)[] = []
const until: Until = (end) => void ends.push(end)

beforeAll(async () => {
  const env = {
    CREW_EGRESS_ALLOW: '127.0.0.1',
    CREW_SECRET_AUTHORIZATION: AUTHORIZATION,
    CREW_SECRET_SIGNING: SIGNING_SECRET,
  }
  crew = await startCrew({ dir: makeDir(until), args: ['--demo'], env, until })
})

afterAll(async () => {
  for (const end of ends.reverse()) await end()
})

/** Starts an example as its home would, and tells the server where it is. */
async function serve(
  kind: string,
  target: string,
  worker: { name: string; settings?: object; env?: Record<string, string> },
) {
  const [, url = ''] = await startPython(['tests/serve.py', kind, target], worker.env).says(/listens at (http:\S+)/)
  await crew.api.put(`/api/v1/worker/${worker.name}`, { url, ...worker.settings })
}

/** A task in a group of its own. */
async function createTask(task: { worker: string; input: unknown }): Promise<TaskJson> {
  const { id } = await crew.api.post<{ id: string }>('/api/v1/task_groups', { name: task.worker })
  return crew.api.post(`/api/v1/task_group/${id}/tasks`, { remainingAttempts: 2, errorDelayInSeconds: 0, ...task })
}

const ended = ({ id }: TaskJson): Promise<TaskJson> =>
  eventually(`task ${id} ends`, async () => {
    const task = await readTask(crew.api, id)
    return (task.state === 'succeeded' || task.state === 'failed') && task
  })

test('an ASGI application answers with children that know each other', async () => {
  await serve('asgi', 'fastapi_app:app', { name: 'greet' })
  const { output, taskGroupId } = await ended(await createTask({ worker: 'greet', input: { name: 'Ada' } }))
  expect(output).toBe('Hello Ada')
  const { tasks } = await crew.api.get<{ tasks: TaskJson[] }>(`/api/v1/task_group/${taskGroupId}/tasks`)
  expect(tasks.map(({ worker, input, parentIds }) => [worker, input, parentIds.length])).toEqual([
    ['greet', { name: 'Ada' }, 0],
    ['count', 'A', 1],
    ['count', 'a', 1],
    ['count', 'd', 1],
    ['sum', null, 4],
  ])
})

test('a WSGI application is rate limited without using up an attempt, and numbers keep their digits', async () => {
  await serve('wsgi', 'flask_app:app', { name: 'stock' })
  const { id: group } = await crew.api.post<{ id: string }>('/api/v1/task_groups', { name: 'stock' })
  const body = '{"worker":"stock","remainingAttempts":1,"input":{"sku":"a","price":0.10000000000000000001}}'
  const task = await crew.api.post<TaskJson>(`/api/v1/task_group/${group}/tasks`, body)
  await ended(task)
  const { text } = await crew.api.call('GET', `/api/v1/task/${task.id}`)
  expect(text).toContain('"output":{"sku":"a","price":0.10000000000000000001,"attempt":2}')
  expect((await readAttempts(crew.api, task.id)).map(({ outcome }) => outcome)).toEqual(['rateLimited', 'succeeded'])
})

test('a Lambda lets in what the server has signed, and nothing else', async () => {
  const env = { CREW_SIGNING_SECRET: SIGNING_SECRET }
  const settings = { signingSecret: 'secret:SIGNING' }
  await serve('lambda', 'lambda_function:handler', { name: 'resize', settings, env })
  const task = await ended(await createTask({ worker: 'resize', input: { size: [640, 480] } }))
  const [attempt] = await readAttempts(crew.api, task.id)
  expect(task.output).toEqual({ size: [320, 240], once: attempt?.deliveryId })
  await crew.api.put('/api/v1/worker/resize', { signingSecret: null })
  const { errors } = await ended(await createTask({ worker: 'resize', input: { size: [1, 1] } }))
  expect(errors[0]).toBe('HTTP 401: the request is not signed: it has no webhook-timestamp')
})

test('a cloud function is called with its authorization, and fails for good when it says so', async () => {
  const settings = { headers: { authorization: 'secret:AUTHORIZATION' } }
  await serve('cloud', 'cloud_function:charge', {
    name: 'charge',
    settings,
    env: { WORKER_AUTHORIZATION: AUTHORIZATION },
  })
  expect((await ended(await createTask({ worker: 'charge', input: { amount: 5 } }))).output).toBe('charged 5')
  const refused = await ended(await createTask({ worker: 'charge', input: { amount: 0 } }))
  expect([refused.state, refused.errors]).toEqual(['failed', ['0 is no amount']])
})

test('a long-running worker accepts its task and completes it later', async () => {
  await serve('wsgi', 'long_running:app', { name: 'export' })
  const task = await ended(await createTask({ worker: 'export', input: { rowsPerPage: 20 } }))
  expect([task.output, task.errors]).toEqual([{ rows: 100 }, []])
  const { heartbeat } = await crew.api.get<{ heartbeat: object }>(`/api/v1/task/${task.id}/attempts`)
  const logs = [0, 1, 2, 3, 4].map((page) => `page ${page} is written`)
  expect(heartbeat).toMatchObject({ attempt: 1, progress: 1, message: '100 rows', logs })
})

test('a poller takes tasks, and drains when it is told to stop', async () => {
  const env = { CREW_URL: crew.url, CREW_TOKEN: TOKEN }
  await crew.api.put('/api/v1/worker/texts/translate', { mode: 'pull' })
  const poller = startPython(['tests/serve.py', 'run', 'poller'], env)
  await poller.says(/asks for tasks/)
  const tasks = await Promise.all(
    ['one', 'two'].map((text) => createTask({ worker: 'texts/translate', input: { text } })),
  )
  expect((await Promise.all(tasks.map(ended))).map(({ output }) => output)).toEqual(['ONE', 'TWO'])
  poller.kill('SIGTERM')
  expect(await poller.ended).toMatchObject({ code: 0 })
})

test('a client makes a graph once, however often it asks, and waits for it', async () => {
  const env = { CREW_URL: crew.url, CREW_TOKEN: TOKEN }
  const asked = ['once', 'at the same time'].map(() => startPython(['examples/make_graph.py', 'nightly'], env).ended)
  for (const { code, output } of await Promise.all(asked)) {
    expect([code, output]).toEqual([0, "succeeded\n{'pages': 1}\n"])
  }
})
