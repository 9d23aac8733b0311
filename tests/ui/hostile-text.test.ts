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

/** Each part would do something where a page took it for more than text; what stands behind the last letters is turned round. */
const HOSTILE = `"'</script><img src=x onerror=alert(1)><svg onload=alert(2)> javascript:alert(3) {{7*7}} \u202Egpj.exe`
const HOSTILE_PATH = encodeURIComponent(HOSTILE)
/** What is seen of it where it is seen at all. */
const SHOWN = 'onerror=alert'

/** Every field that takes any text has this one. Answers the fingerprint of what the worker said. */
async function makeHostile({ crew: { api } }: World): Promise<string> {
  const text = { name: HOSTILE, metadata: { [HOSTILE]: HOSTILE } }
  const tasks = [
    { ...text, id: 'bad', worker: 'says', key: HOSTILE, input: { error: HOSTILE }, remainingAttempts: 1 },
    { ...text, id: 'good', worker: 'says', input: { output: { [HOSTILE]: HOSTILE } } },
    { ...text, id: 'held', worker: 'says', workgroup: HOSTILE, input: HOSTILE },
  ]
  await api.post(`/api/v1/workgroup/${HOSTILE_PATH}/pause`, { seconds: 3600, reason: HOSTILE })
  const group = { ...text, finally: { worker: 'says', name: HOSTILE, input: HOSTILE }, tasks }
  await api.post('/api/v1/task_groups/graph', { ...group, id: 'g' })
  await api.put('/api/v1/schedule/s', { name: HOSTILE, cron: '0 3 * * *', template: group })
  await api.post('/api/v1/tokens', { name: HOSTILE, role: 'viewer' })
  const { fingerprint } = await eventually('the worker said it', async () => {
    const { errors } = await api.get<{ errors: { fingerprint: string }[] }>('/api/v1/errors')
    return errors[0]
  })
  await eventually('the worker answered', async () => {
    const task = await api.get<{ state: string }>('/api/v1/task/good')
    return task.state === 'succeeded'
  })
  await api.post('/api/v1/worker/says/pause', { seconds: 3600, reason: HOSTILE })
  return fingerprint
}

/**
 * Texts that stand turned round, or before a hostile one that they follow, although nothing in them asks for it. Evaluated by the
 * debugger, whom no policy binds.
 */
const TURNED = String.raw`(() => {
  const turned = []
  let hostile = null
  const rectsOf = (node, from, to) => {
    const range = document.createRange()
    range.setStart(node, from)
    range.setEnd(node, to)
    return [...range.getClientRects()].filter(({ width }) => width > 0)
  }
  const lineOf = ({ parentElement }) => {
    let block = parentElement
    while (/^(inline|contents)$/.test(getComputedStyle(block).display)) block = block.parentElement
    return block
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (texts.nextNode()) {
    const node = texts.currentNode
    const at = node.data.search(/[A-Za-z]{2}/)
    if (/\u202e/.test(node.data)) hostile = node
    else if (at >= 0) {
      const [one] = rectsOf(node, at, at + 1)
      const [two] = rectsOf(node, at + 1, at + 2)
      if (!one || !two) continue
      const before = hostile && lineOf(hostile) === lineOf(node) ? rectsOf(hostile, 0, hostile.length).at(-1) : null
      const isBefore = before && before.top < one.bottom && one.top < before.bottom && one.right < before.left + 1
      if (isBefore || (one.top === two.top && one.left > two.left)) turned.push(node.data)
    }
  }
  return turned
})()`

/** What no page has unless a text became more than that: handlers, scripts, addresses that run, things from elsewhere. */
const FOREIGN = `[...document.querySelectorAll('*')].filter((element) =>
  element.getAttributeNames().some((name) => name.startsWith('on')) ||
  ['href', 'src', 'action', 'formaction'].some((name) => /^\\W*(javascript|data):/i.test(element.getAttribute(name) ?? '')) ||
  element.matches('img[src="x"], script:not([src], #config), iframe, object, embed')
).map((element) => element.outerHTML)`

async function expectText(page: Page, what: string): Promise<void> {
  expect([what, await page.evaluate(FOREIGN), await page.evaluate(TURNED)]).toEqual([what, [], []])
}

const steps: readonly (readonly [path: string, click?: string])[] = [
  ['/groups'],
  [`/groups?q=${HOSTILE_PATH}`],
  ['/groups/g'],
  ['/groups/g', 'More'],
  ['/groups/g', 'Retry 1 failed…'],
  ['/groups/g', 'what is below it waits…'],
  ['/groups/g?graph=tasks'],
  ['/groups/g?task=bad'],
  ['/groups/g/timeline'],
  ['/groups/g/errors'],
  ['/groups/g/tasks/bad'],
  ['/groups/g/tasks/bad', 'Edit…'],
  ['/groups/g/tasks/bad', 'Input'],
  ['/groups/g/tasks/bad', 'Errors'],
  ['/groups/g/tasks/bad', 'Request'],
  ['/groups/g/tasks/bad', 'Raw'],
  ['/groups/g/tasks/bad', 'Retry…'],
  ['/groups/g/tasks/good', 'Output'],
  ['/groups/g/tasks/held'],
  ['/errors'],
  ['/errors/FINGERPRINT'],
  ['/workers/says'],
  ['/workers/says', 'Resume'],
  ['/workgroups'],
  [`/workgroups/${HOSTILE_PATH}`],
  [`/workgroups/${HOSTILE_PATH}`, 'Limits…'],
  ['/schedules'],
  ['/schedules/s'],
  ['/schedules/s', 'Edit…'],
  ['/settings/tokens'],
  ['/settings/tokens', 'Revoke'],
  ['/activity'],
]

const panels: readonly string[] = ['Input', 'Errors', 'Request', 'Raw', 'Output']

async function clickOn(page: Page, name: string): Promise<void> {
  if (!panels.includes(name)) return page.getByRole('button', { name }).first().click()
  await page.getByRole('tab', { name }).click()
  await page.getByRole('tabpanel').getByText(SHOWN).first().waitFor()
}

test('whatever people and workers write stays text, on every page and in its place', async () => {
  const world = await makeWorld()
  const fingerprint = await makeHostile(world)
  const tab = await logIn(browser, world)
  const { page } = tab
  const dialogs: string[] = []
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message())
    void dialog.dismiss()
  })
  for (const [path, click] of steps) {
    await page.goto(world.crew.url + path.replace('FINGERPRINT', fingerprint))
    await page.getByText(SHOWN).first().waitFor()
    if (click) await clickOn(page, click)
    await expectText(page, `${path} ${click ?? ''}`)
  }
  expect(dialogs).toEqual([])
  expectNoComplaints(tab)
})

test('the looks above see what they look for', async () => {
  const { page } = await openTab(browser)
  const open = (body: string): Promise<void> => page.setContent(`<meta charset="utf-8"><body>${body}</body>`)
  await open('<p>a <b>\u202Egpj.exe</b> was <bdi>deleted</bdi></p>')
  expect(await page.evaluate(TURNED)).toEqual([' was ', 'deleted'])
  await open('<p>a <bdi>\u202Egpj.exe</bdi> was <bdi>deleted</bdi></p>')
  expect(await page.evaluate(TURNED)).toEqual([])
  await open('<img src=x><a href=" JavaScript:alert(1)">a</a><p onclick="x()">b</p><script>1</script>')
  expect(await page.evaluate(FOREIGN)).toHaveLength(4)
})
