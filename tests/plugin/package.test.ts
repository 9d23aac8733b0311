import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { nodeProgram } from '../support/node-program.ts'
import { startRedisServer } from '../support/redis-server.ts'

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'crew-package-'))
const bun = process.execPath
const TIMEOUT_MS = 180_000

/** What the package holds, where an application would have it, and beside it only what it says that it needs. */
beforeAll(() => {
  execFileSync(bun, ['scripts/build-ui.ts'], { cwd: root })
  execFileSync(bun, ['scripts/build-plugin.ts'], { cwd: root })
  const packing = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
  const [{ filename }] = JSON.parse(execFileSync('npm', packing, { cwd: root, encoding: 'utf8' }))
  execFileSync('tar', ['-xzf', filename], { cwd: folder })
  cpSync(join(folder, 'package'), join(folder, 'node_modules/crew'), { recursive: true })
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  for (const name of Object.keys(dependencies)) link(name)
  cpSync(join(root, 'examples/embedding/server.mjs'), join(folder, 'server.mjs'))
}, TIMEOUT_MS)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const runtimes = ['Node', 'Bun'] as const

test.each(
  runtimes.flatMap((runtime) => ['memory', 'opened', 'sqlite:FILE'].map((storage) => [runtime, storage] as const)),
)(
  'the example runs on %s with the storage %s',
  async (runtime, storage) => {
    const file = join(folder, `${runtime}.db`)
    expect(await runExample(runtime, storage.replace('FILE', file))).toEqual({ code: 0, output: DONE })
  },
  TIMEOUT_MS,
)

test.each(runtimes)(
  'the example runs on %s with Redis',
  async (runtime) => {
    const redis = await startRedisServer({ appendonly: 'always' })
    try {
      expect(await runExample(runtime, redis.url)).toEqual({ code: 0, output: DONE })
    } finally {
      await redis.stop()
    }
  },
  TIMEOUT_MS,
)

test.each(runtimes)(
  'on %s the web UI, its files, the API page and its websocket are below the prefix',
  async (runtime) => {
    link('ws')
    const script = join(folder, `look-${runtime}.mjs`)
    writeFileSync(script, LOOK)
    const { status, stdout, stderr } = spawnSync(programOf(runtime), [script], { cwd: folder, encoding: 'utf8' })
    expect([status, stdout.trim().split('\n')], stderr).toEqual([
      0,
      [
        'base: true',
        'script: 200 text/javascript; charset=utf-8',
        'API page: 200',
        'API script: 200',
        'live: true',
        'password: true',
      ],
    ])
  },
  TIMEOUT_MS,
)

test(
  'types say what the plugin takes',
  () => {
    link('typescript')
    link('@types/node')
    writeFileSync(join(folder, 'uses.mts'), USES)
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    const options = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--types',
      'node',
      '--skipLibCheck',
    ]
    const { stdout } = spawnSync(bun, [compiler, ...options, 'uses.mts'], { cwd: folder, encoding: 'utf8' })
    expect(stdout).toBe('')
  },
  TIMEOUT_MS,
)

test('a Node that is too old is told so in one sentence', () => {
  const check = readFileSync(join(folder, 'node_modules/crew/dist/plugin/check-runtime.js'), 'utf8')
  const old = `Object.defineProperty(process, 'versions', { value: { node: '20.20.2' } })\nawait import('./check.mjs')`
  writeFileSync(join(folder, 'check.mjs'), check)
  writeFileSync(join(folder, 'old.mjs'), old)
  const { stderr } = spawnSync(programOf('Node'), ['old.mjs'], { cwd: folder, encoding: 'utf8' })
  expect(stderr).toContain('Error: Crew needs Node 22.19 or newer, or Bun: this is Node 20.20.2.\n')
})

const DONE = 'one: succeeded, 1\ntwo: succeeded, 2\nsum: succeeded, 3\n'

const LOOK = `
import Fastify from 'fastify'
import { crewPlugin } from 'crew'
const app = Fastify()
const told = new Promise((resolve) => {
  process.stderr.write = (text) => /log in as/.test(text) && resolve(text)
})
await app.register(crewPlugin, { prefix: '/crew', storage: 'memory' })
const url = await app.listen({ port: 0, host: '127.0.0.1' })
const get = (path, headers = {}) => fetch(url + path, { headers })
const page = await (await get('/crew/', { accept: 'text/html' })).text()
console.log('base:', page.includes('<base href="/crew/">'))
const file = await get('/crew/' + /src="(?:\\.\\/)?(assets\\/[^"]+)"/.exec(page)[1])
console.log('script:', file.status, file.headers.get('content-type'))
const docs = await get('/crew/docs')
console.log('API page:', docs.status)
console.log('API script:', (await get('/crew/' + /src="([^"]+bundle[^"]*)"/.exec(await docs.text())[1])).status)
const password = /log in as admin \\/ (\\S+)/.exec(await told)[1]
const body = JSON.stringify({ username: 'admin', password })
const login = await fetch(url + '/crew/login', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
const { WebSocket } = await import('ws')
const cookie = login.headers.get('set-cookie').split(';')[0]
const socket = new WebSocket(url.replace('http', 'ws') + '/crew/api/v1/live', { headers: { cookie, origin: url } })
const frame = await new Promise((resolve, reject) => { socket.onmessage = ({ data }) => resolve(data); socket.onerror = reject })
console.log('live:', 'seq' in JSON.parse(frame))
console.log('password:', login.status === 200)
await app.close()
`

const USES = `
import Fastify from 'fastify'
import { crewPlugin, openStorage, type Role, type TaskStorage } from 'crew'
const app = Fastify()
const role: Role = 'viewer'
const storage: TaskStorage = await openStorage('memory')
await app.register(crewPlugin, { prefix: '/a', storage, authenticate: async ({ headers }) => (headers.x ? { name: 'x', role } : null) })
await app.register(crewPlugin, { prefix: '/b', storage: 'memory', maxInFlight: 5, cleanExpiredGroups: true, workerBaseUrl: '/w/', logger: false })
// @ts-expect-error a number
await app.register(crewPlugin, { prefix: '/c', maxInFlight: 'many' })
// @ts-expect-error no role
await app.register(crewPlugin, { prefix: '/d', authenticate: () => ({ name: 'x', role: 'boss' }) })
`

function link(name: string): void {
  const path = join(folder, 'node_modules', name)
  mkdirSync(dirname(path), { recursive: true })
  rmSync(path, { force: true })
  symlinkSync(join(root, 'node_modules', name), path)
}

function runExample(
  runtime: (typeof runtimes)[number],
  storage: string,
): Promise<{ code: number | null; output: string }> {
  const child = spawn(programOf(runtime), ['server.mjs', storage], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })))
}

function programOf(runtime: (typeof runtimes)[number]): string {
  return runtime === 'Bun' ? bun : nodeProgram()
}
