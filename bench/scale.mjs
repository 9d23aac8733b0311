#!/usr/bin/env node
// What a large store costs: node bench/scale.mjs [--groups 100000] [--tasks 10] [--rounds 200] [--keep DIR]. One JSON line a step; a store in DIR is used again.
// Nine groups of ten are finished; of the rest some run into an hour that is far, some wait for a person, some have failed.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from './lib/http.mjs'
import { round, sleep, start, stop, usage } from './lib/proc.mjs'
import { pct } from './lib/stats.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
const opt = {}
for (let i = 2; i < process.argv.length; i += 2) opt[process.argv[i].slice(2)] = process.argv[i + 1]
const groups = +(opt.groups ?? 100_000)
const tasksEach = +(opt.tasks ?? 10)
const rounds = +(opt.rounds ?? 200)
const dir = opt.keep ?? fs.mkdtempSync(path.join(os.tmpdir(), 'crew-scale-'))
const port = 21_020

const memory = (server) => {
  const { cpu, rssMb, peakMb } = usage(server)
  return { cpuSeconds: round(cpu, 1), memoryMiB: Math.round(rssMb), peakMiB: Math.round(peakMb) }
}
const say = (line) => console.log(JSON.stringify(line))
const api = (http, method, url, body) => http.request(method, url, body && JSON.stringify(body))

if (!fs.existsSync(path.join(dir, 'crew.db'))) await fill()
await measure()
if (!opt.keep) fs.rmSync(dir, { recursive: true, force: true })
process.exit(0)

async function boot() {
  const t0 = performance.now()
  const server = start('server', path.resolve(here, '../dist/crew'), ['start'], {
    env: { CREW_AUTH: 'off', CREW_STORAGE: `sqlite:${dir}/crew.db`, PORT: String(port), CREW_WORKER_BASE_URL: 'http://127.0.0.1:9/' },
    cwd: dir,
  })
  const http = new Client(`http://127.0.0.1:${port}`, { connections: 16 })
  while ((await http.request('GET', '/readyz').catch(() => ({}))).status !== 200) {
    if (server.exited) throw new Error('the server has ended')
    await sleep(2)
  }
  return { server, http, readyMs: Math.round(performance.now() - t0) }
}

async function fill() {
  const { server, http } = await boot()
  const t0 = performance.now()
  let next = 0
  const lane = async () => {
    for (let n = next++; n < groups; n = next++) {
      const { status, body } = await api(http, 'POST', '/api/v1/task_groups/graph', graph(n))
      if (status !== 200) throw new Error(`group ${n}: ${status} ${body}`)
      if (n % 10_000 === 0) process.stderr.write(`${n} of ${groups} groups\n`)
    }
  }
  await Promise.all(Array.from({ length: 16 }, lane))
  const seconds = (performance.now() - t0) / 1000
  say({ step: 'fill', groups, tasks: groups * tasksEach, seconds: Math.round(seconds), tasksPerSecond: Math.round((groups * tasksEach) / seconds), ...memory(server) })
  http.close()
  await stop(server, { graceMs: 40_000 })
}

function graph(n) {
  const isFinished = n % 10 !== 0
  const kind = (n / 10) % 3
  const task = (i) => ({
    id: `t${n}.${i}`,
    name: `page ${i} of account ${n}`,
    worker: `shop/worker-${i % 7}`,
    workgroup: `account-${n % 500}`,
    input: { account: n, page: i, since: '2026-11-01', fields: ['id', 'name', 'price'] },
    ...(i > 0 && { parentIds: [`t${n}.${i - 1}`] }),
    ...(isFinished && { isComplete: true, output: { rows: i } }),
    ...(!isFinished && { runAfter: '2100-01-01T00:00:00Z', remainingAttempts: kind === 2 && i === 0 ? 0 : 5 }),
  })
  return { id: `g${n}`, name: `nightly ${n}`, isPaused: !isFinished && kind === 1, tasks: Array.from({ length: tasksEach }, (_, i) => task(i)) }
}

async function measure() {
  const { server, http, readyMs } = await boot()
  const bytes = fs.readdirSync(dir).reduce((sum, file) => sum + fs.statSync(path.join(dir, file)).size, 0)
  say({ step: 'restart', readyMs, fileMiB: Math.round(bytes / 2 ** 20), bytesPerTask: Math.round(bytes / groups / tasksEach), ...memory(server) })
  const last = Math.ceil(groups / 20)
  const open = `g${Math.floor(groups / 20) * 10}`
  const calls = {
    overview: 'overview',
    groups: 'task_groups?page=1&pageSize=20',
    'groups, middle page': `task_groups?page=${last >> 1}&pageSize=20`,
    'groups, last page': `task_groups?page=${last}&pageSize=20`,
    'groups that run': 'task_groups?state=active&pageSize=20',
    'groups that failed': 'task_groups?state=failed&pageSize=20',
    'groups by name': 'task_groups?sort=name&pageSize=20',
    'groups, search for one': `task_groups?search=nightly ${groups - 3}&pageSize=20`.replaceAll(' ', '%20'),
    'groups, search for many': 'task_groups?search=nightly&pageSize=20',
    'groups, search for none': 'task_groups?search=nothing-has-this&pageSize=20',
    'a group': `task_group/${open}`,
    'its tasks': `task_group/${open}/tasks`,
    'its graph': `task_group/${open}/graph`,
    'why it waits': `task_group/${open}/why`,
    'why a task waits': `task/t${open.slice(1)}.1/why`,
    'its attempts': `task/t${open.slice(1)}.1/attempts`,
    errors: 'errors',
    workers: 'workers',
    workgroups: 'workgroups?pageSize=50',
    system: 'system',
    activity: 'activity',
    ...(opt.clean === 'no' ? {} : { 'clean, dry run': ['POST', 'clean', { dryRun: true }] }),
  }
  for (const [name, call] of Object.entries(calls)) {
    const [method, url, body] = typeof call === 'string' ? ['GET', call] : call
    const times = []
    let status = 0
    for (let i = 0; i < rounds; i++) {
      const t0 = performance.now()
      status = (await api(http, method, `/api/v1/${url}`, body)).status
      times.push(performance.now() - t0)
    }
    const sorted = times.sort((a, b) => a - b)
    say({ step: 'read', name, status, p50: +pct(sorted, 50).toFixed(1), p95: +pct(sorted, 95).toFixed(1), max: +sorted.at(-1).toFixed(1) })
  }
  say({ step: 'after', ...memory(server) })
  http.close()
  await stop(server, { graceMs: 40_000 })
}
