import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { awakeMs } from '../support/awake.ts'
import { type CrewProcess, eventually, makeFolder, startCrew } from './crew-process.ts'
import { clientOf } from './http-client.ts'

const TOKEN = 'token-of-the-test'

test('a task that is due in an hour does not delay the end', async () => {
  const { crew, createTask } = await makeServer()
  await createTask({ worker: 'echo', runAfter: new Date(Date.now() + 3_600_000).toISOString() })
  const end = await timedStop(crew)
  expect(end.code).toBe(0)
  expect(end.ms).toBeLessThan(2000)
})

test('open streams and websockets do not delay the end', async () => {
  const { crew, client, createTask } = await makeServer()
  const task = await createTask({ worker: 'echo' })
  const stream = await fetch(`${crew.url}/api/v1/events`, { headers: { authorization: `Bearer ${TOKEN}` } })
  const socket = new WebSocket(
    `${crew.url.replace('http', 'ws')}/api/v1/task_group/${task.taskGroupId}/stream/${TOKEN}`,
  )
  const isClosed = new Promise((resolve) => socket.once('close', resolve))
  await new Promise((resolve) => socket.once('open', resolve))
  await client.get('/api/v1/task_groups')
  const end = await timedStop(crew)
  expect(end.code).toBe(0)
  expect(end.ms).toBeLessThan(2000)
  await Promise.all([isClosed, stream.text()])
})

test('attempts in flight finish first, while the server says that it takes no more', async () => {
  const held = await startHeldWorker()
  const { crew, client, createTask, restart } = await makeServer({ CREW_EGRESS_ALLOW: '127.0.0.0/8' })
  await client.put('/api/v1/worker/held', { url: held.url })
  const running = await createTask({ worker: 'held' })
  await eventually(async () => (await stateOf(client, running.id)) === 'running')
  crew.kill('SIGTERM')
  await eventually(async () => (await fetch(`${crew.url}/readyz`)).status === 503)
  expect(await (await fetch(`${crew.url}/readyz`)).json()).toMatchObject({
    ready: false,
    detail: { state: 'stopping' },
  })
  expect((await fetch(`${crew.url}/healthz`)).status).toBe(200)
  const late = await createTask({ worker: 'echo' })
  held.answer()
  expect(await crew.ended).toBe(0)

  const next = await restart()
  expect(await stateOf(next.client, running.id)).toBe('succeeded')
  await eventually(async () => (await stateOf(next.client, late.id)) === 'succeeded')
  const [first] = await attemptsOf(next.client, running.id)
  const [second] = await attemptsOf(next.client, late.id)
  expect([first?.outcome, second?.outcome]).toEqual(['succeeded', 'succeeded'])
  expect(Date.parse(second?.startedAt ?? '')).toBeGreaterThan(Date.parse(first?.endedAt ?? ''))
})

test('an attempt that takes too long is given back and runs again after the next start', async () => {
  const { crew, client, createTask, restart } = await makeServer({ CREW_SHUTDOWN_TIMEOUT_IN_MILLISECONDS: '300' })
  const task = await createTask({ worker: 'slow', input: { delayMs: 60_000 } })
  await eventually(async () => (await stateOf(client, task.id)) === 'running')
  const end = await timedStop(crew)
  expect(end.code).toBe(0)
  expect(end.withStallsMs).toBeGreaterThan(290)
  expect(end.ms).toBeLessThan(300 + 2000)

  const next = await restart()
  await eventually(async () => (await stateOf(next.client, task.id)) === 'running')
  expect(await next.client.get(`/api/v1/task/${task.id}`)).toMatchObject({ remainingAttempts: 5, errors: [] })
})

test('a second signal ends the process at once', async () => {
  const { crew, client, createTask } = await makeServer()
  const task = await createTask({ worker: 'slow', input: { delayMs: 60_000 } })
  await eventually(async () => (await stateOf(client, task.id)) === 'running')
  crew.kill('SIGINT')
  await eventually(async () => crew.stdout().includes('"stopping"'))
  const end = await timedStop(crew, 'SIGINT')
  expect(end.code).toBe(130)
  expect(end.ms).toBeLessThan(1000)
})

test('after kill -9 the task that ran is found and runs again', async () => {
  const { crew, client, createTask, restart } = await makeServer()
  const task = await createTask({ worker: 'slow', input: { delayMs: 60_000 } })
  await eventually(async () => (await stateOf(client, task.id)) === 'running')
  crew.kill('SIGKILL')
  expect(await crew.ended).toBe('SIGKILL')
  const next = await restart()
  await eventually(async () => (await stateOf(next.client, task.id)) === 'running')
  expect(await next.client.get(`/api/v1/task/${task.id}`)).toMatchObject({ remainingAttempts: 5, errors: [] })
})

type Client = ReturnType<typeof clientOf>

async function makeServer(settings: Record<string, string> = {}) {
  const world = { folder: makeFolder(), args: ['--demo'], env: { CREW_AUTH_TOKEN: TOKEN, ...settings } }
  const start = async () => {
    const crew = await startCrew(world)
    return { crew, client: clientOf(crew, TOKEN) }
  }
  const { crew, client } = await start()
  const group = await client.post('/api/v1/task_groups', { name: 'stop' })
  const createTask = (task: object) => client.post(`/api/v1/task_group/${group.id}/tasks`, task)
  return { crew, client, createTask, restart: start }
}

async function timedStop(crew: CrewProcess, signal: NodeJS.Signals = 'SIGTERM') {
  const startedAt = performance.now()
  crew.kill(signal)
  const code = await crew.ended
  return { code, ms: awakeMs(startedAt), withStallsMs: performance.now() - startedAt }
}

/** A worker that answers when it is told to. */
async function startHeldWorker() {
  const open: ServerResponse[] = []
  const server = createServer((request, response) => {
    request.resume()
    open.push(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const answer = (): void => {
    for (const response of open) response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, answer }
}

const stateOf = async (client: Client, id: string): Promise<string> => (await client.get(`/api/v1/task/${id}`)).state

type Attempt = { readonly outcome: string; readonly startedAt: string; readonly endedAt: string }

async function attemptsOf(client: Client, id: string): Promise<Attempt[]> {
  return (await client.get(`/api/v1/task/${id}/attempts`)).attempts
}
