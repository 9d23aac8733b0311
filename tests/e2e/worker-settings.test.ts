import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readTask, type TaskJson } from './support/api-client.ts'
import { makeDir, startCrew, TOKEN } from './support/crew.ts'
import { startWorker } from './support/recording-worker.ts'
import { eventually } from './support/waiting.ts'

const KEY = 'sk-live-canary-4711'
const BASE = 'Bearer canary-of-the-environment'

/** A server with a secret, whose workers answer with what they were sent, and how to run one task on it. */
async function makeWorld(env: Record<string, string> = {}) {
  const dir = makeDir()
  const worker = await startWorker(({ headers, worker: path }) => {
    const got = headers.get('authorization') ?? 'nothing'
    return path === 'bad' ? { status: 500, body: { error: `wrong key: ${got}` } } : { body: { output: { got } } }
  })
  const crew = await startCrew({
    dir,
    args: ['--log-level', 'trace'],
    env: { CREW_SECRET_SHOP: KEY, CREW_WORKER_BASE_URL: worker.url, CREW_WORKER_AUTHORIZATION_HEADER: BASE, ...env },
  })
  const run = async (name: string): Promise<TaskJson> => {
    const tasks = [{ id: `task-of-${name}`, worker: name, remainingAttempts: 1 }]
    await crew.api.post('/api/v1/task_groups/graph', { tasks })
    return eventually(`the task of ${name} ends`, async () => {
      const task = await readTask(crew.api, `task-of-${name}`)
      return (task.state === 'succeeded' || task.state === 'failed') && task
    })
  }
  return { dir, worker, crew, run, api: crew.api }
}

test('a worker is called by its own settings, and its secret is nowhere but in the call', async () => {
  const { dir, worker, crew, run, api } = await makeWorld({ CREW_EGRESS_ALLOW: '127.0.0.1' })
  for (const name of ['good', 'bad']) {
    const headers = { authorization: 'Bearer secret:SHOP' }
    await api.put(`/api/v1/worker/${name}`, { url: `${worker.url}/${name}`, headers })
  }
  expect(await run('good')).toMatchObject({ state: 'succeeded', output: { got: 'Bearer ***' } })
  expect(await run('bad')).toMatchObject({ state: 'failed' })
  expect(worker.deliveries.map(({ headers }) => headers.get('authorization'))).toEqual([
    `Bearer ${KEY}`,
    `Bearer ${KEY}`,
  ])
  const texts = await Promise.all(
    ['/api/v1/workers', '/api/v1/worker/good', '/api/v1/task/task-of-bad', '/api/v1/task/task-of-bad/attempts'].map(
      async (path) => (await api.call('GET', path)).text,
    ),
  )
  const tested = await api.call('POST', '/api/v1/worker/good/test', { input: 1 })
  expect(JSON.parse(tested.text)).toMatchObject({
    request: { headers: { authorization: 'Bearer secret:SHOP', 'crew-test': '1' } },
    answer: { status: 200 },
    outcome: 'succeeded',
  })
  crew.term()
  expect(await crew.ended).toBe(0)
  const files = readdirSync(dir).map((name) => readFileSync(join(dir, name), 'latin1'))
  expect(files.length).toBeGreaterThan(0)
  const everything = [...texts, tested.text, crew.stdout(), crew.stderr(), ...files].join('\n')
  expect(everything).not.toContain(KEY)
  expect(everything).not.toContain(TOKEN)
})

test('the authorization of the environment goes to the base URL, not to a URL that was set', async () => {
  const { worker, run, api } = await makeWorld({ CREW_EGRESS_ALLOW: '127.0.0.1' })
  await api.put('/api/v1/worker/own', { url: `${worker.url}/own` })
  await run('own')
  await run('base')
  expect(worker.deliveries.map(({ headers }) => headers.get('authorization') ?? null)).toEqual([null, BASE])
})

test('a private URL is refused, also in a spelling of its own', async () => {
  const { worker, api } = await makeWorld()
  const { port } = new URL(worker.url)
  for (const host of ['127.0.0.1', '0x7f.1', '2130706433', '[::ffff:7f00:1]', 'localhost']) {
    const { status, text } = await api.call('PUT', '/api/v1/worker/w', { url: `http://${host}:${port}/` })
    expect([status, JSON.parse(text).errors]).toMatchObject([422, [{ pointer: '/url' }]])
  }
  expect(worker.deliveries).toEqual([])
})

test('a limit that was set bounds what runs at once, and a pause stops it', async () => {
  const { worker, api } = await makeWorld()
  let most = 0
  let running = 0
  worker.respond = () => {
    most = Math.max(most, ++running)
    setTimeout(() => running--, 20)
    return { body: {}, delayMs: 20 }
  }
  await api.put('/api/v1/worker/busy', { maxConcurrent: 2 })
  const tasks = Array.from({ length: 20 }, () => ({ worker: 'busy' }))
  const { id } = await api.post<{ id: string }>('/api/v1/task_groups/graph', { tasks })
  const group = () => api.get<{ state: string }>(`/api/v1/task_group/${id}`)
  await eventually('all ran', async () => (await group()).state === 'succeeded')
  expect(most).toBe(2)
  await api.put('/api/v1/worker/busy', { isPaused: true })
  await api.post('/api/v1/task_groups/graph', { tasks })
  expect(await api.get('/api/v1/worker/busy')).toMatchObject({ isPaused: true, waiting: 20, inFlight: 0 })
  expect(worker.deliveries).toHaveLength(20)
})

test('a proxy of the environment is not asked', async () => {
  const trap = await startWorker()
  const proxies = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY'].map((name) => [
    name,
    trap.url,
  ])
  const { worker, run, api } = await makeWorld({ CREW_EGRESS_ALLOW: '127.0.0.1', ...Object.fromEntries(proxies) })
  await api.put('/api/v1/worker/own', { url: `${worker.url}/own` })
  expect([(await run('own')).state, (await run('base')).state]).toEqual(['succeeded', 'succeeded'])
  expect([worker.deliveries.length, trap.deliveries.length]).toEqual([2, 0])
})
