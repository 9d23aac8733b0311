import { setTimeout as after } from 'node:timers/promises'
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core'
import { expect, onTestFinished } from 'vitest'
import { findChromium } from '../../../scripts/find-chromium.ts'
import { eventually } from '../../e2e/support/waiting.ts'

/** Nothing but the page: no calls home, no profile of anybody. */
const FLAGS = [
  '--headless',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A browser for one file of tests; whoever launches it closes it. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = findChromium()
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return chromium.launch({ executablePath, args: [...FLAGS, ...asRoot] })
}

export interface Visit {
  readonly theme?: 'light' | 'dark'
  readonly width?: number
}

export interface Tab {
  readonly page: Page
  readonly context: BrowserContext
  /** What the browser complained about: broken policies, exceptions, errors on the console. */
  readonly complaints: string[]
}

/** Chromium now and then never says that a context is closed; it goes with the browser all the same. */
const CLOSE_MS = 20_000

/** A tab of its own session. The test fails when the browser had to complain. */
export async function openTab(browser: Browser, { theme = 'light', width = 1280 }: Visit = {}): Promise<Tab> {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: theme })
  const page = await context.newPage()
  page.setDefaultTimeout(60_000)
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    // The one request that tells that nobody is logged in is meant to be refused.
    if (message.type() === 'error' && !/status of 401/.test(message.text())) complaints.push(message.text())
  })
  onTestFinished(() => Promise.race([context.close(), after(CLOSE_MS)]))
  return { page, context, complaints }
}

export function expectNoComplaints({ complaints }: Tab): void {
  expect(complaints).toEqual([])
}

/** A field of JSON, once its editor has come; before that it is a plain one. */
export const editorOf = (within: Page | Locator, label: string): Locator =>
  within.locator('[data-code="edited"]').getByRole('textbox', { name: label, exact: true })

/** What is in such a field; of a long text the lines that are in sight. */
export async function textIn(editor: Locator): Promise<string> {
  await editor.waitFor()
  return (await editor.locator('.cm-line').allTextContents()).join('\n')
}

const ARRIVAL_MS = 2000

/** `g` and then this key, which have to follow each other within a second: pressed again where the machine stalled between them. */
export const goBy = (page: Page, key: string, heading: string): Promise<unknown> =>
  eventually(`g ${key} leads to ${heading}`, async () => {
    for (const each of ['g', key]) await page.keyboard.press(each)
    const arrived = page.getByRole('heading', { name: heading, level: 1 }).waitFor({ timeout: ARRIVAL_MS })
    return arrived.then(
      () => true,
      () => false,
    )
  })

const MAX_TRIES = 10

/** The best of some tries, until it is good enough: others use the machine too, and what is asked is what the page needs. */
export async function bestOf(enough: number, run: () => Promise<number>): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let tries = 0; tries < MAX_TRIES && best >= enough; tries++) best = Math.min(best, await run())
  return best
}

/** From now on what the page copies is kept: a browser without a screen lends no clipboard. */
export async function catchCopies(page: Page): Promise<() => Promise<string>> {
  const write = 'async (text) => { window.copied = text }'
  await page.evaluate(`Object.defineProperty(navigator, 'clipboard', { value: { writeText: ${write} } })`)
  return () => page.evaluate('window.copied ?? ""')
}
