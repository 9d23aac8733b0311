import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectNoComplaints, goBy, launchBrowser } from './support/browser.ts'
import { logIn, makeWorld } from './support/world.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

const template = { tasks: [{ id: 'fetch', worker: 'echo' }] }

test('a schedule is created, says when it runs, runs by hand, is changed, paused and deleted', async () => {
  const world = await makeWorld()
  const tab = await logIn(browser, world)
  const { page } = tab
  await goBy(page, 's', 'Schedules')
  await page.getByText('No schedules yet.').waitFor()
  await page.getByRole('button', { name: 'New schedule' }).click()
  const form = page.getByRole('dialog')
  await form.getByLabel('Id').fill('nightly')
  await form.getByLabel('Cron pattern').fill('30 2 * * 1-5')
  await form.getByText('Monday to Friday at 02:30').waitFor()
  await form.getByLabel('Time zone').fill('Europe/Berlin')
  await form
    .getByRole('textbox', { name: 'Template' })
    .fill('{"tasks": [{"worker": "echo", "input": {"id": 9007199254740993}}]}')
  await form.getByRole('button', { name: 'Create' }).click()
  await page.getByRole('heading', { name: 'nightly', level: 1 }).waitFor()
  expect(new URL(page.url()).pathname).toBe('/schedules/nightly')
  const runs = page.getByRole('list', { name: 'Next runs' }).getByRole('listitem')
  await runs.first().waitFor()
  expect(await runs.first().textContent()).toMatch(/^(Mon|Tue|Wed|Thu|Fri) \d{4}-\d\d-\d\d 02:30 \+0[12]:00/)
  expect(await runs.count()).toBe(8)

  await page.getByRole('button', { name: 'Run now…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Run now' }).click()
  await page.getByText('100 %', { exact: true }).waitFor()
  await page.goBack()
  await page.getByRole('link', { name: 'succeeded' }).waitFor()

  await page.keyboard.press('e')
  await page.getByRole('dialog').getByLabel('Cron pattern').fill('0 * * * *')
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  // The form says it in words as well, and takes the keys while it is there.
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  await page.getByText('every hour', { exact: true }).waitFor()
  const stored = (await world.crew.api.call('GET', '/api/v1/schedule/nightly')).text
  expect(stored).toContain('9007199254740993')

  await page.keyboard.press('p')
  await page.getByRole('heading', { name: 'Runs that would come next' }).waitFor()
  await page.getByRole('button', { name: 'Resume' }).click()
  await page.getByRole('heading', { name: 'Next runs', exact: true }).waitFor()
  await page.getByRole('button', { name: 'Delete…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByText('No schedules yet.').waitFor()
  expect(tab.complaints.filter((text) => !/status of 404/.test(text))).toEqual([])
})

test('a template that is wrong is refused with a pointer to the place, and an id that is taken is not written over', async () => {
  const world = await makeWorld()
  await world.crew.api.call('PUT', '/api/v1/schedule/taken', { cron: '@daily', template })
  const tab = await logIn(browser, world, { path: '/schedules' })
  const { page } = tab
  await page.getByRole('button', { name: 'New schedule' }).click()
  const form = page.getByRole('dialog')
  await form.getByLabel('Id').fill('taken')
  await form.getByRole('button', { name: 'Create' }).click()
  await form.getByText('There is a schedule "taken" already').waitFor()
  await form.getByLabel('Id').fill('other')
  await form.getByLabel('Cron pattern').fill('every day')
  await form.getByRole('textbox', { name: 'Template' }).fill('{"tasks": [{"worker": "echo"}, {}]}')
  await form.getByRole('button', { name: 'Create' }).click()
  await form.getByText('/template/tasks/1/worker', { exact: true }).waitFor()
  await form.getByText('/cron', { exact: true }).waitFor()
  expect(tab.complaints.filter((text) => !/status of 4\d\d/.test(text))).toEqual([])
})

test('what holds a task back says what would change it, and does it', async () => {
  const world = await makeWorld()
  const { api } = world.crew
  await api.post('/api/v1/workgroup/shop/pause', { reason: '429 from the shop' })
  const tasks = [{ id: 't', name: 'the task', worker: 'echo', workgroup: 'shop', runAfter: '2999-01-01T00:00:00Z' }]
  await api.post('/api/v1/task_groups/graph', { id: 'g', name: 'The group', isPaused: true, tasks })
  const tab = await logIn(browser, world, { path: '/tasks/t' })
  const why = tab.page.getByRole('region', { name: 'Why' })
  await why.getByRole('link', { name: 'Open workgroup shop' }).waitFor()
  await why.getByRole('button', { name: 'Run now' }).click()
  await why.getByRole('button', { name: 'Resume workgroup shop' }).click()
  await why.getByRole('button', { name: 'Resume workgroup shop' }).waitFor({ state: 'detached' })
  expect(world.posts).toEqual([])
  await why.getByRole('button', { name: 'Resume the group' }).click()
  await why.getByText('It is complete.').waitFor()
  expect(world.posts).toEqual(['t'])
  expectNoComplaints(tab)
})

test('a group is resumed over some time, not all at once', async () => {
  const world = await makeWorld()
  const tasks = Array.from({ length: 10 }, (_, i) => ({ id: `t${i}`, worker: 'echo' }))
  await world.crew.api.post('/api/v1/task_groups/graph', { id: 'g', name: 'The group', isPaused: true, tasks })
  const tab = await logIn(browser, world, { path: '/groups/g' })
  const { page } = tab
  await page.getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name: 'Resume over time…' }).click()
  await page.getByLabel('Spread over, seconds').fill('3600')
  await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click()
  await page.getByText('Resumed The group').waitFor()
  await page.getByRole('button', { name: 'scheduled 9' }).waitFor()
  await expect.poll(() => world.posts).toEqual(['t0'])
  expectNoComplaints(tab)
})

test('the limits of all tasks are set, and theme and time zone are those of the browser', async () => {
  const world = await makeWorld()
  const tab = await logIn(browser, world, { path: '/settings' })
  const { page } = tab
  await page.getByText('a crash of the process and a loss of power').waitFor()
  const limits = page.getByRole('region', { name: 'Limits of all tasks' })
  await limits.getByRole('button', { name: 'Edit…' }).click()
  await page.getByLabel('Under way at once').fill('7')
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await limits.getByText('7', { exact: true }).waitFor()
  expect((await world.crew.api.call('GET', '/api/v1/traffic')).text).toContain('"maxConcurrent":7')
  await page.getByRole('radio', { name: 'Dark' }).check()
  expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark')
  await page.getByRole('radio', { name: 'Another' }).check()
  await page.getByLabel('Time zone').fill('Asia/Tokyo')
  await page.reload()
  await page.getByText(/^Now: .* Tokyo$/).waitFor()
  expectNoComplaints(tab)
})
