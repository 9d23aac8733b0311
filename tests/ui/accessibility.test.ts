import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser, openTab } from './support/browser.ts'
import { logIn, makeWorld, type World } from './support/world.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

/** Evaluated by the debugger, whom the page's policy does not bind. */
async function violationsOf(page: Page, except: readonly string[] = []): Promise<string[]> {
  await page.evaluate(axe)
  return page.evaluate(`axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    rules: ${JSON.stringify(Object.fromEntries(except.map((rule) => [rule, { enabled: false }])))} })
    .then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target, failureSummary }) => target + ' ' + failureSummary).join(' | ')))`)
}

test('the check sees what is wrong', async () => {
  const { page } = await openTab(browser)
  await page.setContent('<html lang="en"><title>t</title><main><h1>h</h1><img src="x.png"></main></html>')
  expect((await violationsOf(page)).map((text) => text.split(':')[0])).toEqual(['image-alt'])
})

const steps: readonly (readonly [name: string, path: string, ready: string, click?: string])[] = [
  ['groups', '/groups', 'nightly sync'],
  ['new group', '/groups', 'nightly sync', 'New group'],
  ['group', '/groups/nightly', 'Attempts left'],
  ['group, no match', '/groups/nightly?q=nothing-like-it', 'No task matches.'],
  ['group, retry', '/groups/nightly', 'Attempts left', 'Retry 1 failed…'],
  ['group, settings', '/groups/nightly', 'Attempts left', 'what is below it waits…'],
  ['group, stopped', '/groups/fast', 'failed for good'],
  ['group, critical path', '/groups/fast?graph=stages', 'failed for good', 'Critical path'],
  ['task', '/groups/nightly/tasks/fetch', 'no attempts left'],
  ['task, a copy alone', '/groups/nightly/tasks/fetch', 'no attempts left', 'Run a copy alone…'],
  ['task, request', '/groups/nightly/tasks/fetch', 'no attempts left', 'Request'],
  ['task beside its list', '/groups/nightly?task=fetch', 'no attempts left'],
  ['task, edit', '/groups/nightly/tasks/fetch', 'no attempts left', 'Edit…'],
  ['task, held and paused', '/groups/stopped/tasks/held-twice', 'Open workgroup shop'],
  ['schedules', '/schedules', 'Nightly run'],
  ['new schedule', '/schedules', 'Nightly run', 'New schedule'],
  ['schedule', '/schedules/nightly', '+00:00'],
  ['schedule, edit', '/schedules/nightly', '+00:00', 'Edit…'],
  ['settings', '/settings', 'a loss of power'],
  ['settings, own password', '/settings', 'a loss of power', 'Change password…'],
  ['settings, limits', '/settings', 'may start now', 'Edit…'],
  ['settings, notifications', '/settings', 'hooks.example.com', 'Edit receivers…'],
  ['users', '/settings/users', 'dana'],
  ['add a user', '/settings/users', 'dana', 'Add user'],
  ['tokens', '/settings/tokens', 'nightly import'],
  ['make a token', '/settings/tokens', 'nightly import', 'Make a token'],
  ['activity', '/activity', 'Add a user'],
  ['activity, no match', '/activity?actor=nobody', 'Nothing matches'],
  ['workers', '/workers', 'rule for all workers below shop/'],
  ['worker', '/workers/flaky', 'Half took'],
  ['worker, test call', '/workers/flaky', 'Half took', 'Test call…'],
  ['worker, pause', '/workers/flaky', 'Half took', 'Pause…'],
  ['worker, unknown', '/workers/flakey', 'Did you mean'],
  ['workgroups', '/workgroups', 'a holiday'],
  ['workgroup', '/workgroups/acme', 'Where its tasks are'],
  ['workgroup, limits', '/workgroups/acme', 'a holiday', 'Limits…'],
  ['groups, none match', '/groups?state=failed&q=nothing-like-it', 'No group matches.'],
  ['group, timeline', '/groups/nightly/timeline', 'A thin line is waiting'],
  ['group, errors', '/groups/nightly/errors', 'Retry these'],
  ['errors', '/errors', 'Retry these'],
  ['errors, retry', '/errors', 'Retry these', 'Retry these 3…'],
  ['bulk operations', '/bulk', 'finished'],
  ['bulk operation', '/bulk/OPERATION', 'left as they were'],
  ['not found', '/nowhere', 'Nothing is at this address.'],
]

/** At the end of the page, outside its landmarks: inside them the dialog that a menu may belong to would hide it. */
const menus = [
  ['Account of', '/settings/users'],
  ['Actions for admin', '/settings/users'],
  ['Views', '/groups'],
] as const

async function addPeople({ crew: { api } }: World): Promise<void> {
  await api.post('/api/v1/users', { name: 'dana', role: 'viewer', password: 'a long password' })
  await api.post('/api/v1/tokens', { name: 'nightly import', role: 'operator' })
  await api.post('/api/v1/views', { name: 'Failed nights', query: 'q=nightly&state=failed', isShared: true })
}

/** Answers the id of the operation. */
async function pauseInBulk({ crew: { api } }: World): Promise<string> {
  const order = { dryRun: true, action: 'pause', target: 'tasks', ids: ['later'] }
  const { snapshot } = await api.post<{ snapshot: string }>('/api/v1/bulk', order)
  const { id } = await api.post<{ id: string }>('/api/v1/bulk', { snapshot })
  return id
}

test.each(['light', 'dark'] as const)('no page has anything that axe objects to, in %s', async (theme) => {
  const world = await makeWorld()
  const tasks = [
    { id: 'fetch', name: 'fetch', worker: 'flaky', workgroup: 'shop', remainingAttempts: 1 },
    { id: 'again', name: 'again', worker: 'flaky', errorDelayInSeconds: 600 },
    { id: 'merge', name: 'merge', worker: 'echo', parentIds: ['fetch'] },
    { id: 'later', name: 'later', worker: 'echo', runAfter: '2999-01-01T00:00:00Z' },
    { id: 'held', name: 'held', worker: 'echo', isPaused: true },
    { id: 'done', name: 'done', worker: 'echo' },
  ]
  // What is never told here: deliveries would be groups of their own.
  const notify = [{ url: 'https://hooks.example.com/', events: ['group.succeeded'] }]
  await world.crew.api.put('/api/v1/notifications', { notify })
  const last = { worker: 'echo', input: { page: 1 } }
  const nightly = { id: 'nightly', name: 'nightly sync', notify, finally: last, tasks }
  await world.crew.api.post('/api/v1/task_groups/graph', nightly)
  const waiting = { id: 'held-twice', name: 'held twice', worker: 'echo', workgroup: 'shop', isPaused: true }
  await world.crew.api.post('/api/v1/workgroup/shop/pause', { reason: '429 from the shop' })
  await world.crew.api.post('/api/v1/task_groups/graph', { id: 'stopped', isPaused: true, tasks: [waiting] })
  const fast = [
    { id: 'first', worker: 'flaky', remainingAttempts: 1 },
    { id: 'second', parentIds: ['first'], worker: 'echo' },
  ]
  await world.crew.api.post('/api/v1/task_groups/graph', { id: 'fast', onTaskFailure: 'failFast', tasks: fast })
  const schedule = { name: 'Nightly run', cron: '0 3 * * *', template: { tasks: [{ worker: 'echo' }] } }
  await world.crew.api.call('PUT', '/api/v1/schedule/nightly', schedule)
  await world.crew.api.put('/api/v1/worker/shop%2F*', { maxConcurrent: 5 })
  await world.crew.api.put('/api/v1/workgroup/acme', { maxConcurrent: 5 })
  await world.crew.api.post('/api/v1/workgroup/acme/pause', { seconds: 600, reason: 'a holiday' })
  await addPeople(world)
  const operation = await pauseInBulk(world)
  const login = await openTab(browser, { theme })
  await login.page.goto(`${world.crew.url}/login`)
  await login.page.getByRole('button', { name: 'Log in' }).waitFor()
  expect(await violationsOf(login.page)).toEqual([])
  const { page } = await logIn(browser, world, { theme })
  const minutes = [{ at: new Date().toISOString(), attempts: 9, errors: 1, p50Ms: 100, p95Ms: 400, inFlight: 1 }]
  await page.route('**/history*', (route) => route.fulfill({ json: { minutes } }))
  for (const [name, path, ready, click] of steps) {
    await page.goto(world.crew.url + path.replace('OPERATION', operation))
    await page.getByText(ready).first().waitFor()
    if (click)
      await page
        .getByRole('button', { name: click })
        .or(page.getByRole('tab', { name: click }))
        .click()
    if (name.startsWith('task')) await page.locator('[data-code]').first().waitFor()
    if (name === 'worker') await page.locator('[data-chart] canvas').first().waitFor()
    expect([name, await violationsOf(page)]).toEqual([name, []])
  }
  for (const [menu, path] of menus) {
    await page.goto(world.crew.url + path)
    await page.getByRole('button', { name: menu }).click()
    await page.getByRole('menu').waitFor()
    expect([menu, await violationsOf(page, ['region'])]).toEqual([menu, []])
  }
})

test.each(['light', 'dark'] as const)('nor at 390 px, in %s', async (theme) => {
  const world = await makeWorld()
  await world.crew.api.post('/api/v1/task_groups/graph', {
    id: 'g',
    name: 'The group',
    tasks: [{ id: 't', name: 'one', worker: 'flaky', remainingAttempts: 1 }],
  })
  const schedule = { name: 'Nightly run', cron: '0 3 * * *', template: { tasks: [{ worker: 'echo' }] } }
  await world.crew.api.call('PUT', '/api/v1/schedule/nightly', schedule)
  await addPeople(world)
  const { page } = await logIn(browser, world, { theme, width: 390 })
  for (const [path, ready] of [
    ['/groups', 'The group'],
    ['/groups/g', 'one'],
    ['/groups/g/tasks/t', 'no attempts left'],
    ['/groups/g?task=t', 'no attempts left'],
    ['/workers', 'flaky'],
    ['/workers/flaky', 'Half took'],
    ['/workgroups', 'No workgroups yet.'],
    ['/schedules', 'Nightly run'],
    ['/schedules/nightly', '+00:00'],
    ['/groups/g/timeline', 'A thin line is waiting'],
    ['/groups/g/errors', 'Retry these'],
    ['/errors', 'Retry these'],
    ['/bulk', 'Nothing was done to many at once yet.'],
    ['/settings', 'a loss of power'],
    ['/settings/users', 'dana'],
    ['/settings/tokens', 'nightly import'],
    ['/activity', 'Add a user'],
  ] as const) {
    await page.goto(world.crew.url + path)
    await page.getByText(ready).first().waitFor()
    expect([path, await violationsOf(page)]).toEqual([path, []])
  }
})
