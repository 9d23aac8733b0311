import { spawnSync } from 'node:child_process'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { type CrewProcess, eventually, makeFolder, startCrew } from './crew-process.ts'

const TOKEN = 'token-of-the-test'
/** Sets a running process a limit of the size of its files; what is larger takes no more, as on a disk that is full. */
const NO_LIMITS = spawnSync('prlimit', ['--version']).error ? 'this system has no prlimit (util-linux)' : ''

/** A worker that accepts each task with 202, and what it was told of where to finish it. */
async function openWorker() {
  const callbacks = new Map<string, { url: string; token: string }>()
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const { taskId, callback } = JSON.parse(body)
      callbacks.set(taskId, callback)
      response.writeHead(taskId.startsWith('slow') ? 202 : 200).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { callbacks, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const part of request) body += part
  return body
}

function limitFiles({ pid }: CrewProcess, bytes: string): void {
  const { status, stderr } = spawnSync('prlimit', ['--pid', `${pid}`, `--fsize=${bytes}:unlimited`], {
    encoding: 'utf8',
  })
  expect([status, stderr]).toEqual([0, ''])
}

/** Calls of the API, by whoever has the token. */
const clientOf = (crew: CrewProcess) => async (method: string, path: string, body?: unknown) => {
  const headers = {
    authorization: `Bearer ${TOKEN}`,
    ...(body !== undefined && { 'content-type': 'application/json' }),
  }
  const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) }
  const answer = await fetch(new URL(path, `${crew.url}/`), init)
  const text = await answer.text()
  return { status: answer.status, text, json: () => JSON.parse(text) }
}

test('a full disk leaves what is stored readable, and goes on by itself when there is room', async ({ skip }) => {
  skip(NO_LIMITS !== '', NO_LIMITS)
  const worker = await openWorker()
  const env = { CREW_AUTH_TOKEN: TOKEN, CREW_AUTH_PASSWORD: 'hunter2-hunter2', CREW_WORKER_BASE_URL: worker.url }
  const crew = await startCrew({ folder: makeFolder(), env })
  const call = clientOf(crew)
  const credentials = { username: 'admin', password: 'hunter2-hunter2' }
  const stateOf = async (id: string): Promise<string> => (await call('GET', `api/v1/task/${id}`)).json().state
  await call('PUT', 'api/v1/worker/polled', { mode: 'pull' })
  const tasks = [
    { id: 'slow', worker: 'w' },
    { id: 'next', worker: 'w', parentIds: ['slow'] },
    { id: 'p', worker: 'polled' },
  ]
  expect((await call('POST', 'api/v1/task_groups/graph', { id: 'g', tasks })).status).toBe(200)
  await eventually(async () => worker.callbacks.has('slow') && (await stateOf('slow')) === 'running')

  limitFiles(crew, '10000')
  const refused = await call('POST', 'api/v1/task_groups', { name: 'no room' })
  expect([refused.status, refused.json().code]).toEqual([503, 'storage_full'])
  await eventually(async () => (await call('GET', 'readyz')).json().detail.state === 'read-only')
  expect((await call('GET', 'readyz')).status).toBe(503)
  expect((await call('GET', 'livez')).status).toBe(200)
  // Reads go on; a login, which writes a session, says what is wrong.
  expect((await call('GET', 'api/v1/task_group/g/tasks')).json().count).toBe(3)
  const login = await call('POST', 'login', credentials)
  expect([login.status, login.json().code]).toEqual([503, 'storage_full'])
  const polled = await call('POST', 'api/v1/channel/polled/acquire', { workerId: 'p1' })
  expect([polled.status, JSON.parse(polled.text).code]).toEqual([503, expect.stringMatching(/^storage_/)])
  const callback = worker.callbacks.get('slow')
  const beat = await call('POST', `${callback?.url}/heartbeat`, {})
  expect([200, 503]).toContain(beat.status)
  // The answer of a worker is kept until there is room.
  const ended = call('POST', `${callback?.url}/complete`, { output: 'kept' })
  const metrics = await eventually(async () => {
    const { text } = await call('GET', 'metrics')
    return text.includes('crew_store_read_only 1') && text
  })
  expect(metrics).toContain('crew_store_up 1')

  limitFiles(crew, 'unlimited')
  expect((await ended).status).toBe(200)
  await eventually(async () => (await stateOf('next')) === 'succeeded')
  expect((await call('GET', 'api/v1/task/slow')).json().output).toBe('kept')
  await eventually(async () => (await call('GET', 'readyz')).status === 200)
  expect((await call('POST', 'login', credentials)).status).toBe(200)
  expect((await call('POST', 'api/v1/channel/polled/acquire', { workerId: 'p1' })).json().task).toMatchObject({
    id: 'p',
  })
  expect((await call('GET', 'metrics')).text).toContain('crew_store_read_only 0')
  crew.kill('SIGTERM')
  expect(await crew.ended).toBe(0)
})
