import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { findChromium } from '../find-chromium.ts'

const root = join(import.meta.dirname, '../..')
/** Where pictures of the web UI go. */
export const PICTURES = join(root, 'docs/screenshots')

/** A server that pictures are taken of: empty, in memory, without a login. Ends with `kill()`. */
export function startShownServer({ port, workers }: { readonly port: number; readonly workers: string }) {
  return spawn(process.execPath, ['server/main.ts', 'start'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      CREW_AUTH: 'off',
      CREW_STORAGE: 'memory',
      CREW_LOG_LEVEL: 'error',
      CREW_WORKER_BASE_URL: workers,
    },
  })
}

/** The browser that takes them. */
export function launchBrowser(): Promise<Browser> {
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return chromium.launch({ executablePath: findChromium(), args: ['--headless', '--disable-gpu', ...asRoot] })
}
