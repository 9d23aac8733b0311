import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectNoComplaints, launchBrowser, openTab } from './support/browser.ts'
import { logIn, makeWorld, PASSWORD } from './support/world.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

const DANA = { name: 'dana', password: 'a long password' }

async function chooseInMenu(page: Page, button: string, item: string): Promise<void> {
  await page.getByRole('button', { name: button }).click()
  await page.getByRole('menuitem', { name: item }).click()
}

test('a viewer that an admin added sees all and changes nothing, and the activity tells what the admin did', async () => {
  const world = await makeWorld()
  const { api } = world.crew
  const tasks = [{ id: 'fetch', worker: 'flaky', remainingAttempts: 1 }]
  await api.call('POST', '/api/v1/task_groups/graph', { id: 'nightly', name: 'nightly sync', tasks })
  const admin = await logIn(browser, world, { path: '/settings/users' })
  await admin.page.getByText('of the configuration').waitFor()
  await admin.page.getByRole('button', { name: 'Add user' }).click()
  const form = admin.page.getByRole('dialog')
  await form.getByLabel('Name').fill(DANA.name)
  await form.getByLabel('Password', { exact: true }).fill(DANA.password)
  await form.getByRole('button', { name: 'Add user' }).click()
  await admin.page.getByRole('row', { name: /^dana viewer/ }).waitFor()

  const tab = await openTab(browser)
  const { page } = tab
  await page.goto(`${world.crew.url}/groups/nightly`)
  await page.getByLabel('User name').fill(DANA.name)
  await page.getByLabel('Password', { exact: true }).fill(DANA.password)
  await page.getByRole('button', { name: 'Log in' }).click()
  const retry = page.getByRole('button', { name: 'Retry 1 failed…' })
  await retry.waitFor()
  const reason = 'This needs the role operator; you are viewer.'
  await page.getByRole('button', { name: 'Account of dana' }).waitFor()
  expect([await retry.isDisabled(), await retry.getAttribute('title')]).toEqual([true, reason])
  await retry.click({ force: true })
  await page.getByRole('alert').getByText(reason).waitFor()
  await page.keyboard.press('y')
  expect(await page.getByRole('dialog').count()).toBe(0)
  await page.getByRole('button', { name: 'More' }).click()
  await page.getByRole('menu').getByText(reason).waitFor()
  expect(await page.getByRole('menuitem', { disabled: false }).count()).toBe(0)
  await page.keyboard.press('Escape')
  const answer = await page.evaluate(`fetch('api/v1/task_group/nightly/retry', { method: 'POST' })
    .then(async (answer) => [answer.status, (await answer.json()).code])`)
  expect(answer).toEqual([403, 'forbidden'])
  await page.goto(`${world.crew.url}/settings/users`)
  await page.getByText('Only admins see the users.').waitFor()

  await admin.page.goto(`${world.crew.url}/groups/nightly`)
  await admin.page.getByRole('button', { name: 'Pause', exact: true }).click()
  await admin.page.getByRole('button', { name: 'Resume', exact: true }).waitFor()
  await page.goto(`${world.crew.url}/activity`)
  const rows = page.getByRole('row')
  await rows.nth(2).waitFor()
  expect(await rows.nth(1).textContent()).toMatch(/adminPause.*nightly/)
  expect(await rows.nth(2).textContent()).toMatch(/admin.*Add a user.*role viewer.*dana/)
  await page.getByLabel('Action').selectOption('createUser')
  await page.getByText('1–1 of 1').waitFor()
  expect(new URL(page.url()).search).toBe('?action=createUser')
  await page.getByRole('searchbox', { name: 'Done by' }).fill('nobody')
  await page.getByText('Nothing matches the filters.').waitFor()
  await page.getByRole('button', { name: 'Clear all filters' }).click()
  await page.getByRole('link', { name: 'nightly' }).click()
  await page.getByRole('heading', { name: 'nightly sync' }).waitFor()

  await admin.page.goto(`${world.crew.url}/settings/users`)
  await chooseInMenu(admin.page, 'Actions for dana', 'Delete…')
  await admin.page.getByRole('dialog').getByRole('button', { name: 'Delete user' }).click()
  await page.getByRole('heading', { name: 'Log in to Crew' }).waitFor()
  expectNoComplaints(admin)
  expect(tab.complaints.filter((text) => !/status of 403/.test(text))).toEqual([])
})

test('a token is shown once, lets a program in, and is revoked', async () => {
  const world = await makeWorld()
  const tab = await logIn(browser, world, { path: '/settings/tokens', width: 390 })
  const { page } = tab
  await page.getByText('No tokens yet.').waitFor()
  await page.getByRole('button', { name: 'Make a token' }).click()
  await page.getByRole('dialog').getByLabel('Name').fill('nightly import')
  await page.getByRole('dialog').getByRole('button', { name: 'Make token' }).click()
  const shown = page.getByRole('dialog').locator('[data-secret]')
  const secret = (await shown.textContent()) ?? ''
  const statusOf = async () =>
    (await fetch(`${world.crew.url}/api/v1/me`, { headers: { authorization: `Bearer ${secret}` } })).status
  expect(await statusOf()).toBe(200)
  await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click()
  await page.getByRole('row', { name: /nightly import.*operator/ }).waitFor()
  expect(await page.content()).not.toContain(secret)
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)

  await page.getByRole('button', { name: 'Revoke nightly import' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke token' }).click()
  await page.getByText('No tokens yet.').waitFor()
  expect(await statusOf()).toBe(401)
  expectNoComplaints(tab)
})

test('a viewer changes the own password and stays here, while another session of the viewer ends', async () => {
  const world = await makeWorld()
  await world.crew.api.post('/api/v1/users', { ...DANA, role: 'viewer' })
  const [tab, other] = [await openTab(browser), await openTab(browser)]
  for (const { page } of [tab, other]) {
    await page.goto(`${world.crew.url}/settings`)
    await page.getByLabel('User name').fill(DANA.name)
    await page.getByLabel('Password', { exact: true }).fill(DANA.password)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByText('viewer: sees everything').waitFor()
  }
  const { page } = tab
  await page.getByRole('button', { name: 'Change password…' }).click()
  const form = page.getByRole('dialog')
  await form.getByLabel('Current password').fill('not mine')
  await form.getByLabel('New password').fill('another password')
  await form.getByRole('button', { name: 'Change password' }).click()
  await form.getByText('is not your password', { exact: true }).waitFor()
  await form.getByLabel('Current password').fill(DANA.password)
  await page.keyboard.press('Enter')
  await page.getByText('Changed your password').waitFor()
  await other.page.getByRole('heading', { name: 'Log in to Crew' }).waitFor()
  await page.goto(`${world.crew.url}/groups`)
  await page.getByRole('button', { name: 'Account of dana' }).waitFor()

  await other.page.getByLabel('User name').fill(DANA.name)
  await other.page.getByLabel('Password', { exact: true }).fill('another password')
  await other.page.getByRole('button', { name: 'Log in' }).click()
  await other.page.getByText('viewer: sees everything').waitFor()
  expect(tab.complaints.filter((text) => !/status of 40[13]/.test(text))).toEqual([])
})

test('the admin of the configuration is told where the password is set', async () => {
  const world = await makeWorld()
  const { page } = await logIn(browser, world, { path: '/settings' })
  await page.getByRole('button', { name: 'Change password…' }).click()
  const form = page.getByRole('dialog')
  await form.getByLabel('Current password').fill(PASSWORD)
  await form.getByLabel('New password').fill('another password')
  await form.getByRole('button', { name: 'Change password' }).click()
  await form.getByText('is set by CREW_AUTH_PASSWORD').waitFor()
})
