// `npm run moving-picture`: a group that meets a rate limit and recovers, as the web UI shows it, into docs/screenshots/recovery.gif.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { launchBrowser, PICTURES, startShownServer } from './screenshots/shown-server.ts'

const target = join(PICTURES, 'recovery.gif')
const PORT = 18_091
const url = `http://127.0.0.1:${PORT}`
const SIZE = { width: 1180, height: 600 }
const FRAME_MS = 500
const MAX_FRAMES = 70
const FRAMES_AFTER_END = 5
/** So long one sees the end before it begins again. */
const LAST_FRAME_MS = 4000
const COLORS = 32

/** Debian's ImageMagick 6 and the newer 7 go by other names. */
const convert = ['magick', 'convert-im6.q16'].find((name) => spawnSync(name, ['-version']).status === 0)
if (!convert) throw new Error('a moving picture is put together by ImageMagick: apt-get install imagemagick')

const provider = startProvider()
const server = startShownServer({
  port: PORT,
  workers: `http://127.0.0.1:${(provider.address() as AddressInfo).port}/`,
})
const folder = mkdtempSync(join(tmpdir(), 'crew-moving-picture-'))
try {
  await makeGroup()
  const frames = await takeFrames()
  putTogether(frames)
} finally {
  server.kill()
  provider.close()
  rmSync(folder, { recursive: true })
}

/** A shop that has enough after a while and says so once to each who asks, and mails that it has nothing to do with. */
function startProvider(): Server {
  const CALLS_BEFORE = 24
  const PAUSE_MS = 7000
  let calls = 0
  let shutUntil = 0
  const provider = createServer((request, response) => {
    request.resume()
    const isShop = request.url?.includes('order') === true
    if (isShop && ++calls === CALLS_BEFORE) shutUntil = Date.now() + PAUSE_MS
    const leftSeconds = Math.ceil((shutUntil - Date.now()) / 1000)
    if (isShop && leftSeconds > 0) {
      const headers = { 'retry-after': String(leftSeconds), 'content-type': 'application/json' }
      response.writeHead(429, headers).end('{"error": "shop.test: too many requests"}')
    } else {
      const answer = '{"output": {"rows": 20}}'
      setTimeout(() => response.writeHead(200, { 'content-type': 'application/json' }).end(answer), 500)
    }
  })
  return provider.listen(0, '127.0.0.1')
}

async function makeGroup(): Promise<void> {
  const orders = Array.from({ length: 48 }, (_, n) => ({
    id: `order-${n}`,
    name: `sync order ${1001 + n}`,
    worker: 'sync-order',
    workgroup: 'shop-api',
    parentIds: ['list'],
  }))
  const mails = Array.from({ length: 60 }, (_, n) => ({
    id: `mail-${n}`,
    name: `mail customer ${n + 1}`,
    worker: 'send-mail',
    parentIds: ['list'],
  }))
  const report = {
    id: 'report',
    name: 'report',
    worker: 'report',
    parentIds: [...orders, ...mails].map(({ id }) => id),
  }
  const list = { id: 'list', name: 'list customers', worker: 'list-customers' }
  while (!(await fetch(`${url}/healthz`).catch(() => null))?.ok) await pause(100)
  for (const worker of ['sync-order', 'send-mail']) {
    await send('PUT', `/api/v1/worker/${worker}`, { maxConcurrent: worker === 'send-mail' ? 3 : 4 })
  }
  const tasks = [list, ...orders, ...mails, report]
  await send('POST', '/api/v1/task_groups/graph', { id: 'sync', name: 'nightly sync', isPaused: true, tasks })
}

async function send(method: string, path: string, body?: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(url + path, { method, ...(body !== undefined && { headers, body: JSON.stringify(body) }) })
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
}

async function takeFrames(): Promise<string[]> {
  const browser = await launchBrowser()
  const page = await browser.newPage({ viewport: SIZE, colorScheme: 'light', timezoneId: 'UTC' })
  await page.goto(`${url}/groups/sync`)
  await page.getByRole('heading', { level: 1 }).waitFor()
  await send('POST', '/api/v1/task_group/sync/resume')
  const frames: string[] = []
  for (let left = MAX_FRAMES; left > 0; left--) {
    const isDone = await page.getByRole('button', { name: 'succeeded 110' }).first().isVisible()
    if (isDone) left = Math.min(left, FRAMES_AFTER_END)
    const path = join(folder, `${String(frames.length).padStart(3, '0')}.png`)
    await Promise.all([page.screenshot({ path }), pause(FRAME_MS)])
    frames.push(path)
  }
  await browser.close()
  return frames
}

function putTogether(frames: readonly string[]): void {
  const all = ['-delay', String(FRAME_MS / 10), ...frames.slice(0, -1)]
  const last = ['-delay', String(LAST_FRAME_MS / 10), ...frames.slice(-1)]
  const small = ['+dither', '-colors', String(COLORS), '-layers', 'optimize', '-loop', '0']
  const { status, stderr } = spawnSync(convert as string, [...all, ...last, ...small, target])
  if (status !== 0) throw new Error(`${convert}: ${stderr}`)
  console.log(`crew: docs/screenshots/recovery.gif, ${frames.length} frames`)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
