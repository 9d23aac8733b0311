import { expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { readAttempts, readTask, type TaskJson } from './support/api-client.ts'
import type { Delivery } from './support/recording-worker.ts'
import { eventually, once } from './support/waiting.ts'
import { makeWorld, type World } from './support/world.ts'

const finished = ({ api }: World, id: string): Promise<TaskJson> =>
  eventually(`task ${id} ends`, async () => {
    const task = await readTask(api, id)
    return (task.state === 'succeeded' || task.state === 'failed') && task
  })

test('a worker gets the headers and the body that were promised', async () => {
  const world = await makeWorld({ env: { CREW_WORKER_AUTHORIZATION_HEADER: 'Bearer of-the-worker' } })
  const { createTask, worker, groupId } = world
  const { id } = await createTask({
    worker: 'mail/send~1',
    name: 'Söme "name"',
    workgroup: 'wg',
    key: 'k',
    timeoutSeconds: 7.5,
    metadata: { team: 'a' },
    remainingAttempts: 3,
  })
  const [delivery] = await worker.arrived(id)
  expect([delivery?.method, delivery?.path]).toEqual(['POST', '/mail/send~1'])
  const { 'webhook-id': webhookId, 'idempotency-key': key, traceparent, ...headers } = headersOf(delivery)
  expect(headers).toEqual({
    host: new URL(worker.url).host,
    connection: 'keep-alive',
    'content-type': 'application/json',
    'content-length': String(delivery?.body.length),
    accept: 'application/json',
    'user-agent': `crew/${manifest.version}`,
    authorization: 'Bearer of-the-worker',
    'crew-attempt': '1',
    'crew-task-id': id,
    'crew-task-group-id': groupId,
    'crew-timeout': '7.5',
  })
  expect(key).toMatch(/^\S+$/)
  expect(webhookId).toBe(key)
  expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/)
  expect(bodyOf(delivery)).toEqual({
    input: null,
    worker: 'mail/send~1',
    parents: [],
    taskId: id,
    taskGroupId: groupId,
    name: 'Söme "name"',
    attempt: 1,
    remainingAttempts: 3,
    workgroup: 'wg',
    key: 'k',
    metadata: { team: 'a' },
    callback: { url: expect.stringContaining(`/api/v1/attempt/${id}~`), token: expect.stringContaining(`${id}~`) },
  })
})

test('the idempotency key is the same for every retry of one run, and a new one after a reset', async () => {
  const world = await makeWorld({ respond: ({ attempt }) => (attempt < 3 ? { status: 500 } : { body: {} }) })
  const { api, worker, createTask } = world
  const { id } = await createTask({ errorDelayInSeconds: 0 })
  await finished(world, id)
  await api.post(`/api/v1/task/${id}/reset`, {})
  await worker.arrived(id, 6)
  await finished(world, id)
  const deliveries = worker.of(id)
  expect(deliveries.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 1, 2, 3])
  const keys = deliveries.map(({ deliveryId }) => deliveryId)
  expect(new Set(keys.slice(0, 3)).size).toBe(1)
  expect(new Set(keys.slice(3)).size).toBe(1)
  expect(new Set(keys).size).toBe(2)
  expect(new Set(deliveries.map(({ headers }) => headers.get('traceparent'))).size).toBe(6)
})

const RAW =
  '{"z":1, "a":[],"big":123456789012345678901234567890,"exact":0.10000000000000000001,"e":1E400,"u":"\\u00e9é","o":{ }}'

test('inputs and outputs pass byte for byte, numbers beyond doubles among them', async () => {
  const world = await makeWorld({
    respond: ({ worker }) => ({ body: worker === 'first' ? `{"output":${RAW}}` : '{}' }),
  })
  const { api, worker, groupId } = world
  const tasks = `[{"id":"child","worker":"second","parentIds":["parent"],"input":${RAW}},{"id":"parent","worker":"first","input":${RAW}}]`
  await api.post(`/api/v1/task_group/${groupId}/tasks/batch`, `{"tasks":${tasks}}`)
  const [parent] = await worker.arrived('parent')
  const [child] = await worker.arrived('child')
  expect(parent?.body.toString()).toContain(`"input":${RAW},`)
  expect(child?.body.toString()).toContain(`"input":${RAW},`)
  expect(child?.body.toString()).toContain(
    `"parents":[{"taskId":"parent","worker":"first","input":${RAW},"output":${RAW}}]`,
  )
  const { text } = await api.call('GET', '/api/v1/task/parent')
  expect(text).toContain(`"input":${RAW}`)
  expect(text).toContain(`"output":${RAW}`)
})

test('a 429 with Retry-After holds the workgroup for that long and uses up no attempt', async () => {
  const world = await makeWorld({
    respond: ({ attempt, taskId }) =>
      taskId.startsWith('limited') && attempt === 1 ? { status: 429, headers: { 'retry-after': '2' } } : { body: {} },
  })
  const { api, worker, createTask } = world
  /** When the workgroup went on after the refusal, and when the next one started, by the server's own records. */
  const goesOn = async (time: number) => {
    const [limited, same, other, workgroup] = ['limited', 'same', 'other', 'wg'].map((name) => `${name}${time}`)
    if (!limited || !same || !other) throw new Error('they have names')
    await createTask({ id: limited, workgroup })
    await eventually('the workgroup is held', async () => (await readTask(api, limited)).state === 'throttled')
    await createTask({ id: same, workgroup })
    await createTask({ id: other, workgroup: 'another' })
    await finished(world, other)
    expect(worker.of(same)).toEqual([])

    await finished(world, limited)
    await finished(world, same)
    expect(await readTask(api, limited)).toMatchObject({ remainingAttempts: 5 })
    const [refused, again] = await readAttempts(api, limited)
    const [later] = await readAttempts(api, same)
    expect([refused?.outcome, again?.outcome, later?.outcome]).toEqual(['rateLimited', 'succeeded', 'succeeded'])
    const starts = [again, later].map((attempt) => Date.parse(attempt?.startedAt ?? ''))
    const [first = 0, second = 0] = starts.sort((a, b) => a - b)
    const held = { firstMs: first - Date.parse(refused?.endedAt ?? ''), nextMs: second - first }
    // Afterwards the workgroup opens gently: one task in the first second after the hold, the next one after it.
    expect(held.firstMs).toBeGreaterThanOrEqual(1990)
    expect(held.firstMs + held.nextMs).toBeGreaterThanOrEqual(2990)
    return held
  }
  const held = await once(goesOn, ({ firstMs, nextMs }) => firstMs < 3000 && nextMs < 2000)
  expect(held.firstMs).toBeLessThan(3000)
  expect(held.nextMs).toBeLessThan(2000)
})

const DAY_S = 86_400
const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toUTCString()

test.each([
  { name: 'seconds', status: 429, retryAfter: () => '30', heldS: 30 },
  { name: 'seconds of a 503', status: 503, retryAfter: () => '30', heldS: 30 },
  { name: 'a date', status: 503, retryAfter: () => inSeconds(40), heldS: 40 },
  { name: 'ten years, which are cut', status: 429, retryAfter: () => String(3650 * DAY_S), heldS: DAY_S },
  { name: 'a negative number, which is ignored', status: 429, retryAfter: () => '-30', heldS: 7 },
  { name: 'junk, which is ignored', status: 429, retryAfter: () => 'a while', heldS: 7 },
])('Retry-After may be $name', async ({ status, retryAfter, heldS }) => {
  const { api, createTask } = await makeWorld({
    respond: () => ({ status, headers: { 'retry-after': retryAfter() } }),
  })
  const askedAt = Date.now()
  const { id } = await createTask({ workgroup: 'wg', errorDelayInSeconds: 7 })
  await eventually('the workgroup is held', async () => (await readTask(api, id)).state === 'throttled')
  const answeredAt = Date.now()
  const { heldUntil } = await api.get<{ heldUntil: string }>('/api/v1/workgroup/wg')
  // A date has no part of a second.
  expect(Date.parse(heldUntil)).toBeGreaterThanOrEqual(askedAt + (heldS - 1) * 1000)
  expect(Date.parse(heldUntil)).toBeLessThanOrEqual(answeredAt + (heldS + 1) * 1000)
  expect(await readTask(api, id)).toMatchObject({ remainingAttempts: 5 })
})

test('a 503 whose Retry-After is junk is a failure like any other', async () => {
  const world = await makeWorld({ respond: () => ({ status: 503, headers: { 'retry-after': 'soon' } }) })
  const { id } = await world.createTask({ workgroup: 'wg', errorDelayInSeconds: 0, remainingAttempts: 2 })
  expect(await finished(world, id)).toMatchObject({ state: 'failed', remainingAttempts: 0 })
  expect(world.worker.of(id)).toHaveLength(2)
})

const headersOf = (delivery: Delivery | undefined): Record<string, string> =>
  Object.fromEntries(delivery?.headers ?? [])

const bodyOf = (delivery: Delivery | undefined): unknown => JSON.parse(delivery?.body.toString() ?? '')
