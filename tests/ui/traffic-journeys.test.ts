import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectNoComplaints, goBy, launchBrowser } from './support/browser.ts'
import { logIn, makeWorld } from './support/world.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

test('a worker is paused and nothing is sent to it, then resumed and it gets its task', async () => {
  const world = await makeWorld()
  const tab = await logIn(browser, world)
  const { page } = tab
  await world.crew.api.post('/api/v1/task_groups/graph', { id: 'g', name: 'g', tasks: [{ id: 'one', worker: 'echo' }] })
  await goBy(page, 'w', 'Workers')
  await expect.poll(() => page.getByRole('row', { name: /echo/ }).textContent()).toMatch(/1\s+of 1/)
  await page.getByRole('link', { name: 'echo' }).click()
  await page.getByRole('button', { name: 'Pause…' }).click()
  await page.getByRole('dialog').getByLabel('Reason').fill('the shop is closed')
  await page.getByRole('dialog').getByRole('button', { name: 'Hold', exact: true }).click()
  const state = page.getByRole('region', { name: 'State' })
  await state.getByText('until somebody resumes it').waitFor()
  await state.getByText('the shop is closed').waitFor()
  await world.crew.api.post('/api/v1/task_group/g/tasks', { id: 'late', worker: 'echo' })
  await page.getByRole('definition').getByText('1', { exact: true }).waitFor()
  expect(world.posts).toEqual(['one'])
  await page.keyboard.press('p')
  await state.getByText('free').waitFor()
  await expect.poll(() => world.posts).toEqual(['one', 'late'])
  expectNoComplaints(tab)
})

test('settings are refused at their fields, mended and saved', async () => {
  const world = await makeWorld()
  await world.crew.api.put('/api/v1/worker/echo', { maxConcurrent: 5 })
  const tab = await logIn(browser, world, { path: '/workers/echo' })
  const { page } = tab
  await page.getByLabel('Name of header 1').fill('Authorization')
  await page.getByLabel('Value of header 1').fill('Bearer abc')
  await page.getByLabel('Under way at once').fill('0')
  await page.getByLabel('URL', { exact: true }).fill('ftp://shop.example.com/')
  await page.getByRole('button', { name: 'Save settings' }).click()
  await page.getByText('expected http:// or https://').first().waitFor()
  await page.getByText(/^carries a credential/).waitFor()
  await page.getByText(/^expected null or an integer/).waitFor()
  expect(await page.getByLabel('Under way at once').getAttribute('aria-invalid')).toBe('true')
  await page.getByLabel('Under way at once').fill('7')
  await page.getByLabel('Name of header 1').fill('X-Team')
  await page.getByLabel('Value of header 1').fill('shop')
  await page.getByLabel('URL', { exact: true }).fill('https://shop.example.com/hook')
  await page.getByRole('button', { name: 'Save settings' }).click()
  await page.getByText('Settings of echo are saved').waitFor()
  expect(await world.crew.api.get('/api/v1/worker/echo')).toMatchObject({
    url: 'https://shop.example.com/hook',
    maxConcurrent: 7,
    headers: { 'x-team': 'shop' },
  })
  expect(tab.complaints.filter((text) => !/status of 4\d\d/.test(text))).toEqual([])
})

test('a signing secret is refused at its field, saved, shown masked, and stays beside a new one', async () => {
  const world = await makeWorld({ CREW_SECRET_KEY: '07'.repeat(32) })
  await world.crew.api.put('/api/v1/worker/echo', { maxConcurrent: 5 })
  const tab = await logIn(browser, world, { path: '/workers/echo' })
  const { page } = tab
  const [present, before] = ['Signing secret', 'Signing secret before it'].map((label) =>
    page.getByLabel(label, { exact: true }),
  )
  const save = async (): Promise<void> => {
    await page.getByRole('button', { name: 'Save settings' }).click()
    await page.getByText('Settings of echo are saved').last().waitFor()
  }
  await present?.fill('whsec_short')
  await page.getByRole('button', { name: 'Save settings' }).click()
  await page.getByText(/^expected whsec_ with the base64 of 24 to 64 bytes/).waitFor()
  await present?.fill('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
  await save()
  await expect.poll(() => present?.inputValue()).toBe('whsec_****LaSw')
  await present?.fill(`whsec_${Buffer.alloc(32, 9).toString('base64')}`)
  await before?.fill('whsec_****LaSw')
  await save()
  await expect.poll(() => present?.inputValue()).toBe('whsec_****CQk=')
  expect(await before?.inputValue()).toBe('whsec_****LaSw')
  expect(await page.content()).not.toContain('MfKQ9r8GKYqrTwjUPD8ILPZIo2La')
  expect(tab.complaints.filter((text) => !/status of 4\d\d/.test(text))).toEqual([])
})

test('a test call shows what was sent and what came back, digit by digit', async () => {
  const world = await makeWorld()
  await world.crew.api.put('/api/v1/worker/flaky', { maxConcurrent: 5 })
  const tab = await logIn(browser, world, { path: '/workers/flaky' })
  const { page } = tab
  await page.getByRole('button', { name: 'Test call…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Input').fill('{"id": 9007199254740993}')
  await dialog.getByRole('button', { name: 'Call', exact: true }).click()
  await dialog.getByText('would fail').waitFor()
  await dialog.getByRole('region', { name: 'Request' }).getByText('9007199254740993').waitFor()
  await dialog.getByRole('region', { name: 'Answer' }).getByText('503 from the shop').waitFor()
  expectNoComplaints(tab)
})

test('a name that nobody knows leads to the one that was meant', async () => {
  const world = await makeWorld()
  await world.crew.api.put('/api/v1/worker/shop%2Fsend-mail', { maxConcurrent: 5 })
  const { page } = await logIn(browser, world, { path: '/workers/shop%2Fsend-mial' })
  await page.getByRole('alert').getByRole('link', { name: 'shop/send-mail' }).click()
  await page.getByRole('heading', { name: 'shop/send-mail', level: 1 }).waitFor()
  await page.getByRole('button', { name: 'Save settings' }).waitFor()
})

test('a workgroup is held for five minutes, says how long, and is resumed', async () => {
  const world = await makeWorld()
  const { api } = world.crew
  await api.post('/api/v1/task_groups', { id: 'g', name: 'The group' })
  await api.put('/api/v1/workgroup/acme', { maxConcurrent: 3 })
  const tab = await logIn(browser, world, { path: '/workgroups' })
  const { page } = tab
  await page.getByRole('button', { name: 'Actions for acme' }).click()
  await page.getByRole('menuitem', { name: 'Hold for 5 minutes' }).click()
  await page.getByText(/in 4 m \d+ s/).waitFor()
  await api.post('/api/v1/task_group/g/tasks', { id: 'late', worker: 'echo', workgroup: 'acme' })
  await page.getByRole('link', { name: 'acme' }).click()
  await page.getByRole('link', { name: '1 unfinished task of The group' }).waitFor()
  expect(world.posts).toEqual([])
  await page.getByRole('button', { name: 'Resume now' }).click()
  await page.getByRole('region', { name: 'State' }).getByText('free').waitFor()
  await page.getByRole('region', { name: 'Holds' }).getByText('ended early').waitFor()
  await expect.poll(() => world.posts).toEqual(['late'])
  expectNoComplaints(tab)
})

test('the last hour of a worker is drawn, told in a sentence and listed', async () => {
  const world = await makeWorld()
  await world.crew.api.put('/api/v1/worker/echo', { maxConcurrent: 5 })
  await world.crew.api.post('/api/v1/task_groups/graph', { id: 'g', tasks: [{ id: 'one', worker: 'echo' }] })
  await expect.poll(() => world.posts).toEqual(['one'])
  const tab = await logIn(browser, world, { path: '/workers/echo' })
  const { page } = tab
  await page.getByText('1 attempt in the last hour, 0 of them failed (0 %).').waitFor()
  const minute = Math.floor(Date.now() / 60_000) * 60_000
  const at = (ago: number) => new Date(minute - ago * 60_000).toISOString()
  const minutes = [
    { at: at(30), attempts: 1000, errors: 20, p50Ms: 100, p95Ms: 4100, inFlight: 5 },
    { at: at(2), attempts: 40, errors: 0, p50Ms: 90, p95Ms: 300, inFlight: 2 },
  ]
  await page.route('**/api/v1/worker/echo/history*', (route) => route.fulfill({ json: { minutes } }))
  await page.goto(`${world.crew.url}/workers/echo`)
  const hour = page.getByRole('region', { name: 'The last hour' })
  await hour.getByText('1,040 attempts in the last hour, 20 of them failed (1.9 %).').waitFor()
  await expect.poll(() => hour.locator('[data-chart] canvas').count()).toBe(3)
  await hour.getByText('As a table').click()
  expect(await hour.getByRole('row').count()).toBe(3)
  await hour.getByRole('cell', { name: '4.1 s' }).waitFor()
  await page.keyboard.press('t')
  await expect.poll(() => hour.locator('[data-chart] canvas').count()).toBe(3)
  expectNoComplaints(tab)
})
