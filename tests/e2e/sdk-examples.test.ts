import { randomBytes } from 'node:crypto'
import { CrewClient } from 'crew-sdk'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Crew, makeDir, startCrew, TOKEN, type Until } from './support/crew.ts'
import {
  behind,
  cloudFunction,
  examplePath,
  lambda,
  type Platform,
  servePlatforms,
  startExample,
  web,
} from './support/sdk-platforms.ts'

const secret = `whsec_${randomBytes(32).toString('base64')}`
const ends: Parameters<Until>[0][] = []
const until: Until = (end) => void ends.unshift(end)

let crew: Crew
let client: CrewClient
let shopCalls: string[]

// One server for all: each example has workers of its own.
beforeAll(async () => {
  vi.stubEnv('CREW_SIGNING_SECRET', secret)
  shopCalls = []
  const shop = await servePlatforms({ pages: shopPlatform }, until)
  vi.stubEnv('SHOP_URL', shop)
  const servers = Object.fromEntries(await Promise.all(['node-server', 'long-running'].map(startServer)))
  const load = (name: string) => import(examplePath(name))
  const [onLambda, onCloud, onCloudflare, onNext] = await Promise.all(
    ['lambda', 'cloud-function', 'cloudflare-worker', 'next-route'].map(load),
  )
  const environment = { CREW_SIGNING_SECRET: secret }
  const url = await servePlatforms(
    {
      lambda: lambda(onLambda.handler),
      'cloud-function': cloudFunction(onCloud.thumbnail),
      cloudflare: web((request) => onCloudflare.default.fetch(request, environment, { waitUntil: () => {} })),
      next: web(onNext.POST),
      node: behind(() => servers['node-server'] ?? ''),
      long: behind(() => servers['long-running'] ?? ''),
    },
    until,
  )
  const env = { CREW_WORKER_BASE_URL: url, CREW_WORKER_SIGNING_SECRET: secret }
  crew = await startCrew({ dir: makeDir(until), env, until })
  client = new CrewClient({ url: crew.url, token: TOKEN })
})

afterAll(async () => {
  vi.unstubAllEnvs()
  for (const end of ends) await end()
})

/** The API behind the Next.js example: it wants a pause before its second page. */
const shopPlatform: Platform = async ({ incoming }, response) => {
  const page = incoming.url?.split('/').at(-1) ?? ''
  shopCalls.push(page)
  const isBusy = page === '2' && shopCalls.filter((each) => each === '2').length === 1
  if (isBusy) response.writeHead(429, { 'retry-after': '1' }).end()
  else response.writeHead(200).end(JSON.stringify({ title: `Page ${page}` }))
}

async function startServer(name: string): Promise<[string, string]> {
  const example = startExample(name, { PORT: '0', CREW_SIGNING_SECRET: secret }, until)
  return [name, `http://127.0.0.1:${await example.says(/port: (\d+)/)}`]
}

/** The task when its group has ended. */
async function runTask(task: { readonly worker: string; readonly input: unknown; readonly timeoutSeconds?: number }) {
  const id = `task-of-${task.worker}`
  const group = await client.createGraph({ tasks: [{ id, remainingAttempts: 1, ...task }] })
  await client.waitForGroup(group.id, { timeoutSeconds: 100 })
  return client.getTask(id)
}

test.each([
  ['a Lambda', 'lambda', { text: 'three small words' }, { words: 3 }],
  ['a cloud function', 'cloud-function', { width: 1600 }, { height: 900 }],
  ['a Node server', 'node', { name: 'Ada' }, 'Hello Ada, from 0 parents'],
])('the example of %s does a task', async (_what, worker, input, output) => {
  expect(await runTask({ worker, input })).toMatchObject({ state: 'succeeded', output, errors: [] })
})

test('the example of a Cloudflare Worker makes children, whose order is kept', async () => {
  const { taskGroupId, output } = await runTask({ worker: 'cloudflare', input: { pages: 1 } })
  expect(output).toEqual({ planned: 1 })
  const { tasks } = await client.listTasks(taskGroupId)
  const [plan, page, merge] = tasks
  expect(tasks.map(({ worker, state }) => [worker, state])).toEqual([
    ['cloudflare', 'succeeded'],
    ['next', 'succeeded'],
    ['lambda', 'succeeded'],
  ])
  expect(page?.parentIds).toEqual([plan?.id])
  expect(merge?.parentIds).toEqual([page?.id, plan?.id])
})

test('the example of a long-running worker tells how far it is, and outlives its lease', async () => {
  // Each takes 50 ms and more: longer in all than the lease, and that is long enough for a machine that stalls.
  expect(await runTask({ worker: 'long', input: { frames: 90 }, timeoutSeconds: 4 })).toMatchObject({
    state: 'succeeded',
    output: { rendered: 90 },
    errors: [],
  })
})

test('the example of a client creates a graph and waits for it, over the rate limit of a Next.js worker', async () => {
  const example = startExample('client', { CREW_URL: crew.url, CREW_TOKEN: TOKEN }, until)
  expect(await example.says(/^(.*words.*)$/m)).toBe('succeeded: {"words":2}')
  expect(await example.ended).toBe(0)
  expect(shopCalls.filter((page) => page === '2')).toHaveLength(2)
  expect((await client.getTask('second')).errors).toEqual([])
})

test('the example of a poller does tasks that nobody POSTs, and ends when it is told to', async () => {
  await client.request('updateWorker', { params: { name: 'square' }, body: { mode: 'pull' } })
  const example = startExample('poller', { CREW_URL: crew.url, CREW_TOKEN: TOKEN }, until)
  expect(await runTask({ worker: 'square', input: { n: 12 } })).toMatchObject({ state: 'succeeded', output: 144 })
  example.term()
  expect(await example.ended).toBe(0)
})

test('a call that Crew did not sign does nothing', async () => {
  const { handler } = await import(examplePath('lambda'))
  const event = {
    rawPath: '/',
    headers: {},
    requestContext: { http: { method: 'POST' } },
    body: '{"input":{"text":"a"}}',
  }
  expect(await handler(event)).toMatchObject({ statusCode: 401 })
})
