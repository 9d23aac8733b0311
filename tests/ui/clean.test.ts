import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectNoComplaints, launchBrowser } from './support/browser.ts'
import { logIn, makeWorld } from './support/world.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

test('an admin sees how full the storage is, and what a cleaning deletes before it does', async () => {
  const world = await makeWorld({ CREW_EXPIRED_GROUP_INTERVAL_IN_DAYS: '0.000001' })
  const { api } = world.crew
  await api.call('POST', '/api/v1/task_groups/graph', { id: 'done', tasks: [{ id: 't', worker: 'fine' }] })
  await api.call('POST', '/api/v1/task_groups/graph', {
    id: 'failed',
    tasks: [{ worker: 'flaky', remainingAttempts: 1 }],
  })
  const { page, ...tab } = await logIn(browser, world)
  await page.getByRole('link', { name: 'done' }).waitFor()
  await expect
    .poll(async () => (await api.get<{ groups: object }>('/api/v1/overview')).groups)
    .toMatchObject({ succeeded: 1, failed: 1 })
  await page.goto(`${world.crew.url}/settings`)
  const storage = page.getByRole('region', { name: 'Storage' })
  await storage
    .getByText(/^\d.* KiB$/)
    .first()
    .waitFor()
  await storage.getByText('not known yet: it takes an hour of watching').waitFor()
  await storage.getByText('nothing is deleted by itself').waitFor()
  await storage.getByRole('button', { name: 'Clean…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('1 group, 1 task, about').waitFor()
  // What is said is what was deleted, also when the page has seen before that nothing is left to delete.
  await page.route('**/api/v1/system', async (route) => {
    await dialog.getByText('Nothing is old enough to go.').waitFor()
    await route.continue()
  })
  await dialog.getByRole('button', { name: 'Delete 1 group' }).click()
  await page.getByText('1 group deleted').first().waitFor()
  await page.unroute('**/api/v1/system')
  expect([
    (await api.call('GET', '/api/v1/task_group/done')).status,
    (await api.call('GET', '/api/v1/task_group/failed')).status,
  ]).toEqual([404, 200])
  await storage.getByRole('button', { name: 'Clean…' }).click()
  await dialog.getByText('Nothing is old enough to go.').waitFor()
  expect(await dialog.getByRole('button', { name: 'Delete 0 groups' }).isDisabled()).toBe(true)
  expectNoComplaints({ page, ...tab })
})
