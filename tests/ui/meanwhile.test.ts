import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectNoComplaints, launchBrowser } from './support/browser.ts'
import { logIn, makeWorld } from './support/world.ts'

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

test('what is asked about a group stays when its row goes, and so does what is asked about all that match', async () => {
  const world = await makeWorld()
  const { api } = world.crew
  await api.post('/api/v1/task_groups/graph', { id: 'g', name: 'nightly', isPaused: true, tasks: [{ worker: 'fine' }] })
  const tab = await logIn(browser, world, { path: '/groups?state=paused' })
  const { page } = tab
  await page.getByRole('button', { name: 'Actions for nightly' }).click()
  await page.getByRole('menuitem', { name: 'Rename…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox').fill('each night')
  await api.post('/api/v1/task_group/g/resume', {})
  await page.getByText('No group matches.').waitFor()
  expect(await dialog.getByRole('textbox').inputValue()).toBe('each night')
  await dialog.getByRole('button', { name: 'Rename' }).click()
  await page.getByText('Renamed').first().waitFor()
  expect(await api.get('/api/v1/task_group/g')).toMatchObject({ name: 'each night' })
  expectNoComplaints(tab)
})
