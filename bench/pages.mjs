#!/usr/bin/env node
// Pages of one large group: node bench/pages.mjs [--tasks 1000000] [--storage redis] [--rounds 100]. One JSON line a step.
// With Redis it starts one of its own (AOF everysec); else SQLite. The group is paused: nothing runs beside what is measured.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from './lib/http.mjs'
import { round, sleep, start, stop, usage, waitPort } from './lib/proc.mjs'
import { pct } from './lib/stats.mjs'

const opt = {}
for (let i = 2; i < process.argv.length; i += 2) opt[process.argv[i].slice(2)] = process.argv[i + 1]
const tasks = +(opt.tasks ?? 1_000_000)
const rounds = +(opt.rounds ?? 100)
const [port, redisPort] = [21_030, 21_031]
const BATCH = 5000
const PAGE = 50
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'crew-pages-'))
const say = (line) => console.log(JSON.stringify(line))

const redis = opt.storage === 'redis' ? await startRedis() : null
const server = start('server', path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../dist/crew'), ['start'], {
  env: { CREW_AUTH: 'off', CREW_STORAGE: redis ? `redis://127.0.0.1:${redisPort}` : 'sqlite:crew.db', PORT: String(port), CREW_WORKER_BASE_URL: 'http://127.0.0.1:9/' },
  cwd: dir,
})
const http = new Client(`http://127.0.0.1:${port}`, { connections: 4 })
while ((await http.request('GET', '/readyz').catch(() => ({}))).status !== 200) {
  if (server.exited) throw new Error('the server has ended')
  await sleep(20)
}
await fill()
await measure()
http.close()
await stop(server, { graceMs: 40_000 })
await stop(redis)
fs.rmSync(dir, { recursive: true, force: true })
process.exit(0)

async function startRedis() {
  const args = ['--port', redisPort, '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'yes', '--maxmemory-policy', 'noeviction']
  const process = start('redis', 'redis-server', args.map(String))
  await waitPort(redisPort, 10_000, process)
  return process
}

async function send(method, url, body) {
  const { status, body: text } = await http.request(method, `/api/v1/${url}`, body && JSON.stringify(body))
  if (status !== 200) throw new Error(`${method} ${url}: ${status} ${text}`)
}

async function fill() {
  const t0 = performance.now()
  await send('POST', 'task_groups', { id: 'large', isPaused: true })
  for (let made = 0; made < tasks; made += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, tasks - made) }, (_, i) => ({
      id: `t${made + i}`,
      name: `row ${made + i}`,
      worker: `shop/worker-${i % 7}`,
      input: { account: i, since: '2026-11-01', fields: ['id', 'name', 'price'] },
    }))
    await send('POST', 'task_group/large/tasks/batch', { tasks: batch })
  }
  const seconds = (performance.now() - t0) / 1000
  const memory = redis ? { redisMiB: Math.round(usage(redis).rssMb), bytesPerTask: Math.round((usage(redis).rssMb * 2 ** 20) / tasks) } : {}
  say({ step: 'fill', tasks, seconds: round(seconds, 1), tasksPerSecond: Math.round(tasks / seconds), ...memory })
}

async function measure() {
  const last = Math.ceil(tasks / PAGE)
  for (const [name, page] of [['first', 1], ['middle', last >> 1], ['last', last]]) {
    const times = []
    for (let i = 0; i < rounds; i++) {
      const t0 = performance.now()
      await send('GET', `task_group/large/tasks?page=${page}&pageSize=${PAGE}`)
      times.push(performance.now() - t0)
    }
    const sorted = times.sort((a, b) => a - b)
    say({ step: 'page', name, p50: round(pct(sorted, 50), 1), p95: round(pct(sorted, 95), 1), max: round(sorted.at(-1), 1) })
  }
}
