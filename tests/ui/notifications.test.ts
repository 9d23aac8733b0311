import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { editorOf, expectNoComplaints, launchBrowser, openTab, type Tab } from './support/browser.ts'
import { logIn, makeWorld } from './support/world.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const VIEWER = { name: 'dana', role: 'viewer', password: 'a long password' }

const expectOnlyRefusals = ({ complaints }: Tab): void =>
  expect(complaints.filter((text) => !/status of 4\d\d/.test(text))).toEqual([])

test('a receiver of all groups is refused at its fields, mended, saved with a secret that is masked, and stays masked', async () => {
  const world = await makeWorld({ CREW_SECRET_KEY: '07'.repeat(32) })
  await world.crew.api.post('/api/v1/users', VIEWER)
  const tab = await logIn(browser, world, { path: '/settings', width: 390 })
  const { page } = tab
  const section = page.getByRole('region', { name: 'Notifications' })
  await section.getByText('Nobody is told of all groups.').waitFor()
  const edit = section.getByRole('button', { name: 'Edit receivers…' })
  await edit.press('Enter')
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Add a receiver' }).press('Enter')
  const first = dialog.getByRole('group', { name: 'Receiver 1' })
  await page.keyboard.type('ftp://hooks.example.com/T1')
  for (const words of ['group succeeded', 'group paused', 'workgroup held'])
    await first.getByLabel(words).press('Space')
  await first.getByLabel('Signing secret', { exact: true }).fill('whsec_short')
  await page.keyboard.press('Enter')
  await first.getByText(/^expected http:\/\/ or https:\/\//).waitFor()
  await first.getByText(/^expected whsec_ with the base64/).waitFor()
  expect(await first.getByLabel('URL').getAttribute('aria-invalid')).toBe('true')
  await first.getByLabel('URL').fill('https://hooks.example.com/T1')
  await first.getByLabel('Signing secret', { exact: true }).fill(SECRET)
  await page.keyboard.press('Enter')
  await page.getByText('Receivers saved').waitFor()
  await section.getByText('group failed, task failed for good · signed by whsec_****LaSw').waitFor()
  expect(await section.textContent()).not.toContain('T1')

  await edit.click()
  expect(await first.getByLabel('Signing secret', { exact: true }).inputValue()).toBe('whsec_****LaSw')
  await first.getByLabel('workgroup held').check()
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
  await dialog.getByRole('button', { name: 'Save' }).click()
  await section.getByText('workgroup held · signed by whsec_****LaSw').waitFor()
  expect(await page.content()).not.toContain(SECRET.slice(6, 30))
  expect(await world.crew.api.get('/api/v1/notifications')).toEqual({
    notify: [
      {
        url: 'https://hooks.example.com/T1',
        events: ['group.failed', 'task.failed', 'workgroup.held'],
        signingSecret: 'whsec_****LaSw',
      },
    ],
  })
  expectOnlyRefusals(tab)

  const other = await openTab(browser)
  await other.page.goto(`${world.crew.url}/settings`)
  await other.page.getByLabel('User name').fill(VIEWER.name)
  await other.page.getByLabel('Password', { exact: true }).fill(VIEWER.password)
  await other.page.getByRole('button', { name: 'Log in' }).click()
  await other.page.getByText('Only admins see who is told of all groups.').waitFor()
  expect(await other.page.content()).not.toContain('hooks.example.com')
  expectOnlyRefusals(other)
})

test('a group is given receivers and a last task, which are shown, and its input is sent digit by digit', async () => {
  const world = await makeWorld()
  const { api } = world.crew
  const tasks = [{ id: 'later', worker: 'echo', runAfter: '2999-01-01T00:00:00Z' }]
  await api.post('/api/v1/task_groups/graph', { id: 'g', name: 'The group', tasks })
  const tab = await logIn(browser, world, { path: '/groups/g' })
  const { page } = tab
  const dialog = page.getByRole('dialog')
  const save = async (): Promise<void> => {
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'detached' })
  }
  const sent: string[] = []
  page.on('request', (request) => {
    if (request.method() === 'PUT') sent.push(request.postData() ?? '')
  })
  const open = () => page.getByRole('button', { name: 'what is below it waits…' }).click()
  await open()
  for (const host of ['a', 'b', 'c']) {
    await dialog.getByRole('button', { name: 'Add a receiver' }).click()
    await page.keyboard.type(`https://${host}.example.com/`)
  }
  expect(await dialog.getByLabel('workgroup held').count()).toBe(0)
  await dialog.getByRole('button', { name: 'Remove receiver 2' }).click()
  await dialog.getByLabel('Worker of the last task').fill('tidy')
  await editorOf(dialog, 'Input of the last task').fill('{"id": 9007199254740993}')
  await save()
  await page.getByText('tells a.example.com, c.example.com').waitFor()
  await page.getByText('at the end tidy').waitFor()
  expect(sent[0]).toContain('"finally":{"worker":"tidy","input":{"id": 9007199254740993}}')

  await open()
  await editorOf(dialog, 'Input of the last task').waitFor()
  await dialog.getByLabel('Worker of the last task').fill('sweep')
  await dialog.getByRole('button', { name: 'Remove receiver 1' }).click()
  await save()
  await page.getByText('tells c.example.com').waitFor()
  expect(sent[1]).toMatch(/"finally":\{"worker":"sweep","input":\{"id":/)

  await open()
  await dialog.getByLabel('Worker of the last task').fill('')
  await save()
  await page.getByText('at the end').waitFor({ state: 'detached' })
  expect(sent[2]).toBe('{"finally":null}')
  expectNoComplaints(tab)
})
