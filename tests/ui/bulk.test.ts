import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../e2e/support/waiting.ts'
import { expectNoComplaints, launchBrowser, openTab } from './support/browser.ts'
import { logIn, makeWorld, type World } from './support/world.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

interface Group {
  readonly counts: Readonly<Record<string, number>>
  readonly isPaused: boolean
}

const groupOf = ({ crew: { api } }: World, id: string): Promise<Group> => api.get(`/api/v1/task_group/${id}`)

/** Resolves when so many tasks of the group are in that state. */
const counted = (world: World, id: string, state: string, count: number): Promise<true> =>
  eventually(
    `${count} of ${id} are ${state}`,
    async () => (await groupOf(world, id)).counts[state] === count || undefined,
  )

async function makeFailed(world: World, id: string, count: number): Promise<void> {
  const tasks = Array.from({ length: count }, (_, n) => ({ id: `${id}-${n}`, worker: 'flaky', remainingAttempts: 1 }))
  await world.crew.api.post('/api/v1/task_groups/graph', { id, name: `group ${id}`, tasks })
  await counted(world, id, 'failed', count)
}

const bar = (page: Page) => page.getByRole('region', { name: 'What is chosen' })

test('more than a thousand failed tasks are retried by filter: previewed, confirmed by their number, watched to the end', async () => {
  const world = await makeWorld()
  await makeFailed(world, 'g', 1100)
  world.mend()
  const tab = await logIn(browser, world, { path: '/groups/g?state=failed' })
  const { page } = tab
  await page.getByLabel('Choose all of this page').check()
  await bar(page).getByText('20 tasks chosen').waitFor()
  await page.getByRole('button', { name: 'Choose all 1,100 tasks that match' }).click()
  await bar(page).getByText('1,100 tasks chosen').waitFor()
  await bar(page).getByRole('button', { name: 'Retry…' }).click()
  await page.getByRole('button', { name: 'Preview' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('1,100 tasks would change: 1,100 failed.').waitFor()
  const confirm = dialog.getByRole('button', { name: 'Retry 1,100 tasks' })
  expect(await confirm.isDisabled()).toBe(true)
  await dialog.getByLabel('Type 1100 to go on').fill('1100')
  await confirm.click()
  await page.getByRole('heading', { name: 'Retry 1,100 tasks' }).waitFor()
  await page.getByText('1,100 retried · 0 left as they were · 0 failed').waitFor()
  await counted(world, 'g', 'succeeded', 1100)
  await page.goto(`${world.crew.url}/bulk`)
  await page.getByRole('link', { name: 'Retry 1,100 tasks' }).waitFor()
  await page.getByRole('cell', { name: 'admin' }).waitFor()
  expectNoComplaints(tab)
})

test('groups are chosen by keys, paused together, and found by their view', async () => {
  const world = await makeWorld()
  for (const id of ['a', 'b', 'c'])
    await world.crew.api.post('/api/v1/task_groups/graph', {
      id,
      name: `group ${id}`,
      tasks: [{ worker: 'echo', runAfter: '2999-01-01T00:00:00Z' }],
    })
  const tab = await logIn(browser, world)
  const { page } = tab
  await page.getByRole('link', { name: 'group c' }).waitFor()
  for (const key of ['j', 'x', 'j', 'Shift+X']) await page.keyboard.press(key)
  await bar(page).getByText('2 groups chosen').waitFor()
  await bar(page).getByRole('button', { name: 'Pause…' }).click()
  await page.getByRole('button', { name: 'Pause 2 groups' }).click()
  await page.getByText('2 paused · 0 left as they were · 0 failed').waitFor()
  expect((await groupOf(world, 'c')).isPaused).toBe(true)
  expect((await groupOf(world, 'a')).isPaused).toBe(false)
  await page.getByRole('link', { name: 'Groups', exact: true }).first().click()
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Paused 2' }).click()
  await page.getByText('1–2 of 2').waitFor()
  expect(new URL(page.url()).search).toBe('?state=paused')
  await page.reload()
  await page.getByRole('link', { name: 'group b' }).waitFor()
  expect(await page.getByRole('link', { name: 'group a' }).count()).toBe(0)
  expectNoComplaints(tab)
})

test('errors come sorted by kind, in a group and over everything, and one kind is retried alone', async () => {
  const world = await makeWorld()
  await makeFailed(world, 'g', 3)
  const other = { id: 'other', worker: 'says', remainingAttempts: 1, input: { error: 'invalid_grant of account 4711' } }
  await world.crew.api.post('/api/v1/task_groups/graph', { id: 'h', name: 'group h', tasks: [other] })
  await counted(world, 'h', 'failed', 1)
  const tab = await logIn(browser, world, { path: '/errors' })
  const { page } = tab
  await page.getByRole('link', { name: /invalid_grant of account/ }).click()
  await page.getByRole('link', { name: 'other' }).waitFor()
  await page.getByText('invalid_grant of account 4711').waitFor()
  await page.goto(`${world.crew.url}/groups/g`)
  await page.getByRole('navigation', { name: 'Views of the group' }).getByRole('link', { name: 'Errors' }).click()
  const errors = page.getByRole('region', { name: 'Errors' })
  await errors.getByRole('cell', { name: /from the shop/ }).waitFor()
  expect(await page.getByText('invalid_grant').count()).toBe(0)
  world.mend()
  await page.getByRole('button', { name: 'Retry these 3…' }).click()
  await page.getByRole('button', { name: 'Preview' }).click()
  await page.getByRole('button', { name: 'Retry 3 tasks' }).click()
  await counted(world, 'g', 'succeeded', 3)
  expect((await groupOf(world, 'h')).counts.failed).toBe(1)
  expectNoComplaints(tab)
})

test('a timeline tells each attempt, in words too', async () => {
  const world = await makeWorld()
  await makeFailed(world, 'g', 2)
  const tab = await logIn(browser, world, { path: '/groups/g' })
  const { page } = tab
  await page.getByRole('link', { name: 'Timeline' }).click()
  const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: 'g-1' }) })
  await row.getByText(/attempt 1 ✕ failed 200 .*503 from the shop/).waitFor()
  expect(await row.locator('[title^="attempt 1"]').count()).toBe(1)
  expectNoComplaints(tab)
})

test('a group says what holds it up, and one ends it there', async () => {
  const world = await makeWorld()
  const { api } = world.crew
  await api.post('/api/v1/workgroup/shop/pause', { seconds: 600, reason: 'a holiday' })
  const tasks = Array.from({ length: 4 }, () => ({ worker: 'echo', workgroup: 'shop' }))
  await api.post('/api/v1/task_groups/graph', { id: 'g', name: 'group g', tasks })
  const tab = await logIn(browser, world, { path: '/groups/g' })
  const { page } = tab
  const panel = page.getByRole('region', { name: 'What is holding it up' })
  await panel.getByText(/4 tasks: Workgroup shop is held: a holiday/).waitFor()
  await panel.getByRole('button', { name: 'Resume workgroup shop' }).click()
  await counted(world, 'g', 'succeeded', 4)
  await panel.getByText('Nothing.').waitFor()
  expectNoComplaints(tab)
})

test('a view of the groups is saved, opened, shared, mended, renamed and deleted', async () => {
  const world = await makeWorld()
  for (const id of ['nightly-1', 'nightly-2', 'other']) await world.crew.api.post('/api/v1/task_groups', { id })
  await world.crew.api.post('/api/v1/users', { name: 'dana', role: 'viewer', password: 'a long password' })
  const tab = await logIn(browser, world, { path: '/groups?q=nightly&sort=name' })
  const { page } = tab
  const views = page.getByRole('navigation', { name: 'Views' })
  const choose = async (item: string): Promise<void> => {
    await views.getByRole('button', { name: 'Views' }).click()
    await page.getByRole('menuitem', { name: item }).click()
  }
  const form = page.getByRole('dialog')
  await choose('Save this view…')
  await form.getByLabel('Name').fill('Nights')
  await form.getByLabel('Share it with everybody').check()
  await form.getByRole('button', { name: 'Save view' }).click()
  const nights = views.getByRole('link', { name: 'Nights' })
  await nights.waitFor()
  const current = views.locator('[aria-current]')
  expect(await current.allTextContents()).toEqual(['Nights'])
  await views.getByRole('link', { name: 'All', exact: true }).click()
  await page.getByRole('link', { name: 'other' }).waitFor()
  expect(await current.allTextContents()).toEqual(['All'])

  const other = await openTab(browser)
  await other.page.goto(`${world.crew.url}/groups`)
  await other.page.getByLabel('User name').fill('dana')
  await other.page.getByLabel('Password', { exact: true }).fill('a long password')
  await other.page.getByRole('button', { name: 'Log in' }).click()
  await other.page.getByRole('link', { name: 'Nights' }).click()
  await other.page.getByText('1–2 of 2').waitFor()
  expect(new URL(other.page.url()).search).toBe('?q=nightly&sort=name')
  await other.page.getByRole('navigation', { name: 'Views' }).getByRole('button', { name: 'Views' }).click()
  await other.page.getByRole('menu').getByText('Only admin and admins change it.').waitFor()
  await other.page.getByRole('menuitem', { name: 'Save this view…' }).click()
  expect(await other.page.getByRole('dialog').getByLabel('Share it with everybody').isDisabled()).toBe(true)

  await page.goto(`${world.crew.url}/groups?q=nightly-1`)
  await choose('Save this view…')
  await form.getByLabel('Name').fill('Nights')
  await form.getByRole('button', { name: 'Save view' }).click()
  await form.waitFor({ state: 'detached' })
  await choose('Rename or share…')
  expect(await form.getByLabel('Share it with everybody').isChecked()).toBe(false)
  await form.getByLabel('Name').fill('First night')
  await form.getByRole('button', { name: 'Save' }).click()
  await views.getByRole('link', { name: 'First night' }).waitFor()
  await choose('Delete…')
  await form.getByRole('button', { name: 'Delete view' }).click()
  await views.getByRole('link', { name: 'First night' }).waitFor({ state: 'detached' })
  expectNoComplaints(tab)
})
