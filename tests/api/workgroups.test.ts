import { describe, expect, test } from 'vitest'
import { type Api, expectProblem, makeApi } from './make-api.ts'

async function makeWorkgroup(): Promise<Api> {
  const api = await makeApi()
  const tasks = [{ id: 't', worker: 'w', workgroup: 'acme api' }]
  await api.json('POST', '/api/v1/task_groups/graph', { id: 'g', tasks })
  return api
}

const unset = '0001-01-01T00:00:00Z'
const free = {
  name: 'acme api',
  isHeld: false,
  heldUntil: unset,
  reason: '',
  hold: null,
  waiting: 1,
  running: 0,
  maxConcurrent: null,
  rateLimit: null,
  ramp: { stepSeconds: 1 },
  window: null,
  pace: null,
  nextStartAt: null,
  bound: null,
}
const heldUntil = '2026-11-22T10:00:30.000Z'
const held = { isHeld: true, heldUntil, reason: 'quota', nextStartAt: heldUntil, bound: 'hold' }
const url = '/api/v1/workgroup/acme%20api'

const badLimits = [
  [{ maxConcurrent: -1 }, '/maxConcurrent'],
  [{ maxConcurrent: '5' }, '/maxConcurrent'],
  [{ rateLimit: { count: 0, perSeconds: 1 } }, '/rateLimit/count'],
  [{ rateLimit: { count: 5 } }, '/rateLimit/perSeconds'],
  [{ ramp: { stepSeconds: -1 } }, '/ramp/stepSeconds'],
  [{ maxConcurent: 5 }, '/maxConcurent'],
  [[], ''],
  ['x', ''],
] as const

describe('a workgroup', () => {
  test('is listed and read', async () => {
    const api = await makeWorkgroup()
    const { workgroups, count } = await api.json('GET', '/api/v1/workgroups')
    expect([workgroups, count]).toEqual([[free], 1])
    expect(await api.json('GET', url)).toEqual(workgroups[0])
    expect(await api.json('GET', '/api/v1/workgroups?page=2&pageSize=1')).toEqual({ workgroups: [], count: 1 })
  })

  test('is held for some seconds, and its tasks wait', async () => {
    const api = await makeWorkgroup()
    const answer = await api.json('POST', `${url}/pause`, { seconds: 30, reason: 'quota' })
    expect(answer).toMatchObject(held)
    expect(await api.json('GET', '/api/v1/task/t')).toMatchObject({ state: 'throttled', runAfter: heldUntil })
  })

  test('is held until a time', async () => {
    const api = await makeWorkgroup()
    const body = { until: '2026-11-22T11:00:30+01:00', reason: 'quota' }
    expect(await api.json('POST', `${url}/pause`, body)).toMatchObject(held)
  })

  test('is held by whom, since when', async () => {
    const api = await makeWorkgroup()
    const { hold } = await api.json('POST', `${url}/pause`, { seconds: 30 })
    expect(hold).toEqual({ kind: 'manual', since: '2026-11-22T10:00:00.000Z', taskId: null, source: null })
  })

  test('is held until somebody resumes it when no end is named', async () => {
    const api = await makeWorkgroup()
    for (const body of [{}, undefined]) {
      const answer = await api.json('POST', `${url}/pause`, body)
      expect(answer).toMatchObject({ heldUntil: '9999-12-31T23:59:59.999Z', reason: '' })
    }
    const why = await api.json('GET', '/api/v1/task/t/why')
    expect(why.reasons).toEqual([
      {
        code: 'workgroup_held',
        message: 'Its workgroup acme api is held until somebody resumes it.',
        ref: 'acme api',
      },
    ])
  })

  test('is resumed', async () => {
    const api = await makeWorkgroup()
    await api.json('POST', `${url}/pause`, { seconds: 30 })
    expect(await api.json('POST', `${url}/resume`)).toEqual({ ...free, window: 1 })
    expect(await api.json('GET', '/api/v1/task/t')).toMatchObject({ state: 'ready' })
  })

  test('is resumed over some time', async () => {
    const api = await makeWorkgroup()
    await api.json('POST', `${url}/pause`, {})
    const answer = await api.json('POST', `${url}/resume`, { spreadSeconds: 4 })
    expect(answer.pace).toEqual({ perSecond: 0.25, until: '2026-11-22T10:00:04.000Z' })
  })

  test('remembers its holds', async () => {
    const api = await makeWorkgroup()
    await api.json('POST', `${url}/pause`, { seconds: 30, reason: 'quota' })
    api.clock.advance(1000)
    await api.json('POST', `${url}/resume`)
    expect(await api.json('GET', `${url}/holds`)).toEqual({
      holds: [
        {
          since: '2026-11-22T10:00:00.000Z',
          until: heldUntil,
          endedAt: '2026-11-22T10:00:01.000Z',
          reason: 'quota',
          kind: 'manual',
          taskId: null,
          source: null,
        },
      ],
    })
  })

  test('is given limits, each by itself, and loses them', async () => {
    const api = await makeWorkgroup()
    const rateLimit = { count: 50, perSeconds: 1, burst: 5 }
    expect(await api.json('PUT', url, { maxConcurrent: 8, rateLimit })).toEqual({
      ...free,
      maxConcurrent: 8,
      rateLimit,
    })
    const ramp = { stepSeconds: 0.5 }
    expect(await api.json('PUT', url, { maxConcurrent: null, ramp })).toEqual({ ...free, rateLimit, ramp })
    expect(await api.json('PUT', url, { rateLimit: null, ramp: null })).toEqual(free)
    expect(await api.json('PUT', url)).toEqual(free)
  })

  test('that nobody names is not found', async () => {
    const api = await makeApi()
    for (const path of ['none', 'none/holds']) {
      expectProblem(await api.call('GET', `/api/v1/workgroup/${path}`), 404, 'workgroup_not_found')
    }
  })

  test('that no task can name is not found', async () => {
    const api = await makeApi()
    for (const name of ['', 'x'.repeat(257), '%00']) {
      for (const [method, path] of [
        ['PUT', ''],
        ['POST', '/pause'],
        ['POST', '/resume'],
      ] as const) {
        const answer = await api.call(method, `/api/v1/workgroup/${name}${path}`, { body: {} })
        expectProblem(answer, 404, 'workgroup_not_found')
      }
    }
  })

  test.each([
    [{ seconds: null }, '/seconds'],
    [{ seconds: 0 }, '/seconds', 'expected more than 0'],
    [{ seconds: -1 }, '/seconds'],
    [{ seconds: '5' }, '/seconds'],
    [{ seconds: 1e9 }, '/seconds'],
    [{ until: 'tomorrow' }, '/until'],
    [{ until: '2026-11-22T09:59:59Z' }, '/until'],
    [{ until: '9999-01-01T00:00:00Z' }, '/until'],
    [{ until: 5 }, '/until'],
    [{ seconds: 5, reason: 5 }, '/reason'],
  ])('is not held by %j', async (body, pointer, detail = expect.any(String)) => {
    const api = await makeWorkgroup()
    const before = await api.fingerprint()
    const answer = await api.call('POST', `${url}/pause`, { body })
    expect(expectProblem(answer, 422, 'invalid_request').errors).toEqual([{ pointer, detail }])
    expect(await api.fingerprint()).toBe(before)
  })

  test.each([
    [{ spreadSeconds: -1 }, '/spreadSeconds'],
    [{ spreadSeconds: '5' }, '/spreadSeconds'],
    [{ spreadSeconds: 86_401 }, '/spreadSeconds'],
    [[], ''],
  ])('is not resumed by %j', async (body, pointer) => {
    const api = await makeWorkgroup()
    await api.json('POST', `${url}/pause`, {})
    const before = await api.fingerprint()
    const answer = await api.call('POST', `${url}/resume`, { body })
    expect(expectProblem(answer, 422, 'invalid_request').errors).toMatchObject([{ pointer }])
    expect(await api.fingerprint()).toBe(before)
  })

  test.each(badLimits)('is not limited by %j', async (body, pointer) => {
    const api = await makeWorkgroup()
    const before = await api.fingerprint()
    const answer = await api.call('PUT', url, { body })
    expect(expectProblem(answer, 422, 'invalid_request').errors).toMatchObject([{ pointer }])
    expect(await api.fingerprint()).toBe(before)
  })
})
