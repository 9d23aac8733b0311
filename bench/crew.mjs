#!/usr/bin/env node
// Everything bench/README.md reports of Crew, one JSON line each: node bench/crew.mjs [--cmd 'dist/crew start'] [--only drain-10k,w3] [--runs 3] [--storage redis]
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from './lib/http.mjs'
import { quiet, round, sleep, start, stop, usage } from './lib/proc.mjs'
import { summary } from './lib/stats.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
const opt = {}
for (let i = 2; i < process.argv.length; i += 2) opt[process.argv[i].slice(2)] = process.argv[i + 1]
const binary = path.resolve(here, '../dist/crew')
const cmd = opt.cmd ?? `${binary} start`
const runs = opt.runs ?? '3'
const port = 21_010
const only = opt.only?.split(',')

// What every run of the server gets: a durable file in the scratch folder, no login, and the connections that suit this machine.
const isRedis = opt.storage === 'redis'
const env = ['CREW_AUTH=off', isRedis ? 'CREW_STORAGE=redis://127.0.0.1:{redis}' : 'CREW_STORAGE=sqlite:{dir}/crew.db', `CREW_MAX_IN_FLIGHT_PER_WORKER=${opt.conns ?? 64}`]

const steps = {
  ceiling: () => script('ceiling.mjs', ['--only', 'node-raw,bun-undici', '--conns', '32,64', '--runs', '2', '--modules', path.resolve(here, '..')]),
  w2: () => workload('W2'),
  w3: () => workload('W3'),
  'drain-1k': () => workload('W1', '--n', '1000'),
  'drain-10k': () => workload('W1', '--n', '10000'),
  'drain-100k': () => workload('W8', '--n', '100000'),
  // The same with a rate far above what the server reaches, and with one below it: what a limit costs, and whether it is used.
  'limited-high': () => workload('W8', '--n', '20000', '--workgroup', 'wg', '--rate', '1000000'),
  'limited-2000': () => workload('W8', '--n', '20000', '--workgroup', 'wg', '--rate', '2000'),
  'limited-none': () => workload('W8', '--n', '20000'),
  hold: measureHold,
  w4: () => workload('W4'),
  w6: () => workload('W6', ...bulk, '--lead-s', '12'),
  start: measureStart,
  idle: measureIdle,
}
const bulk = ['--bulk', '/api/v1/task_group/:id/tasks/batch', '--bulk-shape', 'tasks', '--bulk-size', '5000']

// A run takes minutes: what was misspelled should not wait for its end.
const unknown = Object.keys(opt).find((name) => !['cmd', 'only', 'runs', 'storage', 'conns'].includes(name)) ?? only?.find((name) => !(name in steps))
if (unknown !== undefined) {
  console.error(`usage: node bench/crew.mjs [--only ${Object.keys(steps).join(',')}] [--runs 3] [--storage redis] [--conns 64] [--cmd 'dist/crew start']`)
  process.exit(unknown === 'help' ? 0 : 2)
}

for (const [name, run] of Object.entries(steps)) {
  if (only && !only.includes(name)) continue
  console.log(JSON.stringify({ step: name, ...(await run()) }))
}
process.exit(0)

function script(file, args) {
  return JSON.parse(execFileSync(process.execPath, [path.join(here, file), ...args], { maxBuffer: 1e9, stdio: ['ignore', 'pipe', 'inherit'] }))
}

function workload(name, ...args) {
  const creates = args.includes('--bulk') || name === 'W2' ? [] : bulk
  return script('bench.mjs', ['--target', 'crew', '--cmd', cmd, '--workload', name, '--runs', runs, ...env.flatMap((e) => ['--env', e]), ...creates, ...(isRedis ? ['--storage', 'redis', '--durable', 'yes'] : []), ...args])
}

async function withServer(work, dir = fs.mkdtempSync(path.join(os.tmpdir(), 'crew-bench-'))) {
  const [file, ...args] = cmd.split(' ')
  const own = Object.fromEntries(env.map((e) => e.replaceAll('{dir}', dir).split(/=(.*)/s)))
  const t0 = performance.now()
  const server = start('server', file, args, { env: { ...own, PORT: String(port), CREW_WORKER_BASE_URL: 'http://127.0.0.1:9/' }, cwd: dir })
  const http = new Client(`http://127.0.0.1:${port}`, { connections: 8 })
  while ((await http.request('GET', '/healthz').catch(() => ({}))).status !== 200) await sleep(2)
  const healthyMs = performance.now() - t0
  try {
    return await work({ server, http, healthyMs, dir })
  } finally {
    http.close()
    await stop(server)
  }
}

// From exec to the first healthy answer: with an empty store, and with one that holds 100,000 tasks.
async function measureStart() {
  const times = []
  for (let i = 0; i < 7; i++) {
    await quiet(0.2, 5000)
    times.push(await withServer(({ healthyMs }) => healthyMs))
  }
  return { healthyMs: summary(times) }
}

// 100,000 tasks due in an hour: what an idle server uses, how long its pages take, and how it starts again.
async function measureIdle() {
  const n = 100_000
  return withServer(async ({ server, http, dir }) => {
    const gid = await fill(http, n)
    await sleep(3000)
    const pages = await measurePages(http, gid, n)
    await sleep(2000)
    const before = usage(server)
    await sleep(30_000)
    const after = usage(server)
    await stop(server)
    const again = await withServer(({ healthyMs }) => healthyMs, dir)
    fs.rmSync(dir, { recursive: true, force: true })
    return { tasks: n, cpuShareOfOneCore: round((after.cpu - before.cpu) / 30, 4), rssMb: round(after.rssMb, 1), pages, restartMs: round(again, 0) }
  })
}

// A workgroup of 100,000 tasks that could run: how long a hold and its end take, and that no task is rewritten.
async function measureHold() {
  const n = 100_000
  return withServer(async ({ http }) => {
    const until = new Date(Date.now() + 3_600_000).toISOString()
    await http.json('POST', '/api/v1/workgroup/wg/pause', { until, reason: 'bench' })
    const gid = await fill(http, n, { workgroup: 'wg' })
    await http.json('PUT', '/api/v1/traffic', { maxConcurrent: 1 })
    const holds = [], releases = []
    for (let i = 0; i < 20; i++) {
      releases.push(await timed(() => http.json('POST', '/api/v1/workgroup/wg/resume', {})))
      holds.push(await timed(() => http.json('POST', '/api/v1/workgroup/wg/pause', { until, reason: 'bench' })))
    }
    const { tasks, count } = await http.json('GET', `/api/v1/task_group/${gid}/tasks?page=${n / 20}&pageSize=20`)
    return { tasks: count, holdMs: summary(holds), releaseMs: summary(releases), last: { state: tasks.at(-1).state, runAfter: tasks.at(-1).runAfter } }
  })
}

async function timed(work) {
  const t = performance.now()
  await work()
  return performance.now() - t
}

async function fill(http, n, extra = {}) {
  const { id } = await http.json('POST', '/api/v1/task_groups', { name: 'idle' })
  const runAfter = extra.workgroup ? null : new Date(Date.now() + 3_600_000).toISOString()
  for (let i = 0; i < n; i += 5000) {
    const tasks = Array.from({ length: 5000 }, (_, k) => ({ id: `t${i + k}`, name: `task ${i + k}`, worker: 'w', runAfter, input: { n: i + k }, ...extra }))
    await http.json('POST', `/api/v1/task_group/${id}/tasks/batch`, { tasks })
  }
  return id
}

async function measurePages(http, gid, n) {
  const paths = {
    first: '?page=1&pageSize=20',
    middle: `?page=${n / 40}&pageSize=20`,
    last: `?page=${n / 20}&pageSize=20`,
    incomplete: '?page=100&pageSize=20&skipCompleted=true',
    scheduled: '?state=scheduled&page=1&pageSize=20',
    search: '?search=task%209999&page=1&pageSize=20',
  }
  const out = {}
  for (const [name, query] of Object.entries(paths)) {
    const times = []
    for (let i = 0; i < 40; i++) {
      const t = performance.now()
      await http.json('GET', `/api/v1/task_group/${gid}/tasks${query}`)
      times.push(performance.now() - t)
    }
    out[name] = summary(times).p50
  }
  return out
}
