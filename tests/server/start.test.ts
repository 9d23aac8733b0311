import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { type CrewProcess, DEMO_COMMAND, isCompiled, makeFolder, runCrew, startCrew } from './crew-process.ts'
import { clientOf, logIn } from './http-client.ts'

const TOKEN = 'token-of-the-test'

test('a server answers, logs lines of JSON, and tells people what they need on stderr', async () => {
  const folder = makeFolder()
  const crew = await startCrew({ folder, args: ['--demo'] })
  expect(await (await fetch(`${crew.url}/healthz`)).text()).toBe('Healthy!')
  expect(await (await fetch(`${crew.url}/readyz`)).json()).toMatchObject({
    ready: true,
    detail: {
      state: 'ready',
      storage: { engine: 'sqlite', survives: 'power' },
      lag: { schedulerMs: expect.any(Number) },
    },
  })
  crew.kill('SIGTERM')
  expect(await crew.ended).toBe(0)
  const lines = crew
    .stdout()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
    ['info', 'started'],
    ['info', 'stopping'],
    ['info', 'stopped'],
  ])
  expect(crew.stderr()).toContain(`Crew ${manifest.version} listens at ${crew.url}\n`)
  expect(crew.stderr()).toContain(`${crew.url}/docs`)
  expect(crew.stderr()).toContain('SQLite file crew.db')
  expect(existsSync(join(folder, 'crew.db'))).toBe(true)
})

test('the password is made and printed at the first start only, and logs in for ever', async () => {
  const folder = makeFolder()
  const first = await startCrew({ folder, args: ['--demo'] })
  const password = passwordOf(first)
  expect(await logIn(first.url, { username: 'admin', password })).toBe(200)
  expect(await logIn(first.url, { username: 'admin', password: `${password}x` })).toBe(401)
  expect(first.stderr()).toContain(`${DEMO_COMMAND} --url ${first.url} --password ${password}\n`)
  expect(first.stdout()).not.toContain(password)
  await stopped(first)

  const second = await startCrew({ folder, args: ['--demo'] })
  expect(await logIn(second.url, { username: 'admin', password })).toBe(200)
  expect(second.stderr()).not.toContain(password)
  expect(second.stderr()).toContain(`--url ${second.url} --password PASSWORD\n`)
  await stopped(second)
})

test('a password that was set is not printed', async () => {
  const env = { CREW_AUTH_PASSWORD: 'hunter2-hunter2', CREW_AUTH_TOKEN: TOKEN, CREW_STORAGE: 'memory' }
  const crew = await startCrew({ folder: makeFolder(), env })
  expect(await logIn(crew.url, { username: 'admin', password: 'hunter2-hunter2' })).toBe(200)
  await stopped(crew)
  expect(crew.stderr() + crew.stdout()).not.toMatch(/hunter2|token-of-the-test/)
})

test('settings come from flags, the environment, crew.toml and .env of the current folder', async () => {
  const folder = makeFolder()
  writeFileSync(join(folder, 'crew.toml'), 'storage = "memory"\nauth_username = "toml"')
  writeFileSync(
    join(folder, '.env'),
    'CREW_AUTH_PASSWORD=by-dotenv\nCREW_AUTH_USERNAME=dotenv\nCREW_STORAGE=sqlite:no.db',
  )
  const crew = await startCrew({ folder })
  expect(await logIn(crew.url, { username: 'toml', password: 'by-dotenv' })).toBe(200)
  expect(crew.stderr()).toContain('in memory')
  expect(existsSync(join(folder, 'no.db'))).toBe(false)
  await stopped(crew)
})

test('a relative path of the storage starts in the data folder', async () => {
  const dataDir = makeFolder()
  const crew = await startCrew({
    folder: makeFolder(),
    env: { CREW_DATA_DIR: dataDir, CREW_STORAGE: 'sqlite:tasks.db' },
  })
  expect(existsSync(join(dataDir, 'tasks.db'))).toBe(true)
  await stopped(crew)
})

test('with auth off nobody logs in, and the example needs no password', async () => {
  const crew = await startCrew({ folder: makeFolder(), args: ['--demo', '--auth', 'off', '--storage', 'memory'] })
  expect((await fetch(`${crew.url}/api/v1/task_groups`)).status).toBe(200)
  expect(crew.stderr()).toContain(`${DEMO_COMMAND} --url ${crew.url}\n`)
  await stopped(crew)
})

test('without an address for workers a task waits and says why; the demo workers are one', async () => {
  const env = { CREW_AUTH_TOKEN: TOKEN, CREW_STORAGE: 'memory' }
  const plain = await startCrew({ folder: makeFolder(), env })
  const reasons = await whyOf(plain)
  expect(reasons).toEqual(['no_address'])
  expect((await fetch(`${plain.url}/demo/`)).status).toBe(404)
  await stopped(plain)
})

test('metrics tell the version and the attempts in flight', async () => {
  const crew = await startCrew({ folder: makeFolder(), args: ['--auth', 'off', '--storage', 'memory'] })
  const text = await (await fetch(`${crew.url}/metrics`)).text()
  expect(text).toContain(`crew_build_info{version="${manifest.version}"} 1\n`)
  expect(text).toContain('crew_attempts_in_flight 0\n')
  expect(text).toMatch(/process_resident_memory_bytes \d{7,}\n/)
  await stopped(crew)
})

test('a second server on the same file is refused', async () => {
  const folder = makeFolder()
  const crew = await startCrew({ folder })
  expect(await runCrew({ folder, args: ['start', '--port', '0'] })).toEqual({
    code: 2,
    stdout: '',
    stderr: 'crew: crew.db is in use by another Crew: stop that one, or give this one a file of its own.\n',
  })
  expect((await fetch(`${crew.url}/healthz`)).status).toBe(200)
  await stopped(crew)
})

test('a port in use is refused, and the password is still to come', async () => {
  const crew = await startCrew({ folder: makeFolder(), args: ['--storage', 'memory'] })
  const { port } = new URL(crew.url)
  const folder = makeFolder()
  expect(await runCrew({ folder, args: ['start', '--port', port] })).toEqual({
    code: 2,
    stdout: '',
    stderr: `crew: Port ${port} of 127.0.0.1 is in use: stop what listens there, or set PORT to another one.\n`,
  })
  const next = await startCrew({ folder })
  expect(await logIn(next.url, { username: 'admin', password: passwordOf(next) })).toBe(200)
  await Promise.all([stopped(crew), stopped(next)])
})

test.each([
  [['--auth', 'off', '--host', '0.0.0.0'], 'CREW_AUTH is "off" and HOST is "0.0.0.0": without a login'],
  [['--storage', 'redis://127.0.0.1/nine'], 'CREW_STORAGE (or REDIS_ADDRESS) is "redis://127.0.0.1/nine": '],
  [['--storage', 'sqlite:missing/crew.db'], 'missing/crew.db cannot be opened as a store of Crew'],
  [['--host', '192.0.2.1'], 'HOST is "192.0.2.1": this machine has no such address'],
])('start %j is refused in one sentence', async (args, sentence) => {
  const { code, stdout, stderr } = await runCrew({ folder: makeFolder(), args: ['start', ...args] })
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(/^crew: [^\n]+\n$/)
  expect(stderr).toContain(sentence)
})

function passwordOf(crew: CrewProcess): string {
  return /admin \/ (\S+)/.exec(crew.stderr())?.[1] ?? ''
}

async function stopped(crew: CrewProcess): Promise<void> {
  crew.kill('SIGTERM')
  expect(await crew.ended).toBe(0)
}

async function whyOf(crew: CrewProcess): Promise<string[]> {
  const client = clientOf(crew, TOKEN)
  const group = await client.post('/api/v1/task_groups', { name: 'why' })
  const task = await client.post(`/api/v1/task_group/${group.id}/tasks`, { worker: 'echo' })
  const { reasons } = await client.get(`/api/v1/task/${task.id}/why`)
  return reasons.map(({ code }: { code: string }) => code)
}

test.runIf(existsSync('/proc/self/environ'))(
  'a compiled server starts again with options of its runtime: the same process, the same words, the same environment',
  async () => {
    const env = { CREW_STORAGE: 'memory', CREW_AUTH: 'off', BUN_JSC_thresholdForOptimizeSoon: '7' }
    const words = ['--worker-authorization-header', 'Basic two  words']
    const crew = await startCrew({ folder: makeFolder(), env, args: words })
    const of = (file: string): string[] => readFileSync(`/proc/${crew.pid}/${file}`, 'utf8').split('\0')
    expect(of('cmdline').join(' ')).toContain(words.join(' '))
    const options = of('environ').filter((line) => line.startsWith('BUN_JSC_'))
    const added = ['AfterLongWarmUp', 'AfterWarmUp'].map((when) => `BUN_JSC_thresholdForOptimize${when}=100`)
    expect(options.toSorted()).toEqual([...(isCompiled ? added : []), 'BUN_JSC_thresholdForOptimizeSoon=7'])
    expect(of('environ')).toContain('CREW_STORAGE=memory')
    await stopped(crew)
  },
)
