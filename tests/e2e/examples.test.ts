import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Api, listTasks, makeApi, readAttempts, readTask } from './support/api-client.ts'
import { follow, startAsTheListSays } from './support/example.ts'

const ends: (() => void | Promise<void>)[] = []
let url: string
let api: Api

// One server for all: each example has groups and workers of its own.
beforeAll(async () => {
  url = await startAsTheListSays((end) => void ends.unshift(end))
  api = makeApi(url, 'a-token-of-mine')
})

afterAll(async () => {
  await api?.close()
  for (const end of ends) await end()
})

/** Both are there, and each run is of one of them. */
const languages = [
  ['TypeScript', { without: /python3/ }],
  ['Python', { without: /npx bun/ }],
] as const

/** What the tasks of a worker answered. */
async function outputsOf(group: string, worker: string): Promise<unknown[]> {
  const tasks = await listTasks(api, group)
  return tasks.filter((task) => task.worker === worker).map(({ output }) => output)
}

test('an API with a quota per key: its 429s hold the workgroup and use up no attempt', async () => {
  const said = await follow('rate-limited-api', { env: { URL: url } })
  expect(said.match(/rate-limited: "succeeded"/g)).toHaveLength(2)
  const tasks = await listTasks(api, 'rate-limited')
  expect(tasks).toHaveLength(16)
  for (const { id, remainingAttempts, errors } of tasks) expect([id, remainingAttempts, errors]).toEqual([id, 1, []])
  const [, counts = '{}'] = /^(\{"key-of-.*\})$/m.exec(said) ?? []
  const served = expect.objectContaining({ served: 8 })
  expect(JSON.parse(counts)).toEqual({ 'key-of-alpha': served, 'key-of-beta': served })
  // Of eight that start together some meet the limit; which ones they are, a worker that has to warm up decides.
  const attempts = await Promise.all(tasks.map(({ id }) => readAttempts(api, id)))
  expect(attempts.flat().map(({ outcome }) => outcome)).toContain('rateLimited')
  expect(said).toContain('rate limit met by task')
})

test.each(languages)('fan out and in, in %s: what shares a key is looked up once', async (_language, options) => {
  const said = await follow('fan-out-fan-in', { env: { URL: url }, ...options })
  expect(said).toContain('fan-out: "succeeded"')
  expect(await outputsOf('fan-out', 'basket/total')).toEqual([{ total: 20, prices: 6, lookups: 3 }])
  expect(await listTasks(api, 'fan-out')).toHaveLength(8)
  await api.delete('/api/v1/task_group/fan-out')
})

test.each(languages)('page by page, in %s: each page makes the next, and the last one the sum', async (_, options) => {
  const said = await follow('pagination-by-continuation', { env: { URL: url }, ...options })
  expect(said).toContain('pagination: "succeeded"')
  expect(await outputsOf('pagination', 'orders/sum')).toEqual([{ pages: 5, orders: 23, sum: 276 }])
  await api.delete('/api/v1/task_group/pagination')
})

test('each night: a reset begins with the seed, and a night that overlaps is skipped', async () => {
  const said = await follow('nightly-schedule', { env: { URL: url } })
  expect(said.match(/nightly-.*: "succeeded"/g)).toHaveLength(2)
  expect(said).toMatch(/T02:30:00\.000\+0[12]:00/)
  expect(said).toMatch(/was skipped: the group .* had not ended/)
  const [, group = ''] = /^(nightly-.*): "succeeded"$/m.exec(said) ?? []
  const syncs = (await outputsOf(group, 'nightly/sync')) as { account: string; syncedBy: string }[]
  expect(syncs.map(({ account }) => account)).toEqual(['ada', 'grace', 'edsger', 'grace'])
  expect(new Set(syncs.map(({ syncedBy }) => syncedBy)).size).toBe(3)
  expect(await outputsOf(group, 'nightly/report')).toEqual([{ accounts: ['ada', 'grace', 'edsger'] }])
})

test('a person decides: a yes publishes, a no does not, and a reset can ask again', async () => {
  const said = await follow('human-approval', { env: { URL: url } })
  expect(said).toContain('"code":"paused","message":"It is paused: resume it."')
  expect(said).toContain('{"published":{"article":{"text":"# Crew 1.0"},"approvedBy":"Ada"}}')
  expect(said.trimEnd().split('\n').at(-1)).toBe('"paused"')
  expect(said).toContain('Its parent article-2.approve failed for good')
  expect((await readTask(api, 'article-2.approve')).errors).toEqual(['Grace does not approve of it'])
  expect((await readTask(api, 'article-2.publish')).state).toBe('blocked')
})

test('a long job outlives its timeout, and a kill', async () => {
  const said = await follow('long-job-by-202', { env: { URL: url } })
  expect(said).toContain('"logs":["page 1 is written"')
  const attempts = await readAttempts(api, 'export')
  expect((await readTask(api, 'export')).output).toEqual({ pages: 30, attempt: attempts.length })
  // A worker that takes its time to come back is met by an attempt more.
  const outcomes = attempts.map(({ outcome }) => outcome)
  expect(outcomes.filter((outcome) => outcome !== 'networkError')).toEqual(['timeout', 'succeeded'])
  expect(new Set(attempts.map(({ deliveryId }) => deliveryId)).size).toBe(1)
})
