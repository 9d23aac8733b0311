import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectNoComplaints, launchBrowser } from './support/browser.ts'
import { logIn, makeWorld, type World } from './support/world.ts'

// What a person has begun stays, whatever changes on the page meanwhile.
let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

test('a search that is applied while one types takes nothing back, and undoes no filter', async () => {
  const world = await makeWorld()
  const tasks = [{ worker: 'fine' }]
  await world.crew.api.post('/api/v1/task_groups/graph', { id: 'g', name: 'sync of shops', isPaused: true, tasks })
  const tab = await logIn(browser, world)
  const { page } = tab
  const search = page.getByRole('searchbox')
  await search.pressSequentially('sync ')
  await page.waitForURL(/q=sync/)
  expect(await search.inputValue()).toBe('sync ')
  await search.pressSequentially('of')
  await page.waitForURL(/q=sync(\+|%20)of/)
  expect(await search.inputValue()).toBe('sync of')
  // Both within the time after which a search is applied.
  await search.pressSequentially(' shops')
  await page.getByRole('link', { name: /^Paused/ }).click()
  await page.waitForURL(({ searchParams }) => searchParams.get('q') === 'sync of shops')
  expect(new URL(page.url()).searchParams.get('state')).toBe('paused')
  await page.getByRole('link', { name: 'sync of shops' }).waitFor()
  expectNoComplaints(tab)
})

/** In the list that is looked at, until it is resumed. */
const makePaused = (world: World): Promise<unknown> =>
  world.crew.api.post('/api/v1/task_groups/graph', {
    id: 'g',
    name: 'nightly',
    isPaused: true,
    tasks: [{ worker: 'fine' }],
  })

/** Somebody else resumes it: nothing is left in the list. */
async function empty(world: World, page: Page): Promise<void> {
  await world.crew.api.post('/api/v1/task_group/g/resume', {})
  await page.getByText('No group matches.').waitFor()
}

test('what is asked about a group stays when its row goes', async () => {
  const world = await makeWorld()
  await makePaused(world)
  const tab = await logIn(browser, world, { path: '/groups?state=paused' })
  const { page } = tab
  await page.getByRole('button', { name: 'Actions for nightly' }).click()
  await page.getByRole('menuitem', { name: 'Rename…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox').fill('each night')
  await empty(world, page)
  expect(await dialog.getByRole('textbox').inputValue()).toBe('each night')
  await dialog.getByRole('button', { name: 'Rename' }).click()
  await page.getByText('Renamed').first().waitFor()
  expect(await world.crew.api.get('/api/v1/task_group/g')).toMatchObject({ name: 'each night' })
  expectNoComplaints(tab)
})

test('what is asked about all groups that match stays when the last of them goes', async () => {
  const world = await makeWorld()
  await makePaused(world)
  const tab = await logIn(browser, world, { path: '/groups?state=paused' })
  const { page } = tab
  await page.getByRole('link', { name: 'nightly' }).focus()
  await page.keyboard.press('*')
  await page.getByRole('region', { name: 'What is chosen' }).getByRole('button', { name: 'Retry…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('spinbutton').first().fill('7')
  await empty(world, page)
  expect(await dialog.getByRole('spinbutton').first().inputValue()).toBe('7')
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await dialog.waitFor({ state: 'detached' })
  await page.getByRole('region', { name: 'What is chosen' }).waitFor({ state: 'detached' })
  expectNoComplaints(tab)
})

test('limits that somebody else sets while one fills in others stay', async () => {
  const world = await makeWorld()
  const acme = '/api/v1/workgroup/acme'
  await world.crew.api.put(acme, { maxConcurrent: 5 })
  const tab = await logIn(browser, world, { path: '/workgroups/acme' })
  const { page } = tab
  await page.getByRole('button', { name: 'Limits…' }).click()
  const dialog = page.getByRole('dialog')
  const atOnce = dialog.getByRole('spinbutton', { name: 'Under way at once' })
  expect(await atOnce.inputValue()).toBe('5')
  await world.crew.api.put(acme, { maxConcurrent: 3 })
  // The page behind it has read them again.
  await page.locator('[aria-label="0 of 3 attempts under way"]').first().waitFor()
  await dialog.getByRole('spinbutton', { name: 'Rate: starts' }).fill('2')
  await dialog.getByRole('spinbutton', { name: 'Rate: in seconds' }).fill('1')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Limits of workgroup acme are set').first().waitFor()
  expect(await world.crew.api.get(acme)).toMatchObject({
    maxConcurrent: 3,
    rateLimit: { count: 2, perSeconds: 1 },
  })
  expectNoComplaints(tab)
})
