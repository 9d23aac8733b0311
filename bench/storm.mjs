#!/usr/bin/env node
// The storm of bench/README.md and its control: node bench/storm.mjs [--cmd dist/crew] [--json true] [--storage redis://127.0.0.1:6379] [--tasks 3000] [--quota 50] [--outage 20]
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from './lib/http.mjs'
import { sleep, start, stop } from './lib/proc.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
const opt = {}
for (let i = 2; i < process.argv.length; i += 2) opt[process.argv[i].slice(2)] = process.argv[i + 1]
const [program, ...args] = (opt.cmd ?? path.resolve(here, '../dist/crew')).split(' ')
// The server runs in a folder of its own.
const file = program.includes('/') ? path.resolve(program) : program
const port = 21_020
const url = `http://127.0.0.1:${port}`

const storm = await withServer(() => runStorm([]))
const control = await withServer(() => runStorm(['--control']))
console.log(opt.json ? JSON.stringify({ storm, control }) : table(storm, control))
process.exit(0)

async function withServer(work) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'crew-storm-'))
  const env = { CREW_AUTH: 'off', CREW_STORAGE: opt.storage ?? `sqlite:${dir}/crew.db`, PORT: String(port) }
  const server = start('server', file, [...args, 'start', '--demo'], { env, cwd: dir, log: path.join(dir, 'log') })
  const http = new Client(url, { connections: 1 })
  try {
    while ((await http.request('GET', '/healthz').catch(() => ({}))).status !== 200) {
      if (server.exited) throw new Error(`the server ended: ${fs.readFileSync(path.join(dir, 'log'), 'utf8')}`)
      await sleep(20)
    }
    return await work()
  } finally {
    http.close()
    await stop(server)
    fs.rmSync(dir, { recursive: true, force: true })
  }
}

// Its exit code is 1 when a promise was broken, which the figures tell as well.
function runStorm(more) {
  const sizes = ['tasks', 'quota', 'outage'].flatMap((name) => (opt[name] ? [`--${name}`, opt[name]] : []))
  const client = spawn(file, [...args, 'demo', 'storm', '--json', '--url', url, ...sizes, ...more], { stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((resolve, reject) => {
    let text = ''
    client.stdout.setEncoding('utf8').on('data', (chunk) => { text += chunk })
    client.once('error', reject)
    client.once('close', (code) => (text.startsWith('{') ? resolve(JSON.parse(text)) : reject(new Error(`crew demo storm ended with ${code}: ${text}`))))
  })
}

function table(...runs) {
  const names = runs[0].keys.map(({ key }) => key.name)
  const columns = runs.flatMap((run) => run.keys)
  const line = (cells) => `| ${cells.join(' | ')} |`
  const row = (title, cell) => line([title, ...columns.map(cell)])
  const share = (part, whole) => `${part} (${whole === 0 ? 0 : +((part / whole) * 100).toFixed(1)} %)`
  const orDash = (value, word = String) => (value === null ? '–' : word(value))
  return [
    line(['', ...names.map((name) => name), ...names.map((name) => `control: ${name}`)]),
    line(['---', ...columns.map(() => '---')]),
    row('calls', ({ calls }) => calls),
    row('over quota', ({ calls, overQuota }) => share(overQuota, calls)),
    row('calls during the outage', ({ key, inOutage }) => (key.hasOutage ? inOutage : 'not struck')),
    row('most at once', ({ maxInFlight }) => maxInFlight),
    row('longest stall, s', ({ longestStallMs }) => longestStallMs / 1000),
    row('good calls a second', ({ pace }) => orDash(pace?.mean ?? null, (mean) => mean.toFixed(1))),
    row('slowest second', ({ key, pace }) => (key.hasOutage ? '–' : orDash(pace?.slowest ?? null))),
    row('first call after the outage, s', ({ backAfterMs }) => orDash(backAfterMs, (ms) => String(ms / 1000))),
    row('first second from then', ({ key, firstSecond }) => orDash(firstSecond, (calls) => share(calls, key.quotaPerSecond))),
    row('attempts used by rate limits', ({ attempts }) => attempts.byRateLimit),
    row('attempts used by the outage', ({ attempts }) => attempts.byOutage),
    '',
    ...runs.map(({ isControl, succeeded, tasks, ms, promises }) => {
      const broken = promises.filter(({ isKept }) => !isKept).length
      return `${isControl ? 'Control' : 'Storm'}: ${succeeded} of ${tasks} tasks succeeded in ${ms / 1000} s, ${promises.length - broken} of ${promises.length} promises kept.`
    }),
  ].join('\n')
}
