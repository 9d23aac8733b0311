// `npm run screenshots`: pictures of the main pages in both themes, of a server that is filled for it, into docs/screenshots.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { type Filled, fillStore } from './screenshots/fill-store.ts'
import { startShopWorkers } from './screenshots/shop-workers.ts'
import { launchBrowser, PICTURES, startShownServer } from './screenshots/shown-server.ts'

const PORT = 18_090
const url = `http://127.0.0.1:${PORT}`
const THEMES = ['light', 'dark'] as const
/** What a laptop shows, and what a phone does. */
const SIZES = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } }

/** By the name of the picture: the address, and on which sizes. */
const pagesOf = ({ groupId, taskId }: Filled): readonly (readonly [string, string, ...(keyof typeof SIZES)[]])[] => [
  ['groups', '/groups', 'wide'],
  ['group', `/groups/${groupId}`, 'wide', 'phone'],
  ['task', `/groups/${groupId}/tasks/${taskId}`, 'wide'],
  ['workers', '/workers', 'wide'],
  ['workgroups', '/workgroups', 'wide'],
  ['schedules', '/schedules', 'wide'],
  ['errors', '/errors', 'wide'],
  ['settings', '/settings', 'wide'],
]

const workers = await startShopWorkers()
const server = startShownServer({ port: PORT, workers: workers.url })
try {
  await takePictures(await fillStore(url))
} finally {
  server.kill()
  workers.close()
}

async function takePictures(filled: Filled): Promise<void> {
  mkdirSync(PICTURES, { recursive: true })
  const browser = await launchBrowser()
  for (const theme of THEMES) {
    for (const [name, path, ...sizes] of pagesOf(filled)) {
      for (const size of sizes) {
        const page = await browser.newPage({ viewport: SIZES[size], colorScheme: theme, timezoneId: 'UTC' })
        await takePicture(page, path, `${name}-${theme}${size === 'phone' ? '-390' : ''}.png`)
        await page.close()
      }
    }
  }
  await browser.close()
}

async function takePicture(page: Page, path: string, file: string): Promise<void> {
  await page.goto(url + path)
  await page.getByRole('heading', { level: 1 }).waitFor()
  // Beside what is live nothing is loading any more.
  await page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' })
  await page.waitForTimeout(700)
  await page.screenshot({ path: join(PICTURES, file) })
  console.log(`crew: docs/screenshots/${file}`)
}
