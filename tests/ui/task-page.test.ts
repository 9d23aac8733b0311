import type { Browser, Locator } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../e2e/support/waiting.ts'
import { bestOf, catchCopies, editorOf, expectNoComplaints, launchBrowser, textIn } from './support/browser.ts'
import { logIn, makeWorld } from './support/world.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

const INPUT = '{"id":9007199254740993,"rate":1.0,"z":1e2,"a":[]}'
const alone = `{"id":"g","name":"The group","isPaused":true,"tasks":[{"id":"t","name":"the one","worker":"echo","input":${INPUT}}]}`

describe('the editor of JSON', () => {
  test('formats, finds and marks what is wrong, and breaks no policy of the page', async () => {
    const world = await makeWorld()
    await world.crew.api.call('POST', '/api/v1/task_groups/graph', alone)
    const tab = await logIn(browser, world, { path: '/tasks/t' })
    const { page } = tab
    await page.getByRole('button', { name: 'Edit…' }).click()
    const dialog = page.getByRole('dialog')
    const input = editorOf(dialog, 'Input')
    await input.fill('{"b": 9007199254740995,"a":1.0')
    await dialog.getByText('This is no JSON').waitFor()
    await dialog.locator('.cm-lint-marker-error').waitFor()
    expect(await dialog.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true)
    await input.fill('{"b": 9007199254740995,"a":1.0}')
    await dialog.getByRole('button', { name: 'Format' }).click()
    expect(await textIn(input)).toBe('{\n  "b": 9007199254740995,\n  "a": 1.0\n}')
    await dialog.getByRole('button', { name: 'Find' }).click()
    await dialog.getByRole('textbox', { name: 'Find' }).pressSequentially('1.0')
    await dialog.locator('.cm-searchMatch').waitFor()
    await page.keyboard.press('Escape')
    expect(await dialog.locator('.cm-search').count()).toBe(0)
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('region', { name: 'Input, text' }).getByText('"b": 9007199254740995').waitFor()
    expect((await world.crew.api.call('GET', '/api/v1/task/t')).text).toContain('9007199254740995')
    expect(await page.evaluate('document.querySelectorAll("style").length')).toBe(0)
    expectNoComplaints(tab)
  })

  test('is left by Escape and by Tab, and the dialog stays with what was typed', async () => {
    const world = await makeWorld()
    await world.crew.api.call('POST', '/api/v1/task_groups/graph', alone)
    const { page } = await logIn(browser, world, { path: '/tasks/t' })
    await page.getByRole('button', { name: 'Edit…' }).click()
    const input = editorOf(page, 'Input')
    await input.fill('[1')
    await page.keyboard.press('Escape')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Find')
    await input.focus()
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Find')
    expect(await textIn(input)).toBe('[1')
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  })

  test('leaves an input that nobody touched byte for byte as it was', async () => {
    const world = await makeWorld()
    await world.crew.api.call('POST', '/api/v1/task_groups/graph', alone)
    const { page } = await logIn(browser, world, { path: '/tasks/t' })
    await page.getByRole('button', { name: 'Edit…' }).click()
    await editorOf(page, 'Input').waitFor()
    await page.getByLabel('Name', { exact: true }).fill('renamed')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('heading', { name: 'renamed', level: 1 }).waitFor()
    expect((await world.crew.api.call('GET', '/api/v1/task/t')).text).toContain(`"input":${INPUT}`)
  })
})

const SHOWN_MS = 1000

describe('a large payload', () => {
  const row = (id: number) => `{"id":${9_007_199_254_740_993n + BigInt(id)},"name":"account ${id}","rate":1.0}`
  const large = `[${Array.from({ length: 90_000 }, (_, id) => row(id)).join(',')}]`

  test('of 5 MB is shown within a second, folded, searched, and has every digit', async () => {
    expect(large.length).toBeGreaterThan(5_000_000)
    const world = await makeWorld()
    const graph = `{"id":"g","isPaused":true,"tasks":[{"id":"t","worker":"echo","input":${large}},{"id":"small","worker":"echo"}]}`
    await world.crew.api.call('POST', '/api/v1/task_groups/graph', graph)
    const tab = await logIn(browser, world, { path: '/tasks/small' })
    const { page } = tab
    // From when the payload has come: the network is not what is measured.
    const ms = await bestOf(SHOWN_MS, async () => {
      await page.goto(`${world.crew.url}/tasks/small`)
      await page.locator('[data-code="shown"]').first().waitFor()
      return page.evaluate<number>(timeToShow)
    })
    expect(ms).toBeLessThan(SHOWN_MS)
    const text = page.getByRole('region', { name: 'Input, text' })
    await text.locator('[data-code="shown"]').waitFor()
    await text.getByText('"id": 9007199254740993', { exact: false }).first().waitFor()
    expect(
      await page.evaluate('document.querySelector("[data-code=shown]").shadowRoot.querySelectorAll("*").length'),
    ).toBeLessThan(1500)
    await text.getByTitle('Fold line').locator('visible=true').first().click()
    await text.getByLabel('folded code').waitFor()
    await text.getByTitle('Unfold line').locator('visible=true').first().click()
    await page.getByRole('region', { name: 'Input', exact: true }).getByRole('button', { name: 'Find' }).click()
    await text.getByRole('textbox', { name: 'Find' }).pressSequentially('account 89999')
    await page.keyboard.press('Enter')
    await text.locator('.cm-searchMatch-selected', { hasText: 'account 89999' }).waitFor()
    await text.getByText(String(9_007_199_254_740_993n + 89_999n)).waitFor()
    expectNoComplaints(tab)
  })
})

describe('of a large payload', () => {
  const large = JSON.stringify(Array.from({ length: 30_000 }, (_, id) => ({ id, name: `account ${id}` })))
  const graph = `{"id":"g","isPaused":true,"tasks":[{"id":"t","worker":"echo","input":${large}}]}`

  test('the page parses nothing, and lays out its beginning alone while the editor is on its way', async () => {
    const world = await makeWorld()
    await world.crew.api.call('POST', '/api/v1/task_groups/graph', graph)
    const tab = await logIn(browser, world)
    const { page } = tab
    const editor = Promise.withResolvers<void>()
    await page.route(/code-mirror.*\.js$/, async (route) => {
      await editor.promise
      await route.continue()
    })
    await page.addInitScript(noteParsed)
    await page.goto(`${world.crew.url}/groups/g/tasks/t`)
    const lines = page.getByRole('region', { name: 'Input, lines' })
    await lines.getByText('"name": "account 0"').waitFor()
    expect(await heightOf(lines)).toBeLessThan(100_000)
    expect(await page.evaluate('window.longestParsed')).toBeLessThan(100_000)
    editor.resolve()
    await page.locator('[data-code="shown"]').first().waitFor()
    expect(await page.evaluate('window.longestParsed')).toBeLessThan(100_000)
    expectNoComplaints(tab)
  })

  test('all of it is there to be read where the editor does not come', async () => {
    const world = await makeWorld()
    await world.crew.api.call('POST', '/api/v1/task_groups/graph', graph)
    const { page } = await logIn(browser, world)
    await page.route(/code-mirror.*\.js$/, (route) => route.abort())
    await page.goto(`${world.crew.url}/groups/g/tasks/t`)
    const lines = page.getByRole('region', { name: 'Input, lines' })
    await lines.getByText('"name": "account 0"').waitFor()
    // The lines are few until it is known that the editor does not come.
    await eventually('its end is in sight', async () => {
      await lines.evaluate((box) => box.scrollTo(0, box.scrollHeight))
      return lines.getByText('"name": "account 29999"').isVisible()
    })
  })
})

/** Scrolled over, seen or not. */
const heightOf = (lines: Locator): Promise<number> => lines.evaluate((box) => box.scrollHeight)

/** Keeps how long the longest text was that the page itself parsed. */
const noteParsed = `{
  const { parse } = JSON
  window.longestParsed = 0
  JSON.parse = (text, ...more) => {
    window.longestParsed = Math.max(window.longestParsed, String(text).length)
    return parse(text, ...more)
  }
}`

/** Opens the large task and answers how many ms after its payload had come its beginning was there, formatted. */
const timeToShow = `new Promise((resolve) => {
  const open = window.fetch
  let cameAt = 0
  window.fetch = async (...given) => {
    const answer = await open(...given)
    if (!/task\\/t$/.test(String(given[0]))) return answer
    const text = answer.text.bind(answer)
    answer.text = async () => { const body = await text(); cameAt = performance.now(); return body }
    return answer
  }
  history.pushState({}, '', '/groups/g/tasks/t')
  const look = () => {
    const text = document.querySelector('[aria-label="Input"]')?.textContent ?? ''
    const isThere = cameAt > 0 && /"id": 9007199254740993/.test(text)
    if (isThere) resolve(performance.now() - cameAt); else requestAnimationFrame(look)
  }
  look()
})`

describe('a task', () => {
  test('is run again alone with another input, and the copy goes at once', async () => {
    const world = await makeWorld()
    await world.crew.api.call('POST', '/api/v1/task_groups/graph', alone)
    const tab = await logIn(browser, world, { path: '/tasks/t' })
    const { page } = tab
    await page.getByRole('button', { name: 'Run a copy alone…' }).click()
    const dialog = page.getByRole('dialog')
    const input = editorOf(dialog, 'Input')
    expect(await textIn(input)).toContain('"id": 9007199254740993')
    await input.fill('{"id": 9007199254740995, "rate": 1.0}')
    await dialog.getByLabel('Start it at once').check()
    await dialog.getByRole('button', { name: 'Make the copy' }).click()
    await page.getByRole('heading', { name: 'Copy of the one', level: 1 }).waitFor()
    await page.getByRole('button', { name: 'succeeded 1' }).first().waitFor()
    await page.getByRole('link', { name: 'the one' }).click()
    await page.getByRole('region', { name: 'Input, text' }).getByText('9007199254740995').waitFor()
    expect((await world.crew.api.call('GET', '/api/v1/task/t')).text).toContain(`"input":${INPUT}`)
    expectNoComplaints(tab)
  })

  test('shows what its worker is sent, and copies that call and its own as curl', async () => {
    const world = await makeWorld()
    await world.crew.api.call('POST', '/api/v1/task_groups/graph', alone)
    await world.crew.api.put('/api/v1/worker/echo', { headers: { 'x-team': 'shop' } })
    const tab = await logIn(browser, world, { path: '/tasks/t' })
    const { page } = tab
    const copied = await catchCopies(page)
    await page.getByRole('tab', { name: 'Request' }).click()
    await page.getByRole('region', { name: 'Headers' }).getByText('x-team: shop').waitFor()
    await page.getByRole('region', { name: 'Body, text' }).getByText('"id": 9007199254740993').waitFor()
    const panel = page.getByRole('tabpanel')
    await panel.getByRole('button', { name: 'Copy as curl' }).click()
    await page.getByText('Copied the call of the worker as curl').waitFor()
    expect(await copied()).toContain(`"input":${INPUT}`)
    await page.keyboard.press('v')
    await page.getByRole('region', { name: 'Task, text' }).getByText('"state": "paused"').waitFor()
    await page.getByRole('button', { name: 'Retry…' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Copy as curl' }).click()
    await expect.poll(copied).toContain(`${world.crew.url}/api/v1/task/t/retry`)
    expectNoComplaints(tab)
  })

  test('that waits for its time runs now, gets a child, and is marked complete', async () => {
    const world = await makeWorld()
    const { api } = world.crew
    const tasks = [
      { id: 'later', name: 'later', worker: 'echo', runAfter: '2999-01-01T00:00:00Z' },
      { id: 'held', name: 'held', worker: 'echo', isPaused: true },
    ]
    await api.post('/api/v1/task_groups/graph', { id: 'g', tasks })
    const tab = await logIn(browser, world, { path: '/tasks/later' })
    const { page } = tab
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: 'Run now' }).click()
    await page.getByRole('region', { name: 'Why' }).getByText('It is complete.').waitFor()
    await page.goto(`${world.crew.url}/tasks/held`)
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: 'Add child…' }).click()
    const dialog = page.getByRole('dialog')
    expect(await dialog.getByLabel('Parents').inputValue()).toBe('held')
    await dialog.getByLabel('Worker').fill('echo')
    await dialog.getByLabel('Id', { exact: true }).fill('child')
    await editorOf(dialog, 'Input').fill('{"n": 1.0}')
    await dialog.getByRole('button', { name: 'Add', exact: true }).click()
    await page.getByText('Task added').waitFor()
    expect((await api.call('GET', '/api/v1/task/child')).text).toContain('"input":{"n": 1.0}')
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: 'Mark complete…' }).click()
    await page.getByRole('button', { name: 'Mark complete', exact: true }).click()
    await page.getByRole('region', { name: 'Why' }).getByText('It is complete.').waitFor()
    await expect.poll(() => world.posts).toEqual(['later', 'child'])
    expectNoComplaints(tab)
  })
})

describe('a task beside its list', () => {
  const failing = {
    id: 'g',
    name: 'The group',
    tasks: ['a', 'b', 'c'].map((id) => ({ id, name: `page ${id}`, worker: 'flaky', remainingAttempts: 1 })),
  }

  test('is opened by o, walked by ] and [, acted on and closed by keyboard alone', async () => {
    const world = await makeWorld()
    await world.crew.api.post('/api/v1/task_groups/graph', failing)
    const tab = await logIn(browser, world, { path: '/groups/g' })
    const { page } = tab
    await page.getByRole('button', { name: 'failed 3' }).waitFor()
    await page.getByRole('link', { name: 'page c' }).waitFor()
    for (const key of ['j', 'j', 'o']) await page.keyboard.press(key)
    const drawer = page.getByRole('dialog', { name: 'page b' })
    await drawer.getByText('2 of 3').waitFor()
    expect(new URL(page.url()).search).toBe('?task=b')
    await page.keyboard.press(']')
    await page.getByRole('dialog', { name: 'page c' }).getByText('3 of 3').waitFor()
    await page.keyboard.press('[')
    await drawer.getByText('2 of 3').waitFor()
    world.mend()
    await page.keyboard.press('y')
    await page.getByRole('heading', { name: 'Retry page b' }).waitFor()
    await page.keyboard.press('Enter')
    await drawer.getByText('It is complete.').waitFor()
    await page.keyboard.press('Escape')
    await drawer.waitFor({ state: 'detached' })
    expect(new URL(page.url()).search).toBe('')
    await page.getByRole('button', { name: 'failed 2' }).waitFor()
    expect(await page.evaluate('document.activeElement.textContent')).toBe('page b')
    expectNoComplaints(tab)
  })

  test('leaves the list in reach, and covers it on a phone', async () => {
    const world = await makeWorld()
    await world.crew.api.post('/api/v1/task_groups/graph', failing)
    const wide = await logIn(browser, world, { path: '/groups/g' })
    await wide.page.getByRole('button', { name: 'Open page a beside the list' }).click()
    await wide.page.getByRole('dialog', { name: 'page a' }).waitFor()
    await wide.page.getByRole('button', { name: 'Open page c beside the list' }).focus()
    await wide.page.keyboard.press('Enter')
    await wide.page.getByRole('dialog', { name: 'page c' }).waitFor()
    const phone = await logIn(browser, world, { width: 390 })
    await phone.page.goto(`${world.crew.url}/groups/g?task=a`)
    const box = await phone.page.getByRole('dialog', { name: 'page a' }).boundingBox()
    expect(box).toMatchObject({ x: 0, y: 0, width: 390 })
    await phone.page.getByRole('button', { name: 'Close the task' }).click()
    await phone.page.getByRole('link', { name: 'page a' }).waitFor()
    expectNoComplaints(wide)
    expectNoComplaints(phone)
  })
})

test('what a worker tells while it works stands at its attempts', async () => {
  const world = await makeWorld()
  const { api } = world.crew
  await api.put('/api/v1/worker/slow', { mode: 'pull' })
  await api.post('/api/v1/task_groups/graph', { id: 'g', name: 'g', tasks: [{ id: 't', worker: 'slow' }] })
  const { callback } = await api.post<{ callback: { url: string } }>('/api/v1/channel/slow/acquire', { workerId: 'p1' })
  const told = { progress: 0.42, message: 'page 42 of 100', logs: ['one <b>', 'two'] }
  await api.post(`${new URL(callback.url).pathname}/heartbeat`, told)
  const tab = await logIn(browser, world, { path: '/tasks/t' })
  const attempts = tab.page.getByRole('region', { name: 'Attempts' })
  const bar = attempts.getByRole('progressbar', { name: 'Progress of the attempt' })
  expect([await bar.getAttribute('aria-valuenow'), await bar.getAttribute('aria-valuetext')]).toEqual(['42', '42.0 %'])
  await attempts.getByText('42.0 %').waitFor()
  await attempts.getByText('page 42 of 100').waitFor()
  await attempts.getByRole('region', { name: 'Log of its worker, lines' }).getByText('one <b>\ntwo').waitFor()
  await tab.page.getByText(/^Polling worker p1 has attempt 1/).waitFor()
  expectNoComplaints(tab)
})
