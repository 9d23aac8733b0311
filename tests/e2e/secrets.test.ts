import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startRedisServer } from '../support/redis-server.ts'
import { openCollector } from '../tracing/tiny-collector.ts'
import { readTask } from './support/api-client.ts'
import { type Crew, makeDir, runCrew, startCrew } from './support/crew.ts'
import { startWorker, type WorkerAnswer } from './support/recording-worker.ts'
import { eventually } from './support/waiting.ts'

/** A value that stands nowhere by chance, and says what it was for when it is found. */
const canary = (what: string): string => `canary-${what}-${randomBytes(12).toString('hex')}`
const signing = (): string => `whsec_${randomBytes(32).toString('base64')}`

/** Everything secret that a server is given, by what it is. */
function makeSecrets() {
  return {
    authPassword: canary('auth-password'),
    authToken: canary('auth-token'),
    baseAuthorization: canary('base-authorization'),
    baseSigning: signing(),
    secretKey: randomBytes(32).toString('base64'),
    oldSecretKey: randomBytes(32).toString('hex'),
    headerSecret: canary('header-secret'),
    workerSigning: signing(),
    receiverSigning: signing(),
    redisPassword: canary('redis-password'),
    collectorHeader: canary('collector-header'),
    collectorPassword: canary('collector-password'),
    userPassword: canary('user-password'),
  }
}

/** Answers with all that it was sent, well or badly by its name: what workers repeat is the likeliest leak. */
function repeat(worker: string, headers: ReadonlyMap<string, string>): WorkerAnswer {
  const sent = Object.fromEntries(headers)
  if (worker === 'later') return { status: 202, body: {} }
  if (worker.startsWith('bad')) return { status: 500, body: { error: JSON.stringify(sent) } }
  return { body: { output: sent } }
}

async function openWorld(engine: 'sqlite' | 'redis') {
  const secrets = makeSecrets()
  const dir = makeDir()
  const collector = await openCollector()
  const worker = await startWorker(({ worker: name, headers }) => repeat(name, headers))
  const redis = engine === 'redis' ? await startRedisServer({ config: { requirepass: secrets.redisPassword } }) : null
  onTestFinished(async () => void (await redis?.stop()))
  const env = {
    CREW_AUTH_PASSWORD: secrets.authPassword,
    CREW_AUTH_TOKEN: secrets.authToken,
    CREW_WORKER_BASE_URL: worker.url,
    CREW_WORKER_AUTHORIZATION_HEADER: `Bearer ${secrets.baseAuthorization}`,
    CREW_WORKER_SIGNING_SECRET: secrets.baseSigning,
    CREW_SECRET_KEY: secrets.secretKey,
    CREW_SECRET_KEY_OLD: secrets.oldSecretKey,
    CREW_SECRET_SHOP: secrets.headerSecret,
    CREW_EGRESS_ALLOW: '127.0.0.0/8',
    CREW_LOG_LEVEL: 'trace',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url.replace('//', `//crew:${secrets.collectorPassword}@`),
    OTEL_EXPORTER_OTLP_HEADERS: `x-collector-key=${secrets.collectorHeader}`,
    ...(redis && { CREW_STORAGE: `redis://default:${secrets.redisPassword}@${redis.host}:${redis.port}` }),
  }
  const crew = await startCrew({ dir, env })
  return { secrets, dir, env, crew, worker, collector, redis }
}

type World = Awaited<ReturnType<typeof openWorld>>

/** With the configured token, as anybody with all rights. */
function asker({ url }: Crew, token: string) {
  return async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const all = { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers }
    const answer = await fetch(`${url}${path}`, {
      method,
      // One that is empty is left out.
      headers: Object.entries(all).filter(([, value]) => value !== ''),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return { status: answer.status, headers: answer.headers, text: await answer.text() }
  }
}

/** Real work with every secret in use; answers those that Crew made meanwhile, and what it said where nothing secret may be. */
async function work({ secrets, crew, worker }: World) {
  const ask = asker(crew, secrets.authToken)
  const said: string[] = []
  const tell = async (...call: Parameters<typeof ask>): Promise<void> => {
    const { status, text } = await ask(...call)
    expect([call.slice(0, 2), status]).toEqual([call.slice(0, 2), 200])
    said.push(text)
  }
  const headers = { authorization: 'Bearer secret:SHOP', 'x-shop-key': 'secret:SHOP' }
  for (const name of ['own', 'bad-own'])
    await tell('PUT', `/api/v1/worker/${name}`, {
      url: `${worker.url}/${name}`,
      headers,
      signingSecret: secrets.workerSigning,
    })
  await tell('PUT', '/api/v1/notifications', {
    notify: [{ url: `${worker.url}/bad-hook`, signingSecret: secrets.receiverSigning }],
  })
  await tell(
    'POST',
    '/api/v1/users',
    { name: 'ada', password: secrets.userPassword, role: 'operator' },
    { 'idempotency-key': 'one' },
  )
  await tell('POST', '/api/v1/worker/own/test', { input: 1 })
  const login = await ask('POST', '/login', { username: 'ada', password: secrets.userPassword }, { authorization: '' })
  const session = JSON.parse(login.text).token as string
  const made = await ask('POST', '/api/v1/tokens', { name: 'program', role: 'viewer' }, { 'idempotency-key': 'two' })
  const tasks = ['base', 'bad-base', 'own', 'bad-own', 'later'].map((name) => ({
    id: name,
    worker: name,
    remainingAttempts: 1,
  }))
  await tell(
    'POST',
    '/api/v1/task_groups/graph',
    { id: 'g', tasks },
    { authorization: '', cookie: `crew_session=${session}`, 'sec-fetch-site': 'same-origin' },
  )
  const [delivery] = await worker.arrived('later')
  const { callback } = JSON.parse(delivery?.body.toString() ?? '{}')
  await ask('POST', new URL(`${callback.url}/heartbeat`).pathname, { message: 'at work' }, { authorization: '' })
  for (const id of ['base', 'bad-base', 'own', 'bad-own'])
    await eventually(`${id} ends`, async () =>
      ['succeeded', 'failed'].includes(
        (await readTask({ get: async (path: string) => JSON.parse((await ask('GET', path)).text) } as never, id)).state,
      ),
    )
  await eventually('a receiver was told in vain', () => worker.deliveries.some((each) => each.worker === 'bad-hook'))
  // What is wrong is told as well, with what was sent.
  for (const wrong of [
    ask('PUT', '/api/v1/worker/own', { headers: { authorization: `Bearer ${secrets.headerSecret}` } }),
    ask('PUT', '/api/v1/worker/own', { signingSecret: `${secrets.workerSigning}=` }),
    ask('GET', '/api/v1/task_groups', undefined, { authorization: `Bearer ${secrets.authToken}x` }),
    ask('POST', '/login', { username: 'admin', password: `${secrets.authPassword}x` }),
    ask('GET', `/api/v1/task_groups?token=${secrets.authToken}`),
  ]) {
    const { status, text } = await wrong
    expect(status).toBeGreaterThanOrEqual(400)
    said.push(text)
  }
  const token = JSON.parse(made.text).secret as string
  return { made: { session, token, callbackToken: callback.token as string }, said }
}

const ids: Readonly<Record<string, string>> = { id: 'g', gid: 'g', tid: 'bad-own', name: 'own', channel: 'own' }

/** What every address answers that only reads. */
async function readEverything(ask: ReturnType<typeof asker>): Promise<Map<string, string>> {
  const { paths } = JSON.parse((await ask('GET', '/openapi.json')).text)
  const all = Object.entries<object>(paths).flatMap(([path, methods]) => ('get' in methods ? [path] : []))
  const listening = ['/api/v1/events', '/api/v1/live', '/api/v1/task_group/{gid}/stream/{token}']
  const answers = new Map<string, string>()
  for (const pattern of ['/', '/docs', ...all.filter((path) => !listening.includes(path))]) {
    const id = /\/(task|error|bulk|schedule|user|token|workgroup)\//.exec(pattern)?.[1] === 'task' ? 'bad-own' : 'g'
    const path = pattern.replace(/\{(\w+)\}/g, (_all, name: string) => (name === 'id' ? id : (ids[name] ?? 'own')))
    const { status, headers, text } = await ask('GET', path)
    expect([path, status < 500]).toEqual([path, true])
    answers.set(`GET ${path}`, `${JSON.stringify([...headers])}${text}`)
  }
  return answers
}

/** Every file below a folder, as text of single bytes. */
function readFiles(dir: string): [string, string][] {
  return readdirSync(dir, { recursive: true })
    .map((name) => join(dir, String(name)))
    .filter((path) => statSync(path).isFile())
    .map((path) => [path.replace(dir, 'file '), readFileSync(path, 'latin1')])
}

/** What every user of the machine may see of a process; '' where the system does not show it as Linux does. */
function argumentsOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

/** In every spelling that somebody would read it in. */
function spellingsOf(secret: string): string[] {
  const bare = secret.replace(/^whsec_/, '')
  return [
    bare,
    encodeURIComponent(bare),
    JSON.stringify(bare).slice(1, -1),
    Buffer.from(bare).toString('base64').replace(/=*$/, '').slice(0, -2),
  ]
}

function findings(places: Iterable<[string, string]>, secrets: Readonly<Record<string, string>>): string[] {
  return [...places].flatMap(([place, text]) =>
    Object.entries(secrets).flatMap(([name, secret]) =>
      spellingsOf(secret).some((each) => text.includes(each)) ? [`${name} in ${place}`] : [],
    ),
  )
}

test.each(['sqlite', 'redis'] as const)(
  'on %s no secret is in a log, an answer, a page, a metric, a trace, a file or a report',
  async (engine) => {
    const world = await openWorld(engine)
    const { secrets, dir, env, crew, worker, collector, redis } = world
    const { made, said } = await work(world)
    const ask = asker(crew, secrets.authToken)
    const answers = await readEverything(ask)
    await collector.received(4)
    const backup = await runCrew({ dir, env, args: ['backup', 'backup.crew'] })
    const config = await runCrew({ dir, env, args: ['config'] })
    const json = await runCrew({ dir, env, args: ['config', '-o', 'json'] })
    const doctor = await runCrew({ dir, env: { ...env, PORT: new URL(crew.url).port }, args: ['doctor'] })
    expect([backup.code, config.code, json.code]).toEqual([0, 0, 0])
    const running = readFiles(dir)
    const commandLine = argumentsOf(crew.pid)
    crew.term()
    expect(await crew.ended).toBe(0)
    const places: [string, string][] = [
      ['log', crew.stdout()],
      ['arguments', commandLine],
      ['stderr', crew.stderr()],
      ['answers to what was asked', said.join('\n')],
      ...answers,
      ['traces', collector.requests.map(({ body }) => body).join('\n')],
      ...[backup, config, json, doctor].map(({ stdout, stderr }, index): [string, string] => [
        `command ${index}`,
        stdout + stderr,
      ]),
      ...running,
      ...readFiles(dir),
      ...(redis ? readFiles(redis.directory) : []),
    ]
    // The controls: there was something to be found, and what was searched is what was written.
    const sent = worker.deliveries.flatMap(({ headers }) => [...headers.values()]).join('\n')
    for (const used of [secrets.baseAuthorization, secrets.headerSecret]) expect(sent).toContain(used)
    expect(collector.requests[0]?.headers['x-collector-key']).toBe(secrets.collectorHeader)
    expect(findings([['x', Object.values(secrets).join(' ')]], secrets)).toHaveLength(Object.keys(secrets).length)
    const all = places.map(([, text]) => text).join('\n')
    for (const known of ['bad-base', 'at work', 'program', 'ada']) expect(all).toContain(known)
    expect(places.length).toBeGreaterThan(40)
    expect(findings(places, { ...secrets, ...made })).toEqual([])
  },
)
