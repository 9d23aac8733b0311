import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { expect, onTestFinished, test } from 'vitest'
import { startRedisServer } from '../support/redis-server.ts'
import { readTask } from './support/api-client.ts'
import { type Crew, makeDir, runCrew, startCrew, TOKEN } from './support/crew.ts'
import { type Delivery, startWorker } from './support/recording-worker.ts'
import { eventually } from './support/waiting.ts'

const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`
const newKey = (): string => randomBytes(32).toString('base64')

/** Whether the public library takes a delivery, as the bytes that arrived, by this secret. */
function isTaken(secret: string, { headers, body }: Delivery): boolean {
  try {
    return new Webhook(secret).verify(body, Object.fromEntries(headers)) !== undefined
  } catch {
    return false
  }
}

async function runTask({ api }: Crew, id: string, worker: string) {
  await api.post('/api/v1/task_groups/graph', { tasks: [{ id, worker, remainingAttempts: 1, input: 'ü \u{1f600}' }] })
  return eventually(`${id} ends`, async () => {
    const task = await readTask(api, id)
    return (task.state === 'succeeded' || task.state === 'failed') && task
  })
}

/** What everybody who may read can read. */
async function answersOf({ api }: Crew, taskIds: readonly string[]): Promise<string[]> {
  const paths = [
    '/api/v1/workers',
    '/api/v1/worker/own',
    '/api/v1/activity',
    '/api/v1/system',
    '/metrics',
    '/openapi.json',
  ]
  const ofTasks = taskIds.flatMap((id) =>
    ['', '/attempts', '/why', '/request'].map((path) => `/api/v1/task/${id}${path}`),
  )
  return Promise.all([...paths, ...ofTasks].map(async (path) => (await api.call('GET', path)).text))
}

/** Collects what a server tells whoever listens to its events, until the test ends. */
async function collectEvents({ url }: Crew): Promise<() => string> {
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  const headers = { authorization: `Bearer ${TOKEN}` }
  const { body } = await fetch(`${url}/api/v1/events`, { headers, signal: stop.signal })
  let text = ''
  const reading = body?.pipeThrough(new TextDecoderStream()).pipeTo(
    new WritableStream({
      write(chunk) {
        text += chunk
      },
    }),
  )
  // It ends with the server, or with the test.
  reading?.catch(() => {})
  return () => text
}

/** Every byte below a folder. */
function bytesIn(folder: string): string {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))
  return paths.flatMap((path) => (statSync(path).isFile() ? [readFileSync(path, 'latin1')] : [])).join('\n')
}

/** A store that servers of a test follow each other on, and all that it wrote to the disk. */
const stores = {
  sqlite: async () => {
    const dir = makeDir()
    return { dir, env: {}, written: async () => bytesIn(dir) }
  },
  redis: async () => {
    const redis = await startRedisServer({ isOwn: true, appendonly: 'always', config: { rdbcompression: 'no' } })
    onTestFinished(() => redis.stop())
    const written = async () => {
      await redis.command('save')
      return bytesIn(redis.directory)
    }
    return { dir: makeDir(), env: { CREW_STORAGE: redis.url }, written }
  },
}

test.each(['sqlite', 'redis'] as const)(
  'on %s deliveries are verified by the public library, through rotations of secret and key, and secrets are nowhere',
  async (engine) => {
    const store = await stores[engine]()
    const [first, second, base] = [newSecret(), newSecret(), newSecret()]
    const [key, nextKey] = [newKey(), newKey()]
    const worker = await startWorker(({ headers, worker: name }) => ({
      body: { output: { got: Object.fromEntries(headers), secret: name === 'own' ? first : base } },
    }))
    const texts: string[] = []
    const start = (env: Record<string, string>) =>
      startCrew({
        dir: store.dir,
        args: ['--log-level', 'trace'],
        env: { CREW_WORKER_BASE_URL: worker.url, CREW_WORKER_SIGNING_SECRET: base, ...store.env, ...env },
      })
    const stop = async (crew: Crew, taskIds: readonly string[]) => {
      texts.push(...(await answersOf(crew, taskIds)))
      crew.term()
      expect(await crew.ended).toBe(0)
      texts.push(crew.stdout(), crew.stderr())
    }
    const takenBy = (taskId: string): string[] =>
      [first, second, base].filter((secret) => worker.of(taskId).every((delivery) => isTaken(secret, delivery)))

    const crew = await start({ CREW_SECRET_KEY: key })
    const events = await collectEvents(crew)
    await crew.api.put('/api/v1/worker/own', { signingSecret: first })
    await runTask(crew, 'by-own', 'own')
    await runTask(crew, 'by-base', 'other')
    texts.push((await crew.api.call('POST', '/api/v1/worker/own/test', { input: 1 })).text)
    const { signingSecret } = await crew.api.get<{ signingSecret: string }>('/api/v1/worker/own')
    await crew.api.put('/api/v1/worker/own', { signingSecret: [second, signingSecret] })
    await runTask(crew, 'by-both', 'own')
    expect([takenBy('by-own'), takenBy('by-base'), takenBy('by-both')]).toEqual([[first], [base], [first, second]])
    const tested = worker.deliveries.find(({ headers }) => headers.has('crew-test'))
    expect(tested && isTaken(first, tested)).toBe(true)
    await eventually('the end of the last task is told', async () => events().includes('by-both'))
    texts.push(events())
    await stop(crew, ['by-own', 'by-base', 'by-both'])

    const rotated = await start({ CREW_SECRET_KEY: nextKey, CREW_SECRET_KEY_OLD: key })
    await runTask(rotated, 'after-rotation', 'own')
    await rotated.api.put('/api/v1/worker/own', {})
    await stop(rotated, ['after-rotation'])

    const renewed = await start({ CREW_SECRET_KEY: nextKey })
    await runTask(renewed, 'by-new-key', 'own')
    expect([takenBy('after-rotation'), takenBy('by-new-key')]).toEqual([
      [first, second],
      [first, second],
    ])
    await stop(renewed, ['by-new-key'])

    const keyless = await start({})
    const failed = await runTask(keyless, 'without-key', 'own')
    expect(failed).toMatchObject({ state: 'failed', errors: [expect.stringContaining('set CREW_SECRET_KEY')] })
    expect(worker.of('without-key')).toEqual([])
    await stop(keyless, ['without-key'])

    const everything = [...texts, await store.written()].join('\n')
    expect(everything).toContain('whsec_****')
    const keysInBase64 = [first, second, base].map((secret) => secret.slice(6)).concat(key, nextKey)
    const spellings = keysInBase64.flatMap((text) => [text, Buffer.from(text, 'base64').toString('latin1')])
    expect(spellings.map((text) => everything.includes(text))).toEqual(spellings.map(() => false))
  },
)

test('a signing secret of the server that cannot sign is one sentence at the start, without its value', async () => {
  const dir = makeDir()
  const pair = `whsk_${Buffer.alloc(64, 5).toString('base64')}`
  for (const secret of [pair, 'whsec_c2hvcnQ=']) {
    const { code, stderr } = await runCrew({
      dir,
      args: ['start', '--port', '0'],
      env: { CREW_STORAGE: 'memory', CREW_WORKER_SIGNING_SECRET: secret },
    })
    expect([code, stderr.includes('CREW_WORKER_SIGNING_SECRET'), stderr.includes(secret.slice(6, 14))]).toEqual([
      2,
      true,
      false,
    ])
  }
})
