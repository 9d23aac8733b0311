import { type Api, CrewClient, CrewProblem, type WaitOptions } from 'crew-sdk'
import { describe, expect, test } from 'vitest'
import { waitForGroup } from '../../sdk/typescript/src/client/wait-for-group.ts'
import { fakeCrew, problem } from './fake-crew.ts'
import { simulatedHost } from './simulated-host.ts'

const unreachable = new TypeError('fetch failed')
const later = { 'retry-after': '0' }

function makeWorld(options: { readonly url?: string; readonly token?: string; readonly retrySeconds?: number } = {}) {
  const crew = fakeCrew()
  return { crew, client: new CrewClient({ url: 'http://crew.test', token: 'secret', fetch: crew.fetch, ...options }) }
}

const refused = async (call: Promise<unknown>): Promise<CrewProblem> => {
  const error = await call.then(
    () => expect.unreachable(),
    (thrown) => thrown,
  )
  expect(error).toBeInstanceOf(CrewProblem)
  return error
}

describe('a call', () => {
  test('goes where the OpenAPI document says, with the token', async () => {
    const { crew, client } = makeWorld({ url: 'http://crew.test/base/' })
    await client.createGraph({ name: 'nightly', tasks: [{ worker: 'a' }] })
    await client.createGroup()
    await client.addTask('g/1', { worker: 'a' })
    await client.addTasks('g', [{ worker: 'a' }])
    await client.getGroup('g')
    await client.getTask('t')
    await client.listTasks('g', { state: 'failed', pageSize: 5 })
    await client.why('t')
    await client.pause('g')
    await client.resume('g', { spreadSeconds: 60 })
    await client.retry('g', { remainingAttempts: 3 })
    await client.reset('g')
    await client.deleteGroup('g')
    await client.request('pauseWorkgroup', { params: { name: 'shop/api' }, body: { seconds: 5 } })
    expect(crew.sent.map(({ method, path, text }) => `${method} ${path} ${text}`.trim())).toEqual([
      'POST /base/api/v1/task_groups/graph {"name":"nightly","tasks":[{"worker":"a"}]}',
      'POST /base/api/v1/task_groups {}',
      'POST /base/api/v1/task_group/g%2F1/tasks {"worker":"a"}',
      'POST /base/api/v1/task_group/g/tasks/batch {"tasks":[{"worker":"a"}]}',
      'GET /base/api/v1/task_group/g',
      'GET /base/api/v1/task/t',
      'GET /base/api/v1/task_group/g/tasks?state=failed&pageSize=5',
      'GET /base/api/v1/task/t/why',
      'POST /base/api/v1/task_group/g/pause',
      'POST /base/api/v1/task_group/g/resume {"spreadSeconds":60}',
      'POST /base/api/v1/task_group/g/retry {"remainingAttempts":3}',
      'POST /base/api/v1/task_group/g/reset {}',
      'DELETE /base/api/v1/task_group/g',
      'POST /base/api/v1/workgroup/shop%2Fapi/pause {"seconds":5}',
    ])
    expect(new Set(crew.sent.map(({ headers }) => headers.get('authorization')))).toEqual(new Set(['Bearer secret']))
    const typed = crew.sent.filter(({ headers }) => headers.get('content-type') === 'application/json')
    expect(typed.map(({ text }) => text)).toEqual(crew.sent.map(({ text }) => text).filter((text) => text !== ''))
  })

  test('carries the idempotency key that it was given', async () => {
    const { crew, client } = makeWorld()
    await client.createGroup({ name: 'once' }, { idempotencyKey: 'order-7' })
    await client.createGroup({ name: 'again' })
    expect(crew.sent.map(({ headers }) => headers.get('idempotency-key'))).toEqual(['order-7', null])
  })

  test('answers the text as it was sent to who asks for it', async () => {
    const { crew, client } = makeWorld()
    crew.reply('/big', new Response('{"input":12345678901234567890}'))
    expect(await client.requestText('getTask', { params: { tid: 'big' } })).toBe('{"input":12345678901234567890}')
  })
})

describe('a refusal', () => {
  test('is a CrewProblem with its code, its status and where the faults are', async () => {
    const { crew, client } = makeWorld()
    const errors = [{ pointer: '/tasks/0/worker', detail: 'expected the name of a worker' }]
    const body = {
      title: 'The request is not valid',
      detail: 'The graph is not valid',
      code: 'invalid_request',
      instance: 'req-1',
      errors,
    }
    crew.reply('/graph', Response.json(body, { status: 422 }))
    expect(await refused(client.createGraph({ tasks: [] }))).toMatchObject({
      message: 'The graph is not valid; /tasks/0/worker: expected the name of a worker',
      code: 'invalid_request',
      status: 422,
      title: 'The request is not valid',
      instance: 'req-1',
      errors,
    })
  })

  test('of something before the server says what it was', async () => {
    const { crew, client } = makeWorld()
    crew.reply('/t', new Response('<h1>Forbidden</h1>', { status: 403 }))
    const { code, status, message } = await refused(client.getTask('t'))
    expect([code, status, message]).toEqual(['unexpected_answer', 403, expect.stringContaining('<h1>Forbidden</h1>')])
  })

  test('is what a redirection is: followed, a POST would be a GET', async () => {
    const { crew, client } = makeWorld()
    crew.reply('', new Response(null, { status: 301, headers: { location: 'https://crew.test/api/v1/task_groups' } }))
    const { code, status, message } = await refused(client.createGroup({}, { idempotencyKey: 'k' }))
    expect([code, status]).toEqual(['unexpected_answer', 301])
    expect(message).toContain('https://crew.test/api/v1/task_groups')
    expect(crew.sent.map(({ redirect }) => redirect)).toEqual(['manual'])
  })

  test('is not tried again', async () => {
    const { crew, client } = makeWorld()
    crew.reply('/t', problem(404, 'task_not_found', 'no task t'))
    expect((await refused(client.getTask('t'))).code).toBe('task_not_found')
    expect(crew.sent).toHaveLength(1)
  })
})

describe('while the server is away', () => {
  test('what reads, or has an idempotency key, is sent again', async () => {
    const { crew, client } = makeWorld()
    const busy = problem(503, 'shutting_down', 'x', later)
    crew.reply('', busy, problem(429, 'too_many_requests', 'x', later), busy, { id: 'g' }, busy, { id: 'made' })
    expect(await client.getGroup('g')).toEqual({ id: 'g' })
    expect(await client.createGroup({}, { idempotencyKey: 'k' })).toEqual({ id: 'made' })
    expect(crew.sent.map(({ method }) => method)).toEqual(['GET', 'GET', 'GET', 'GET', 'POST', 'POST'])
  })

  test('a key whose first request is under way is asked about again', async () => {
    const { crew, client } = makeWorld()
    crew.reply('', problem(409, 'idempotency_key_in_use', 'under way', later), { id: 'made' })
    expect(await client.createGroup({}, { idempotencyKey: 'k' })).toEqual({ id: 'made' })
    crew.reply('', problem(409, 'duplicate_id', 'taken'))
    expect((await refused(client.createGroup({}, { idempotencyKey: 'l' }))).code).toBe('duplicate_id')
    expect(crew.sent).toHaveLength(3)
  })

  test('what changes something is sent once', async () => {
    const { crew, client } = makeWorld()
    crew.reply('', problem(503, 'shutting_down', 'x', later))
    expect((await refused(client.createGroup())).code).toBe('shutting_down')
    crew.reply('', unreachable)
    const { code, status, cause } = await refused(client.createGroup())
    expect([code, status, cause]).toEqual(['unreachable', 0, unreachable])
    expect(crew.sent).toHaveLength(2)
  })

  test('a call that is aborted ends with the reason', async () => {
    const { crew, client } = makeWorld()
    crew.reply('', unreachable)
    const stop = new AbortController()
    const called = client.getGroup('g', { signal: stop.signal })
    stop.abort(new Error('stopped'))
    await expect(called).rejects.toThrow('stopped')
  })

  test('nothing is sent again by a client that is told so', async () => {
    const { crew, client } = makeWorld({ retrySeconds: 0 })
    crew.reply('', unreachable)
    expect((await refused(client.getGroup('g'))).code).toBe('unreachable')
    expect(crew.sent).toHaveLength(1)
  })
})

describe('waiting for a group', () => {
  /** Waits on simulated time for a group that is in these states, the last one for ever. */
  function wait(states: readonly Api.TaskGroup['state'][], options: WaitOptions = {}) {
    const host = simulatedHost(() => Promise.reject(unreachable))
    const left = [...states]
    const askedAt: number[] = []
    const start = host.now()
    const ask = async (): Promise<Api.TaskGroup> => {
      askedAt.push(host.now() - start)
      const isLast = left.length === 1
      const state = isLast ? left[0] : left.shift()
      return { id: 'g', state, isSettled: isLast && state !== 'active' && state !== 'empty' } as Api.TaskGroup
    }
    return { host, askedAt, ended: waitForGroup(ask, host, options) }
  }

  test.each(['succeeded', 'failed', 'empty'] as const)('ends when it is %s', async (state) => {
    const seen: string[] = []
    const { host, ended } = wait(['active', 'paused', state], {
      onProgress: (group) => seen.push(group.state),
    })
    await host.timers.advance(10_000)
    expect((await ended).state).toBe(state)
    expect(seen).toEqual(['active', 'paused', state])
  })

  test('goes on while its last task runs', async () => {
    const { host, askedAt, ended } = wait(['active', 'succeeded', 'active', 'succeeded'])
    await host.timers.advance(10_000)
    expect([(await ended).isSettled, askedAt.length]).toEqual([true, 4])
  })

  test('asks soon at first and every five seconds at last', async () => {
    const { host, askedAt, ended } = wait([...Array.from({ length: 20 }, () => 'active' as const), 'succeeded'])
    await host.timers.advance(120_000)
    await ended
    const pauses = askedAt.map((at, index) => at - (askedAt[index - 1] ?? 0)).slice(1)
    expect(pauses.slice(0, 3)).toEqual([200, 300, 450])
    expect(pauses.at(-1)).toBe(5000)
  })

  test('ends when it has taken too long, or is aborted', async () => {
    await expect(wait(['active'], { timeoutSeconds: 0.01 }).ended).rejects.toMatchObject({
      name: 'TimeoutError',
      message: 'the group has not ended within 0.01 seconds',
    })
    const stop = new AbortController()
    const { ended } = wait(['active'], { signal: stop.signal })
    stop.abort(new Error('stopped'))
    await expect(ended).rejects.toThrow('stopped')
  })
})

test.each(['', 'crew.test', 'ftp://crew.test'])('"%s" is no address of a server', (url) => {
  expect(() => new CrewClient({ url })).toThrow('expected the address of a server')
})
