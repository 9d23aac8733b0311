import { describe, expect, test } from 'vitest'
import { type Api, type ApiOptions, expectProblem, makeApi } from './make-api.ts'

const KEY = 'sk-live-1234567890'

const makeWorkerApi = (options: ApiOptions = {}): Promise<Api> =>
  makeApi({ workers: { secrets: { SHOP: KEY }, authorization: 'Bearer of-the-environment' }, ...options })

const fresh = {
  name: 'w',
  isRule: false,
  hasSettings: true,
  settingsFrom: 'w',
  url: null,
  address: 'http://workers.test/w',
  headers: {},
  signingSecret: null,
  mode: 'push',
  timeoutSeconds: null,
  retry: null,
  breaker: { failures: 10, openSeconds: 10 },
  maxConcurrent: null,
  rateLimit: null,
  ramp: { stepSeconds: 1 },
  window: null,
  pace: null,
  nextStartAt: null,
  bound: null,
  isPaused: false,
  heldUntil: '0001-01-01T00:00:00Z',
  holdReason: '',
  hold: null,
  inFlight: 0,
  waiting: 0,
  total: 0,
  completed: 0,
  breakerState: 'closed',
  nextProbeAt: null,
  figures: { attemptsPerMinute: 0, errorShare: null, p50Ms: null, p95Ms: null, lastError: null },
}

describe('a worker', () => {
  test('has every field, also where nothing was set', async () => {
    const api = await makeWorkerApi()
    expect(await api.json('PUT', '/api/v1/worker/w', {})).toEqual(fresh)
    expect(await api.json('GET', '/api/v1/worker/w')).toEqual(fresh)
    expect(await api.json('GET', '/api/v1/workers')).toEqual({ workers: [fresh], count: 1 })
  })

  test('shows its settings as they were set', async () => {
    const api = await makeWorkerApi()
    const settings = {
      url: 'https://hooks.example.com/w',
      headers: { authorization: 'Bearer secret:SHOP', 'x-shop': '7' },
      mode: 'both',
      timeoutSeconds: 1.5,
      retry: { strategy: 'exponential', factor: 2, maxSeconds: 60, jitter: 0.5 },
      breaker: { failures: 3, openSeconds: 0.5 },
      maxConcurrent: 4,
      rateLimit: { count: 100, perSeconds: 60, burst: 10 },
      ramp: { stepSeconds: 0 },
    }
    const expected = { ...fresh, ...settings, address: settings.url }
    expect(await api.json('PUT', '/api/v1/worker/w', settings)).toEqual(expected)
    expect(await api.json('PUT', '/api/v1/worker/w', { maxConcurrent: null })).toEqual({
      ...expected,
      maxConcurrent: null,
    })
  })

  test.each(['shop/orders', 'shop%2Forders'])('is addressed as %s', async (path) => {
    const api = await makeWorkerApi()
    await api.json('PUT', `/api/v1/worker/${path}`, { maxConcurrent: 1 })
    expect(await api.json('GET', `/api/v1/worker/${path}`)).toMatchObject({ name: 'shop/orders', maxConcurrent: 1 })
    expect(await api.json('POST', `/api/v1/worker/${path}/pause`, {})).toMatchObject({ isPaused: true })
    expect(await api.json('POST', `/api/v1/worker/${path}/resume`)).toMatchObject({ isPaused: false })
    expect(await api.json('DELETE', `/api/v1/worker/${path}`)).toEqual({ name: 'shop/orders', deleted: true })
    expectProblem(await api.call('GET', `/api/v1/worker/${path}`), 404, 'worker_not_found')
  })

  test.each(['shop/pause', 'a/b/test', 'resume'])('may be called %s', async (name) => {
    const api = await makeWorkerApi()
    expect(await api.json('PUT', `/api/v1/worker/${name}`, {})).toMatchObject({ name })
    expect(await api.json('POST', `/api/v1/worker/${name}/pause`, { seconds: 5 })).toMatchObject({ name })
  })

  test.each(['*', 'shop/*', 'shop%2F*', '%2A'])('may be the rule %s', async (path) => {
    const api = await makeWorkerApi()
    const name = decodeURIComponent(path)
    const rule = await api.json('PUT', `/api/v1/worker/${path}`, { maxConcurrent: 2 })
    expect(rule).toMatchObject({ name, isRule: true, address: null, maxConcurrent: 2 })
    await api.json('POST', '/api/v1/task_groups/graph', { id: 'g', tasks: [{ worker: 'shop/a' }] })
    expect(await api.json('GET', '/api/v1/worker/shop/a')).toMatchObject({
      isRule: false,
      hasSettings: false,
      settingsFrom: name,
      maxConcurrent: 2,
    })
  })

  test('is found by a part of its name', async () => {
    const api = await makeWorkerApi()
    for (const name of ['a', 'b1', 'b2']) await api.json('PUT', `/api/v1/worker/${name}`, {})
    const { workers, count } = await api.json('GET', '/api/v1/workers?search=B&pageSize=1&page=2')
    expect([workers.map((worker: { name: string }) => worker.name), count]).toEqual([['b2'], 2])
  })

  test('that nobody knows is not found, with the name that was probably meant', async () => {
    const api = await makeWorkerApi()
    await api.json('PUT', '/api/v1/worker/send-mail', {})
    const problem = expectProblem(await api.call('GET', '/api/v1/worker/send-mial'), 404, 'worker_not_found')
    expect(problem.detail).toBe('No settings, task or hold name a worker "send-mial" (did you mean send-mail?).')
    expectProblem(await api.call('DELETE', '/api/v1/worker/send-mial'), 404, 'worker_not_found')
  })

  test('has no other methods', async () => {
    const api = await makeWorkerApi()
    expectProblem(await api.call('POST', '/api/v1/worker/a'), 405, 'method_not_allowed')
    expectProblem(await api.call('GET', '/api/v1/worker/'), 404, 'worker_not_found')
    expectProblem(await api.call('POST', '/api/v1/worker/a/nothing'), 404, 'route_not_found')
  })
})

describe('a pause', () => {
  test('has no end unless it is told', async () => {
    const api = await makeWorkerApi()
    const forEver = await api.json('POST', '/api/v1/worker/w/pause', { reason: 'maintenance' })
    expect(forEver).toMatchObject({
      isPaused: true,
      heldUntil: '9999-12-31T23:59:59.999Z',
      holdReason: 'maintenance',
      hold: { kind: 'manual', since: '2026-11-22T10:00:00.000Z', taskId: null, source: null },
      bound: 'hold',
      nextStartAt: '9999-12-31T23:59:59.999Z',
    })
    expect(await api.json('POST', '/api/v1/worker/w/resume')).toMatchObject({ isPaused: false, hold: null })
  })

  test.each([
    [{ seconds: 30 }, '2026-11-22T10:00:30.000Z'],
    [{ until: '2026-11-22T11:00:30+01:00' }, '2026-11-22T10:00:30.000Z'],
  ])('of %j ends by itself', async (body, heldUntil) => {
    const api = await makeWorkerApi()
    expect(await api.json('POST', '/api/v1/worker/w/pause', body)).toMatchObject({ isPaused: false, heldUntil })
  })

  test('holds its tasks at once', async () => {
    const api = await makeWorkerApi()
    await api.json('POST', '/api/v1/task_groups/graph', { id: 'g', tasks: [{ id: 't', worker: 'w' }] })
    await api.json('PUT', '/api/v1/worker/w', { isPaused: true })
    expect(await api.json('GET', '/api/v1/task/t')).toMatchObject({ state: 'throttled' })
    expect(await api.json('GET', '/api/v1/worker/w')).toMatchObject({ isPaused: true, waiting: 1, hasSettings: false })
  })

  test.each([
    ['w/pause', { seconds: 0 }, '/seconds'],
    ['w/pause', { until: 'tomorrow' }, '/until'],
    ['w/pause', { seconds: 5, reason: 5 }, '/reason'],
    ['shop/*/pause', {}, '/name'],
    ['a..b/pause', {}, '/name'],
    ['shop/*/resume', {}, '/name'],
    ['shop/*/test', {}, '/name'],
    ['w/test', { timeoutSeconds: 0 }, '/timeoutSeconds'],
    ['w/test', { timeoutSeconds: 301 }, '/timeoutSeconds'],
  ])('%s with %j is refused', async (path, body, pointer) => {
    const api = await makeWorkerApi()
    const before = await api.fingerprint()
    const answer = await api.call('POST', `/api/v1/worker/${path}`, { body })
    expect(expectProblem(answer, 422, 'invalid_request').errors).toMatchObject([{ pointer }])
    expect(await api.fingerprint()).toBe(before)
  })
})

describe('settings', () => {
  test.each([
    [{ url: 'http://127.0.0.1:6379/' }, '/url'],
    [{ url: 'http://0x7f.1/' }, '/url'],
    [{ url: 'http://[::ffff:7f00:1]/' }, '/url'],
    [{ url: 'http://localhost/' }, '/url'],
    [{ url: 'http://169.254.169.254/' }, '/url'],
    [{ url: 'https://a:b@example.com/' }, '/url'],
    [{ url: 'gopher://example.com/' }, '/url'],
    [{ headers: { 'x-a': 'a\r\nx-b: c' } }, '/headers/x-a'],
    [{ headers: { 'x a': 'b' } }, '/headers/x a'],
    [{ headers: { Host: 'x' } }, '/headers/Host'],
    [{ headers: { authorization: 'Bearer abc' } }, '/headers/authorization'],
    [{ headers: { 'x-a': 'secret:NONE' } }, '/headers/x-a'],
    [{ mode: 'fast' }, '/mode'],
    [{ timeoutSeconds: -1 }, '/timeoutSeconds'],
    [{ maxConcurrent: -1 }, '/maxConcurrent'],
    [{ maxConcurrent: 0 }, '/maxConcurrent'],
    [{ maxConcurrent: 2.5 }, '/maxConcurrent'],
    [{ rateLimit: { count: -1, perSeconds: 1 } }, '/rateLimit/count'],
    [{ rateLimit: { count: 1, perSeconds: 0 } }, '/rateLimit/perSeconds'],
    [{ rateLimit: { count: 1, perSeconds: 1, burst: 0 } }, '/rateLimit/burst'],
    [{ retry: { factor: 0 } }, '/retry/factor'],
    [{ retry: { maxSecond: 60 } }, '/retry/maxSecond'],
    [{ breaker: { failures: -1 } }, '/breaker/failures'],
    [{ breaker: { openSeconds: 0 } }, '/breaker/openSeconds'],
    [{ ramp: { stepSeconds: -1 } }, '/ramp/stepSeconds'],
    [{ isPaused: 'yes' }, '/isPaused'],
    [{ maxConcurrency: 5 }, '/maxConcurrency'],
    [{ name: 'other' }, '/name'],
  ])('are not %j', async (body, pointer) => {
    const api = await makeWorkerApi()
    const answer = await api.call('PUT', '/api/v1/worker/w', { body })
    expect(expectProblem(answer, 422, 'invalid_request').errors).toMatchObject([{ pointer }])
    expect(await api.storage.getRecord('worker/w')).toBeNull()
    expect(await api.json('GET', '/api/v1/workers')).toEqual({ workers: [], count: 0 })
  })

  test.each(['a%20b', '%2Fa', 'a..b', 'a*', 'a%2F*%2Fb', 'x'.repeat(257)])('have no name %s', async (path) => {
    const api = await makeWorkerApi()
    const answer = await api.call('PUT', `/api/v1/worker/${path}`, { body: {} })
    expect(expectProblem(answer, 422, 'invalid_request').errors).toMatchObject([{ pointer: '/name' }])
  })

  test('may lead to private addresses where the operator says so', async () => {
    const api = await makeApi({ workers: { egressAllow: ['10.1.0.0/16'] } })
    expect(await api.json('PUT', '/api/v1/worker/w', { url: 'http://10.1.2.3/' })).toMatchObject({
      url: 'http://10.1.2.3/',
    })
    const answer = await api.call('PUT', '/api/v1/worker/w', { body: { url: 'http://10.2.0.0/' } })
    expectProblem(answer, 422, 'invalid_request')
  })
})

describe('a test call', () => {
  test('shows request and answer', async () => {
    const api = await makeWorkerApi()
    const asked = api.json('POST', '/api/v1/worker/shop/orders/test', {
      input: { page: 12345678901234567890n.toString() },
    })
    await expect.poll(() => api.workers.workers.open.length).toBe(1)
    const [call] = api.workers.workers.open
    const body = '{"output":"Bearer of-the-environment"}'
    call?.reply({ kind: 'answer', status: 201, headers: { 'content-type': 'application/json' }, body, bytes: 9 })
    expect(await asked).toEqual({
      request: {
        url: 'http://workers.test/shop/orders',
        method: 'POST',
        headers: expect.objectContaining({ authorization: '***', 'crew-test': '1', 'crew-attempt': '1' }),
        body: call?.body,
      },
      answer: {
        status: 201,
        headers: { 'content-type': 'application/json' },
        body: '{"output":"***"}',
        durationMs: 0,
      },
      outcome: 'succeeded',
      error: null,
    })
    expect(await api.json('GET', '/api/v1/task_groups')).toMatchObject({ count: 0 })
  })

  test('sends its input byte for byte', async () => {
    const api = await makeWorkerApi()
    const asked = api.call('POST', '/api/v1/worker/w/test', { raw: '{"input": {"n":12345678901234567890,"a":[] }}' })
    await expect.poll(() => api.workers.workers.open.length).toBe(1)
    expect(api.workers.workers.open[0]?.body).toContain('{"input":{"n":12345678901234567890,"a":[] },')
    api.workers.workers.open[0]?.reply()
    expect((await asked).statusCode).toBe(200)
  })

  test('needs an address', async () => {
    const api = await makeApi({ workers: { baseUrl: null } })
    expectProblem(await api.call('POST', '/api/v1/worker/w/test'), 409, 'worker_has_no_address')
  })
})

test('no answer and no line of the log holds a secret', async () => {
  const api = await makeWorkerApi()
  const texts: string[] = []
  const call = async (method: string, url: string, body?: unknown) => {
    texts.push((await api.call(method, url, body === undefined ? {} : { body })).body)
  }
  await call('PUT', '/api/v1/worker/w', { headers: { authorization: 'Bearer secret:SHOP', 'x-key': 'secret:SHOP' } })
  await call('GET', '/api/v1/worker/w')
  await call('GET', '/api/v1/workers')
  await call('PUT', '/api/v1/worker/w', { headers: { authorization: `Bearer ${KEY}` } })
  await call('PUT', '/api/v1/worker/w', { url: `https://example.com/?token=${KEY}` })
  const tested = call('POST', '/api/v1/worker/w/test', {})
  await expect.poll(() => api.workers.workers.open.length).toBe(1)
  api.workers.workers.open[0]?.reply({
    ...{ kind: 'answer', status: 500, body: `{"error":"wrong key ${KEY}"}`, bytes: 9 },
    headers: { 'x-got': [KEY, `Bearer ${KEY}`] },
  })
  await tested
  await call('DELETE', '/api/v1/worker/w')
  expect(texts.map((text) => text.length > 20)).toEqual(texts.map(() => true))
  expect(JSON.stringify([texts, api.log])).not.toContain(KEY)
})
