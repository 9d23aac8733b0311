import {
  answer,
  child,
  defineWorker,
  type Handler,
  nonRetryable,
  rateLimited,
  retryAfter,
  type Task,
  type WorkerOptions,
} from 'crew-sdk'
import { describe, expect, test, vi } from 'vitest'
import { createWorker } from '../../sdk/typescript/src/worker/define-worker.ts'
import { crewRequest, NOW, type RequestOptions, SECRET } from './crew-request.ts'
import { simulatedHost } from './simulated-host.ts'

const noNetwork = () => Promise.reject(new Error('nothing is sent here'))

/** What a worker with this handler answers to one request. */
async function post(handler: Handler, request: RequestOptions | Request = {}, options: WorkerOptions = {}) {
  const host = { ...simulatedHost(noNetwork), now: () => NOW }
  const response = await createWorker(handler, options, host).fetch(
    request instanceof Request ? request : crewRequest(request),
  )
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Readonly<Record<string, unknown>>,
  }
}

describe('a handler', () => {
  test('gets the task as Crew sent it', async () => {
    const body = {
      input: { page: 1 },
      worker: 'fetch',
      parents: [{ taskId: 'p', worker: 'w', input: 1, output: [2] }],
      taskId: 't',
      taskGroupId: 'g',
      name: 'Fetch',
      attempt: 2,
      remainingAttempts: 4,
      workgroup: 'api',
      key: 'k',
      metadata: { team: 'a' },
    }
    const tasks: Task[] = []
    await post((task) => tasks.push(task), { body })
    const { signal, accept, ...facts } = tasks[0] as Task
    expect(facts).toEqual({ ...body, deliveryId: 'delivery-1', rawBody: JSON.stringify(body) })
    expect([signal.aborted, typeof accept]).toEqual([false, 'function'])
  })

  test('finds the digits of large numbers in the raw body', async () => {
    const { body } = await post(({ rawBody }) => /"id":(\d+)/.exec(rawBody)?.[1], {
      body: '{"input":{"id":12345678901234567890}}',
    })
    expect(body).toEqual({ output: '12345678901234567890' })
  })

  test.each([
    [undefined, null],
    [null, null],
    [0, 0],
    ['text', 'text'],
    [{ a: [] }, { a: [] }],
  ])('that returns %j has that output', async (returned, output) => {
    expect(await post(() => returned)).toMatchObject({ status: 200, body: { output } })
  })

  test('is told by its signal when the time is over', async () => {
    const { body } = await post(
      ({ signal }) =>
        new Promise((resolve) => {
          const tell = () => resolve(signal.reason.name)
          // On a busy machine it may be over before the handler begins.
          if (signal.aborted) tell()
          else signal.addEventListener('abort', tell)
        }),
      { headers: { 'crew-timeout': '0.02' } },
    )
    expect(body).toEqual({ output: 'TimeoutError' })
  })

  test('is told by its signal when the caller has gone', async () => {
    const caller = new AbortController()
    const request = new Request('http://worker.test/', { method: 'POST', body: '{}', signal: caller.signal })
    const answered = post(({ signal }) => {
      caller.abort()
      return signal.aborted
    }, request)
    expect((await answered).body).toEqual({ output: true })
  })
})

describe('an answer', () => {
  test('asks for children by local names, and for delays', async () => {
    const at = new Date(NOW)
    const { body } = await post(() =>
      answer(7, {
        children: [
          child({ id: 'a', worker: 'fetch', input: 1, runAfter: at, priority: 3 }),
          child({ worker: 'merge', parentIds: ['a', 'task-of-the-group'] }),
          { worker: 'known', taskId: 'real-id' },
        ],
        workgroupDelayInSeconds: 1,
        childrenDelayInSeconds: 2.5,
        workgroup: 'api',
      }),
    )
    expect(body).toEqual({
      output: 7,
      children: [
        { _child_id: 'a', worker: 'fetch', input: 1, runAfter: at.toISOString(), priority: 3 },
        { worker: 'merge', _parent_ids: ['a', 'task-of-the-group'] },
        { worker: 'known', id: 'real-id' },
      ],
      workgroupDelayInSeconds: 1,
      childrenDelayInSeconds: 2.5,
      workgroup: 'api',
    })
  })

  test('that JSON cannot express is a failure that says so', async () => {
    const { status, body } = await post(() => ({ count: 1n }))
    expect(status).toBe(200)
    expect(body.error).toContain('the answer cannot be written as JSON')
  })
})

describe('a failure', () => {
  test('is the message of what was thrown, with its causes', async () => {
    const cause = new Error('connect ECONNREFUSED')
    const thrower = (thrown: unknown) => post(() => Promise.reject(thrown))
    expect(await thrower(new Error('no such order'))).toMatchObject({ status: 200, body: { error: 'no such order' } })
    expect((await thrower(new TypeError('fetch failed', { cause }))).body).toEqual({
      error: 'fetch failed: connect ECONNREFUSED',
    })
    expect((await thrower('text')).body).toEqual({ error: 'text' })
    expect((await thrower(undefined)).body).toEqual({ error: 'undefined' })
    expect((await thrower(new RangeError(''))).body).toEqual({ error: 'RangeError' })
  })

  test.each([
    [rateLimited(30), 429, { error: 'rate limited', rateLimited: true, workgroupDelayInSeconds: 30 }],
    [
      rateLimited(1.5, { workgroup: 'tenant-7', message: 'quota' }),
      429,
      { error: 'quota', rateLimited: true, workgroupDelayInSeconds: 1.5, workgroup: 'tenant-7' },
    ],
    [nonRetryable('bad input'), 200, { error: 'bad input', retryable: false }],
    [retryAfter(600, 'not ready'), 200, { error: 'not ready', retryAfterSeconds: 600 }],
  ])('%s is said by status and body, thrown or returned', async (failure, status, body) => {
    expect(await post(() => Promise.reject(failure))).toMatchObject({ status, body })
    const returned = await post(() => failure)
    expect([returned.status, returned.body]).toEqual([status, body])
  })
})

describe('a request', () => {
  test('that is no POST gets 405', async () => {
    const { status, headers, body } = await post(() => 1, new Request('http://worker.test/'))
    expect([status, headers.get('allow'), body.error]).toEqual([405, 'POST', 'GET is not understood here, only POST.'])
  })

  test.each(['', 'nonsense', '[]', 'null', '3'])('whose body is "%s" gets 400', async (body) => {
    const answered = await post(() => 1, { body })
    expect([answered.status, answered.body.error]).toEqual([400, expect.stringContaining('not a JSON object')])
  })

  test('that is too large gets 413, with and without a length', async () => {
    const body = JSON.stringify({ input: 'x'.repeat(100) })
    const stream = new Response(body).body
    const unsized = new Request('http://worker.test/', { method: 'POST', body: stream, duplex: 'half' } as RequestInit)
    for (const request of [
      crewRequest({ body, headers: { 'content-length': String(body.length) } }),
      crewRequest({ body }),
      unsized,
    ]) {
      expect((await post(() => 1, request, { maxBodyBytes: 50 })).status).toBe(413)
    }
  })

  test('is let in by its signature alone when there is a secret', async () => {
    const options = { secret: [SECRET] }
    expect((await post(() => 1, { secrets: [SECRET] }, options)).body).toEqual({ output: 1 })
    const handler = vi.fn()
    const { status, body } = await post(handler, { headers: { 'webhook-signature': 'v1,AAAA' } }, options)
    expect([status, body.error]).toEqual([401, expect.stringContaining('The request is not verified')])
    expect(handler).not.toHaveBeenCalled()
  })

  test('is let in by the expected authorization alone', async () => {
    const options = { authorization: 'Bearer a' }
    expect((await post(() => 1, { headers: { authorization: 'Bearer a' } }, options)).status).toBe(200)
    expect((await post(() => 1, { headers: { authorization: 'Bearer b' } }, options)).status).toBe(401)
    expect((await post(() => 1, {}, options)).status).toBe(401)
  })

  test('is checked with a secret of the environment that it came with', async () => {
    const worker = createWorker(
      () => 1,
      { secret: (env) => env.SIGNING },
      { ...simulatedHost(noNetwork), now: () => NOW },
    )
    const statuses = [{ SIGNING: SECRET }, { SIGNING: SECRET }, {}, undefined].map(async (environment) => {
      const { status } = await worker.fetch(crewRequest({ secrets: [SECRET] }), environment)
      return status
    })
    expect(await Promise.all(statuses)).toEqual([200, 200, 500, 500])
  })
})

test('a worker whose secret or authorization is empty is not made', () => {
  expect(() => defineWorker(() => 1, { secret: undefined })).toThrow('secret is empty')
  expect(() => defineWorker(() => 1, { secret: '' })).toThrow('secret is empty')
  expect(() => defineWorker(() => 1, { authorization: undefined })).toThrow('authorization is empty')
})
