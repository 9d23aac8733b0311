import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { catchCopies, editorOf, expectNoComplaints, launchBrowser } from './support/browser.ts'
import { logIn, makeWorld } from './support/world.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

const withoutRefusals = (complaints: readonly string[]) => complaints.filter((text) => !/status of 4\d\d/.test(text))

test('every page is reached from the top bar, and on a phone with a thumb', async () => {
  const world = await makeWorld()
  const { page } = await logIn(browser, world)
  const bar = page.locator('header').getByRole('navigation', { name: 'Main', includeHidden: true })
  for (const [link, title] of [
    ['Workers', 'Workers'],
    ['Workgroups', 'Workgroups'],
    ['Schedules', 'Schedules'],
    ['Settings', 'Settings'],
    ['Groups', 'Task groups'],
  ] as const) {
    await bar.getByRole('link', { name: link, exact: true }).click()
    await page.getByRole('heading', { name: title, level: 1 }).waitFor()
  }
  await page.setViewportSize({ width: 390, height: 844 })
  expect(await bar.isVisible()).toBe(false)
  const thumb = page.getByRole('navigation', { name: 'Main' }).last()
  await thumb.getByRole('link', { name: 'Workers' }).click()
  await page.getByRole('heading', { name: 'Workers', level: 1 }).waitFor()
  await thumb.getByRole('button', { name: 'Go to' }).click()
  await page.getByRole('combobox').fill('settings')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Settings', level: 1 }).waitFor()
})

test('a group is made with an id, paused; groups are searched and paged in the address, and their ids copied', async () => {
  const world = await makeWorld()
  const { api } = world.crew
  for (let i = 0; i < 25; i++) await api.post('/api/v1/task_groups', { id: `g-${i}`, name: `sync ${i}` })
  const tab = await logIn(browser, world)
  const { page } = tab
  await page.getByText('1–20 of 25').waitFor()
  await page.getByRole('button', { name: 'Next', exact: true }).click()
  await page.getByText('21–25 of 25').waitFor()
  expect(new URL(page.url()).search).toBe('?page=2')
  await page.getByLabel('a page').selectOption('50')
  await page.getByText('1–25 of 25').waitFor()
  expect(new URL(page.url()).search).toContain('pageSize=50')
  await page.getByRole('searchbox').fill('sync 7')
  await page.getByText('1–1 of 1').waitFor()
  await page.reload()
  await page.getByRole('link', { name: 'sync 7' }).waitFor()
  const copied = await catchCopies(page)
  await page.getByRole('button', { name: 'Actions for sync 7' }).click()
  await page.getByRole('menuitem', { name: 'Copy id' }).click()
  await expect.poll(copied).toBe('g-7')
  await page.getByRole('searchbox').press('Escape')
  await page.getByText('of 25').waitFor()
  await page.getByRole('button', { name: 'New group' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('made by hand')
  await dialog.getByLabel('Id', { exact: true }).fill('by-hand')
  await dialog.getByLabel('Paused').check()
  await dialog.getByRole('button', { name: 'Create' }).click()
  await page.getByRole('heading', { name: 'made by hand', level: 1 }).waitFor()
  expect(new URL(page.url()).pathname).toBe('/groups/by-hand')
  expect(await api.get('/api/v1/task_group/by-hand')).toMatchObject({ isPaused: true })
  await page.getByRole('button', { name: 'Resume' }).waitFor()
  expectNoComplaints(tab)
})

test('a group is renamed, retried and reset with attempts, and deleted', async () => {
  const world = await makeWorld()
  const { api } = world.crew
  const tasks = [{ id: 't', name: 'one', worker: 'flaky', remainingAttempts: 1 }]
  await api.post('/api/v1/task_groups/graph', { id: 'g', name: 'before', tasks })
  const tab = await logIn(browser, world, { path: '/groups/g' })
  const { page } = tab
  const act = async (item: string): Promise<void> => {
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: item }).click()
  }
  const dialog = page.getByRole('dialog')
  await act('Rename…')
  await dialog.getByLabel('Name').fill('after')
  await dialog.getByRole('button', { name: 'Rename' }).click()
  await page.getByRole('heading', { name: 'after', level: 1 }).waitFor()
  await page.getByRole('button', { name: 'failed 1' }).waitFor()
  await act('Retry…')
  await dialog.getByLabel('Attempts').fill('1')
  await dialog.getByRole('button', { name: 'Retry 1 task' }).click()
  await expect.poll(() => world.posts.length).toBe(2)
  await page.getByRole('button', { name: 'failed 1' }).waitFor()
  world.mend()
  await act('Reset…')
  await dialog.getByText('only those are kept').waitFor()
  await dialog.getByLabel('Attempts').fill('3')
  await dialog.getByRole('button', { name: 'Reset 1 task' }).click()
  await page.getByRole('button', { name: 'succeeded 1' }).first().waitFor()
  expect(await api.get('/api/v1/task/t')).toMatchObject({ remainingAttempts: 3, errors: [] })
  await act('Delete…')
  await dialog.getByRole('button', { name: 'Delete 1 task' }).click()
  await page.getByText('No task groups yet.').waitFor()
  expect(withoutRefusals(tab.complaints)).toEqual([])
})

test('a group that somebody else deletes says that it is gone', async () => {
  const world = await makeWorld()
  await world.crew.api.post('/api/v1/task_groups', { id: 'g', name: 'The group' })
  const tab = await logIn(browser, world, { path: '/groups/g' })
  const { page } = tab
  await page.getByText('No tasks yet.').waitFor()
  await world.crew.api.call('DELETE', '/api/v1/task_group/g')
  await page.getByRole('alert').getByText('There is no task group "g"').waitFor()
  await page.getByRole('link', { name: 'All task groups' }).click()
  await page.getByText('No task groups yet.').waitFor()
  expect(withoutRefusals(tab.complaints)).toEqual([])
})

test('a task is added with every field, found, hidden when it is complete, and deleted', async () => {
  const world = await makeWorld()
  const { api } = world.crew
  const tasks = [{ id: 'first', name: 'first', worker: 'echo' }]
  await api.post('/api/v1/task_groups/graph', { id: 'g', name: 'The group', tasks })
  const tab = await logIn(browser, world, { path: '/groups/g' })
  const { page } = tab
  await page.getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name: 'Add task…' }).click()
  const dialog = page.getByRole('dialog')
  const fields = {
    Name: 'the second',
    Worker: 'echo',
    Workgroup: 'acme',
    Key: 'k',
    'Attempts left': '3',
    'Delay after an error, seconds': '1.5',
    Priority: '-2',
    'Weight in the progress': '0.5',
    'Not before': '2999-01-01T00:00:00Z',
    Id: 'second',
    Parents: 'first',
  }
  for (const [label, value] of Object.entries(fields)) await dialog.getByLabel(label, { exact: true }).fill(value)
  await dialog.getByLabel('Seed').check()
  await editorOf(dialog, 'Input').fill('{"n": 1.0}')
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  const row = page.getByRole('row', { name: 'the second' })
  await row.getByText('scheduled').waitFor()
  expect(await row.getByRole('cell', { name: 'acme' }).count()).toBe(1)
  expect(await api.get('/api/v1/task/second')).toMatchObject({
    name: 'the second',
    worker: 'echo',
    workgroup: 'acme',
    key: 'k',
    remainingAttempts: 3,
    errorDelayInSeconds: 1.5,
    priority: -2,
    progressWeight: 0.5,
    runAfter: '2999-01-01T00:00:00.000Z',
    parentIds: ['first'],
    isSeed: true,
    input: { n: 1 },
  })
  const first = page.getByRole('link', { name: 'first', exact: true })
  await page.getByLabel('Hide completed').check()
  await first.waitFor({ state: 'detached' })
  await page.getByLabel('Hide completed').uncheck()
  await page.getByRole('searchbox', { name: 'Search id' }).fill('first')
  await row.waitFor({ state: 'detached' })
  await first.waitFor()
  await page.goto(`${world.crew.url}/tasks/second`)
  await page.getByRole('link', { name: 'first' }).waitFor()
  await page.getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name: 'Delete…' }).click()
  await dialog.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('heading', { name: 'The group', level: 1 }).waitFor()
  expect((await api.call('GET', '/api/v1/task/second')).status).toBe(404)
  expect(withoutRefusals(tab.complaints)).toEqual([])
})

test('a task shows its output and its errors, is reset with all below it, paused and resumed', async () => {
  const world = await makeWorld()
  const { api } = world.crew
  const tasks = [
    { id: 'good', name: 'good', worker: 'echo' },
    { id: 'below', name: 'below', worker: 'echo', parentIds: ['good'] },
    { id: 'bad', name: 'bad', worker: 'flaky', remainingAttempts: 1 },
  ]
  await api.post('/api/v1/task_groups/graph', { id: 'g', tasks })
  const tab = await logIn(browser, world, { path: '/groups/g?task=bad' })
  const { page } = tab
  const drawer = page.getByRole('dialog', { name: 'bad' })
  await drawer.getByRole('tab', { name: 'Errors 1' }).click()
  await drawer.getByRole('tabpanel').getByText('503 from the shop').waitFor()
  await page.goto(`${world.crew.url}/tasks/good`)
  await page.getByRole('tab', { name: 'Output' }).click()
  await page.getByRole('region', { name: 'Output, text' }).getByText('"big": 1').waitFor()
  await expect.poll(() => world.posts.filter((id) => id !== 'bad')).toEqual(['good', 'below'])
  await page.getByRole('button', { name: 'Reset…' }).click()
  await page.getByRole('dialog').getByLabel('Attempts').fill('2')
  await page.getByLabel('Reset all tasks below as well').check()
  await page.getByRole('dialog').getByRole('button', { name: 'Reset' }).click()
  await expect.poll(() => world.posts.filter((id) => id !== 'bad')).toEqual(['good', 'below', 'good', 'below'])
  await page.goto(`${world.crew.url}/tasks/bad`)
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.getByText('Paused: it does not start until it is resumed').waitFor()
  expect(await api.get('/api/v1/task/bad')).toMatchObject({ isPaused: true })
  await page.getByRole('button', { name: 'Resume', exact: true }).click()
  await page.getByRole('button', { name: 'Pause' }).waitFor()
  expect(await api.get('/api/v1/task/bad')).toMatchObject({ isPaused: false })
  expectNoComplaints(tab)
})

test('a worker is added with its address, shown in the list and on its page, and its settings deleted', async () => {
  const world = await makeWorld()
  const tab = await logIn(browser, world, { path: '/workers' })
  const { page } = tab
  await page.getByRole('button', { name: 'Add worker' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('mailer')
  await dialog.getByLabel('URL').fill('https://mail.example.com/hook')
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByText('mailer is set').waitFor()
  await page.goto(`${world.crew.url}/workers`)
  await page.getByRole('link', { name: 'mailer' }).click()
  await page.getByText('https://mail.example.com/hook').first().waitFor()
  await page.getByRole('button', { name: 'Delete settings…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete settings' }).click()
  await page.getByText('Settings of mailer are deleted').waitFor()
  expect((await world.crew.api.call('GET', '/api/v1/worker/mailer')).status).toBe(404)
  expect(withoutRefusals(tab.complaints)).toEqual([])
})

test('of two tasks with one key the one that did not run says so', async () => {
  const world = await makeWorld()
  const tasks = ['a', 'b'].map((id) => ({ id, name: `task ${id}`, worker: 'echo', key: 'the same' }))
  await world.crew.api.post('/api/v1/task_groups/graph', { id: 'g', name: 'The group', tasks })
  const tab = await logIn(browser, world, { path: '/groups/g' })
  await tab.page.getByRole('button', { name: 'succeeded 2' }).first().waitFor()
  const [ran] = world.posts
  expect(world.posts).toHaveLength(1)
  await tab.page.getByRole('link', { name: `task ${ran === 'a' ? 'b' : 'a'}`, exact: true }).click()
  await tab.page.getByText('None of its own: another task with its key ran for both').waitFor()
  expectNoComplaints(tab)
})
