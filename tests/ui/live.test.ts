import type { Browser, Page, WebSocketRoute } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type Crew, startCrew } from '../e2e/support/crew.ts'
import { eventually } from '../e2e/support/waiting.ts'
import { expectNoComplaints, launchBrowser } from './support/browser.ts'
import { logIn, makeWorld, PASSWORD, type World } from './support/world.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

/** Longer than pages without a websocket wait between two questions. */
const QUIET_MS = 7000

/** A paused group of these tasks. */
const paused = (...ids: string[]) => ({
  id: 'g',
  name: 'The group',
  isPaused: true,
  tasks: ids.map((id) => ({ id, name: `task ${id}`, worker: 'echo' })),
})

/** Resolves when the tab follows something. */
const followed = (page: Page): Promise<unknown> =>
  page
    .waitForEvent('websocket')
    .then((socket) =>
      socket.waitForEvent('framereceived', { predicate: ({ payload }) => String(payload).includes('"sub"') }),
    )

test('two tabs follow the same group at once, each over one websocket, and ask only for what changes', async () => {
  const world = await makeWorld()
  const { api } = world.crew
  await api.post('/api/v1/task_groups/graph', paused('a', 'b'))
  const tabs = [await logIn(browser, world), await logIn(browser, world)]
  const sockets: string[] = []
  let askedAt = performance.now()
  for (const { page } of tabs) {
    page.on('websocket', (socket) => sockets.push(new URL(socket.url()).pathname))
    page.on('request', () => {
      askedAt = performance.now()
    })
    const ready = followed(page)
    await page.goto(`${world.crew.url}/groups/g`)
    await page.getByRole('link', { name: 'task a' }).waitFor()
    await ready
  }
  // At the first answer all is read once more, as it may be older; then nothing is asked, not even every 5 s.
  await eventually('nothing is asked any more', () => performance.now() - askedAt > QUIET_MS)

  await tabs[0]?.page.getByRole('button', { name: 'Resume', exact: true }).click()
  await Promise.all(tabs.map(({ page }) => page.getByRole('button', { name: 'succeeded 2' }).first().waitFor()))
  await api.post('/api/v1/task_group/g/tasks', { id: 'c', name: 'task c', worker: 'echo' })
  await Promise.all(tabs.map(({ page }) => page.getByRole('link', { name: 'task c' }).waitFor()))
  expect(sockets).toEqual(['/api/v1/live', '/api/v1/live'])
  for (const tab of tabs) expectNoComplaints(tab)
})

test('rows change in their place: focus and scrolling stay', async () => {
  const world = await makeWorld()
  const { api } = world.crew
  await api.post('/api/v1/task_groups/graph', paused(...Array.from({ length: 40 }, (_, i) => `t${i}`)))
  const tab = await logIn(browser, world, { path: '/groups/g?pageSize=50' })
  const { page } = tab
  await page.getByRole('application').getByRole('button').first().waitFor()
  const row = page.getByRole('link', { name: 'task t30', exact: true })
  await row.focus()
  const place = 'document.activeElement.getBoundingClientRect().top'
  await page.evaluate(`window.before = [document.activeElement, ${place}]`)
  await api.post('/api/v1/task_group/g/resume', {})
  await page.getByRole('button', { name: 'succeeded 40' }).first().waitFor()
  await page
    .getByRole('row', { name: /task t30/ })
    .getByText('succeeded')
    .waitFor()
  expect(await page.evaluate(`[before[0] === document.activeElement, ${place} - before[1], scrollY > 0]`)).toEqual([
    true,
    0,
    true,
  ])
  expectNoComplaints(tab)
})

test('a paused page stands still, and catches up when it goes on', async () => {
  const world = await makeWorld()
  const { api } = world.crew
  await api.post('/api/v1/task_groups/graph', paused('a'))
  const tab = await logIn(browser, world, { path: '/groups/g' })
  const { page } = tab
  await page.getByRole('link', { name: 'task a' }).waitFor()
  await page.keyboard.press('r')
  await page.getByRole('button', { name: 'Paused', exact: true }).waitFor()
  await page.waitForTimeout(1000)
  await api.post('/api/v1/task_group/g/tasks', { id: 'b', name: 'task b', worker: 'echo' })
  await page.waitForTimeout(4000)
  expect(await page.getByRole('link', { name: 'task b' }).count()).toBe(0)
  await page.keyboard.press('r')
  await page.getByRole('link', { name: 'task b' }).waitFor()
  expectNoComplaints(tab)
})

/** A second ahead of where it is; tried again where the machine stalled for longer before it was told to stop. */
const stopClock = (page: Page): Promise<unknown> =>
  eventually('its clock stands', async () => {
    const at = Number(await page.evaluate('Date.now()')) + 1000
    return page.clock.pauseAt(at).then(
      () => true,
      () => false,
    )
  })

test('a tab that nobody looks at for half a minute follows nothing, and catches up when somebody does', async () => {
  const world = await makeWorld()
  await world.crew.api.post('/api/v1/task_groups/graph', paused('a'))
  const { page } = await logIn(browser, world)
  await page.clock.install()
  const asked: string[] = []
  page.on('websocket', (socket) =>
    socket.on('framesent', ({ payload }) => asked.push(JSON.parse(String(payload)).sub.join())),
  )
  await page.goto(`${world.crew.url}/groups/g`)
  await expect.poll(() => asked.at(-1)).toBe('group:g,workers,workgroups')
  const show = (state: string) =>
    page.evaluate(`Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))`)
  // From here on time passes only as it is told to, however long the machine takes.
  await stopClock(page)
  await show('hidden')
  await page.clock.fastForward(29_000)
  expect(asked.at(-1)).toBe('group:g,workers,workgroups')
  await page.clock.fastForward(2000)
  await page.clock.resume()
  await expect.poll(() => asked.at(-1)).toBe('')
  await world.crew.api.post('/api/v1/task_group/g/tasks', { id: 'b', name: 'task b', worker: 'echo' })
  await show('visible')
  await page.getByRole('link', { name: 'task b' }).waitFor()
  expect(asked.at(-1)).toBe('group:g,workers,workgroups')
})

test('a server that is restarted under an open page is told after 3 s, with the age of what stays, and is followed again', async () => {
  const world = await makeWorld()
  const { api } = world.crew
  await api.post('/api/v1/task_groups', { id: 'g', name: 'The group' })
  const { page } = await logIn(browser, world)
  await page.getByRole('link', { name: 'The group' }).waitFor()
  await world.crew.kill9()
  await page.getByText(/Reconnecting… data as of \d\d:\d\d:\d\d UTC/).waitFor()
  expect(await page.getByRole('link', { name: 'The group' }).count()).toBe(1)
  expect(await page.getByRole('alert').getByText('does not answer').count()).toBe(0)
  const again = await restart(world)
  await page.getByRole('button', { name: 'Live', exact: true }).waitFor()
  await again.api.post('/api/v1/task_groups', { id: 'h', name: 'Made after it' })
  await page.getByRole('link', { name: 'Made after it' }).waitFor()
  expect(await page.getByText('Reconnecting').count()).toBe(0)
})

test('a connection that is back within 3 s is not worth a word, and what happened meanwhile is told', async () => {
  const world = await makeWorld()
  await world.crew.api.post('/api/v1/task_groups/graph', paused('a'))
  const { page } = await logIn(browser, world)
  // The page before has a connection of its own.
  await page.goto('about:blank')
  await page.clock.install()
  const sockets: WebSocketRoute[] = []
  await page.routeWebSocket(/api\/v1\/live/, (socket) => {
    socket.connectToServer()
    sockets.push(socket)
  })
  await page.goto(`${world.crew.url}/groups/g`)
  await page.getByRole('link', { name: 'task a' }).waitFor()
  await expect.poll(() => sockets.length).toBe(1)
  await stopClock(page)
  await page.evaluate(`new MutationObserver(() => {
    if (/Reconnecting|Every 5 s/.test(document.body.innerText)) window.wasTold = true
  }).observe(document.body, { subtree: true, childList: true, characterData: true })`)
  await sockets[0]?.close({ code: 1001 })
  await world.crew.api.post('/api/v1/task_group/g/tasks', { id: 'b', name: 'task b', worker: 'echo' })
  // The 3 s are those of the page: it has them to itself, however long the machine takes for the rest.
  await eventually('it is told of the new task', async () => {
    await page.clock.runFor(10)
    return page.getByRole('link', { name: 'task b' }).isVisible()
  })
  expect([sockets.length, await page.evaluate('window.wasTold')]).toEqual([2, undefined])
})

test('where websockets are blocked the page asks every 5 s', async () => {
  const world = await makeWorld()
  await world.crew.api.post('/api/v1/task_groups/graph', paused('a'))
  const { page } = await logIn(browser, world)
  await page.routeWebSocket(/api\/v1\/live/, (socket) => socket.close())
  await page.goto(`${world.crew.url}/groups/g`)
  await page.getByRole('button', { name: 'Every 5 s' }).waitFor()
  await world.crew.api.post('/api/v1/task_group/g/tasks', { id: 'b', name: 'task b', worker: 'echo' })
  await page.getByRole('link', { name: 'task b' }).waitFor()
  expect(await page.getByText('Reconnecting').count()).toBe(0)
})

test('a session that ends elsewhere leads to the login at once', async () => {
  const world = await makeWorld()
  const tab = await logIn(browser, world)
  const other = await tab.context.newPage()
  await world.crew.api.post('/api/v1/task_groups', { id: 'g', name: 'The group' })
  await tab.page.getByRole('link', { name: 'The group' }).waitFor()
  await other.goto(world.crew.url)
  await other.getByRole('button', { name: 'Account of admin' }).click()
  await other.getByRole('menuitem', { name: 'Log out' }).click()
  await tab.page.getByRole('button', { name: 'Log in' }).waitFor()
})

async function restart({ crew, dir }: World): Promise<Crew> {
  const again = await startCrew({
    dir,
    args: ['--port', new URL(crew.url).port],
    env: { CREW_AUTH_PASSWORD: PASSWORD },
  })
  onTestFinished(() => again.kill9())
  return again
}

test('a full store is told above every page, with what to do', async () => {
  const world = await makeWorld()
  const { page } = await logIn(browser, world)
  const banner = page.getByText('The store is full.')
  await page.getByRole('heading', { name: 'Groups' }).waitFor()
  expect(await banner.count()).toBe(0)
  await page.route('**/readyz', (route) =>
    route.fulfill({
      status: 503,
      json: { ready: false, detail: { state: 'read-only', storage: { engine: 'sqlite', survives: 'power' } } },
    }),
  )
  await page.goto(`${world.crew.url}/workers`)
  await banner.waitFor()
  const text = await page.getByRole('status').filter({ has: banner }).textContent()
  expect(text).toBe(
    'The store is full. Everything can be read, nothing can be changed, and no task starts. Free some space on its disk. It goes on by itself.',
  )
  await page.unroute('**/readyz')
  await page.reload()
  await page.getByRole('heading', { name: 'Workers' }).waitFor()
  expect(await banner.count()).toBe(0)
})
