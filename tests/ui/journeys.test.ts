import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { editorOf, expectNoComplaints, launchBrowser, openTab, textIn } from './support/browser.ts'
import { logIn, makeWorld, PASSWORD } from './support/world.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

const failing = {
  id: 'nightly',
  name: 'nightly sync',
  tasks: [
    { id: 'list', name: 'list accounts', worker: 'echo' },
    { id: 'fetch', name: 'fetch page 3', worker: 'flaky', parentIds: ['list'], remainingAttempts: 1 },
    { id: 'merge', name: 'merge', worker: 'echo', parentIds: ['fetch'] },
  ],
}

describe('logging in', () => {
  test('comes before everything, refuses a wrong password and goes on to where one wanted to be', async () => {
    const world = await makeWorld()
    await world.crew.api.post('/api/v1/task_groups', { id: 'g', name: 'The group' })
    const tab = await openTab(browser)
    await tab.page.goto(`${world.crew.url}/groups/g?state=failed`)
    const password = tab.page.getByLabel('Password', { exact: true })
    await password.fill('wrong')
    await password.press('Enter')
    await tab.page.getByText('The user name or the password is wrong.').waitFor()
    await tab.page.getByLabel('Show the password').check()
    expect(await password.getAttribute('type')).toBe('text')
    await password.fill(PASSWORD)
    await password.press('Enter')
    await tab.page.getByRole('heading', { name: 'The group', level: 1 }).waitFor()
    expect(new URL(tab.page.url()).search).toBe('?state=failed')
    expectNoComplaints(tab)
  })

  test('leaves nothing that a script could read, and ends by logging out', async () => {
    const world = await makeWorld()
    const tab = await logIn(browser, world)
    const [cookie] = await tab.context.cookies()
    expect(cookie).toMatchObject({ name: 'crew_session', httpOnly: true, sameSite: 'Lax', path: '/' })
    const readable = await tab.page.evaluate(
      'document.cookie + JSON.stringify({...localStorage, ...sessionStorage}) + location.href',
    )
    expect(readable).not.toContain(cookie?.value)
    await tab.page.getByRole('button', { name: 'Account of admin' }).click()
    await tab.page.getByRole('menuitem', { name: 'Log out' }).click()
    await tab.page.getByRole('button', { name: 'Log in' }).waitFor()
    const answer = await fetch(`${world.crew.url}/authcheck`, { headers: { cookie: `crew_session=${cookie?.value}` } })
    expect(answer.status).toBe(401)
  })

  test('is not asked for where login is off', async () => {
    const world = await makeWorld({ CREW_AUTH: 'off', CREW_AUTH_TOKEN: '', CREW_AUTH_PASSWORD: '' })
    const tab = await openTab(browser)
    await tab.page.goto(world.crew.url)
    await tab.page.getByText('No task groups yet.').waitFor()
    expect(await tab.page.getByRole('button', { name: 'Account of' }).count()).toBe(0)
    expectNoComplaints(tab)
  })
})

describe('at 3 a.m.', () => {
  test('one finds the failing task, sees why, retries it and sees it succeed', async () => {
    const world = await makeWorld()
    await world.crew.api.post('/api/v1/task_groups/graph', failing)
    const tab = await logIn(browser, world)
    const { page } = tab
    await page.getByRole('link', { name: '1 failed' }).click()
    await page.getByRole('heading', { name: 'nightly sync' }).waitFor()
    await page.getByRole('link', { name: 'fetch page 3' }).click()
    await page
      .getByRole('region', { name: 'Why' })
      .getByText('It failed and has no attempts left: retry or reset it.')
      .waitFor()
    await page.getByRole('region', { name: 'Why' }).getByText('503 from the shop').waitFor()
    world.mend()
    await page.getByRole('button', { name: 'Retry…' }).click()
    await page.getByRole('dialog').getByLabel('Attempts').fill('2')
    await page.getByRole('dialog').getByRole('button', { name: 'Retry' }).click()
    await page.getByText('Retrying fetch page 3').waitFor()
    await page.getByRole('region', { name: 'Why' }).getByText('It is complete.').waitFor()
    await page.getByRole('link', { name: 'nightly sync' }).click()
    await page.getByText('100 %', { exact: true }).waitFor()
    expect(world.posts).toEqual(['list', 'fetch', 'fetch', 'merge'])
    expectNoComplaints(tab)
  })

  test('the same works at 390 px and by keyboard alone', async () => {
    const world = await makeWorld()
    await world.crew.api.post('/api/v1/task_groups/graph', failing)
    const tab = await logIn(browser, world, { width: 390, path: '/groups/nightly' })
    const { page } = tab
    await page.getByRole('heading', { name: 'nightly sync' }).waitFor()
    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
    expect(overflow).toBeLessThanOrEqual(0)
    world.mend()
    await page.getByRole('link', { name: 'fetch page 3' }).waitFor()
    for (const key of ['j', 'j', 'Enter']) await page.keyboard.press(key)
    await page.getByRole('heading', { name: 'fetch page 3' }).waitFor()
    await page.keyboard.press('y')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Enter')
    await page.getByRole('region', { name: 'Why' }).getByText('It is complete.').waitFor()
    expectNoComplaints(tab)
  })

  test('a group is paused, nothing new starts, and it is resumed', async () => {
    const world = await makeWorld()
    const { api } = world.crew
    await api.post('/api/v1/task_groups', { id: 'g', name: 'The group' })
    const tab = await logIn(browser, world, { path: '/groups/g' })
    const { page } = tab
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByRole('button', { name: 'Resume', exact: true }).waitFor()
    await api.post('/api/v1/task_group/g/tasks', { id: 'late', name: 'late task', worker: 'echo' })
    await page.getByRole('button', { name: 'paused 1' }).waitFor()
    expect(world.posts).toEqual([])
    await page.getByRole('button', { name: 'Resume', exact: true }).click()
    await page.getByRole('button', { name: 'succeeded 1' }).first().waitFor()
    expect(world.posts).toEqual(['late'])
    expectNoComplaints(tab)
  })
})

describe('what is made and changed', () => {
  test('a pasted graph is refused with pointers, mended and created', async () => {
    const world = await makeWorld()
    const tab = await logIn(browser, world)
    const { page } = tab
    await page.getByRole('button', { name: 'New group' }).click()
    await page.getByRole('button', { name: 'From a JSON graph instead' }).click()
    const graph = page.getByLabel('Graph', { exact: true })
    await graph.fill('{"name": "pasted", "tasks": [{"worker": "echo"}, {"worker": "../x"}]')
    await page.getByText('This is no JSON').waitFor()
    await graph.fill('{"name": "pasted", "tasks": [{"worker": "echo"}, {"worker": "../x"}]}')
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('alert').getByText('/tasks/1/worker', { exact: true }).waitFor()
    await graph.fill('{"name": "pasted", "tasks": [{"worker": "echo", "input": {"id": 9007199254740993}}]}')
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('heading', { name: 'pasted', level: 1 }).waitFor()
    expect(tab.complaints.filter((text) => !/status of 4\d\d/.test(text))).toEqual([])
  })

  test('what is typed before the editor has come is kept, and typing goes on in it', async () => {
    const world = await makeWorld()
    const tab = await logIn(browser, world)
    const { page } = tab
    const editor = Promise.withResolvers<void>()
    await page.route(/code-mirror.*\.js$/, async (route) => {
      await editor.promise
      await route.continue()
    })
    await page.getByRole('button', { name: 'New group' }).click()
    await page.getByRole('button', { name: 'From a JSON graph instead' }).click()
    await page.getByLabel('Graph', { exact: true }).fill('{"name": "half", }')
    await page.keyboard.press('ArrowLeft')
    editor.resolve()
    await editorOf(page, 'Graph').waitFor()
    await page.keyboard.type('"tasks": [')
    await page.getByText('This is no JSON').waitFor()
    await page.keyboard.type(']')
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('heading', { name: 'half', level: 1 }).waitFor()
    expectNoComplaints(tab)
  })

  test('an input is shown and edited digit by digit', async () => {
    const world = await makeWorld()
    const { api } = world.crew
    const input = '{"id":9007199254740993,"rate":1.0,"z":1,"a":2}'
    const graph = `{"id":"g","isPaused":true,"tasks":[{"id":"t","worker":"echo","input":${input}}]}`
    await api.call('POST', '/api/v1/task_groups/graph', graph)
    const tab = await logIn(browser, world, { path: '/tasks/t' })
    const { page } = tab
    await page.getByRole('region', { name: 'Input, text' }).getByText('"id": 9007199254740993').waitFor()
    await page.getByRole('button', { name: 'Edit…' }).click()
    const field = editorOf(page, 'Input')
    const text = await textIn(field)
    await field.fill(text.replace('9007199254740993', '9007199254740995'))
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('region', { name: 'Input, text' }).getByText('"id": 9007199254740995').waitFor()
    const stored = (await api.call('GET', '/api/v1/task/t')).text
    expect(stored.replace(/\s/g, '')).toContain('"input":{"id":9007199254740995,"rate":1.0,"z":1,"a":2}')
    expectNoComplaints(tab)
  })

  test('deleting a group of many tasks asks for its name', async () => {
    const world = await makeWorld()
    const tasks = Array.from({ length: 101 }, () => ({ worker: 'echo' }))
    await world.crew.api.post('/api/v1/task_groups/graph', { id: 'big', name: 'big one', isPaused: true, tasks })
    const tab = await logIn(browser, world, { path: '/groups/big' })
    const { page } = tab
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: 'Delete…' }).click()
    const confirm = page.getByRole('button', { name: 'Delete 101 tasks' })
    expect(await confirm.isDisabled()).toBe(true)
    await page.getByLabel('Type big one to delete it').fill('big one')
    await confirm.click()
    await page.getByText('No task groups yet.').waitFor()
    expect((await world.crew.api.call('GET', '/api/v1/task_group/big')).status).toBe(404)
    expect(tab.complaints.filter((text) => !/status of 404/.test(text))).toEqual([])
  })
})

test('an address that is nothing says so and leads home', async () => {
  const world = await makeWorld()
  const tab = await logIn(browser, world)
  await tab.page.goto(`${world.crew.url}/nowhere/at/all`)
  await tab.page.getByText('Nothing is at this address.').waitFor()
  await tab.page.getByRole('link', { name: 'All task groups' }).click()
  await tab.page.getByRole('heading', { name: 'Task groups' }).waitFor()
})

test.each(['/tools/crew/', '/tools/crew'])('all of it works below %s', async (base) => {
  const world = await makeWorld({ CREW_BASE_PATH: base })
  await world.crew.api.post('/api/v1/task_groups', { id: 'g', name: 'The group' })
  const tab = await openTab(browser)
  const { page } = tab
  await page.goto(`${world.crew.url}/tools/crew/groups/g`)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('heading', { name: 'The group', level: 1 }).waitFor()
  expect(new URL(page.url()).pathname).toBe('/tools/crew/groups/g')
  expect((await tab.context.cookies())[0]?.path).toBe('/tools/crew/')
  expectNoComplaints(tab)
})
