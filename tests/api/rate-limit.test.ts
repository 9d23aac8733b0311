import { describe, expect, test } from 'vitest'
import { type Api, type ApiOptions, expectProblem, makeApi } from './make-api.ts'

const groups = '/api/v1/task_groups'

const limited = (options: ApiOptions = {}): Promise<Api> =>
  makeApi({ rateLimit: { perSecond: 10, burst: 5 }, ...options })

/** The statuses of so many requests in a row. */
async function statuses(
  api: Api,
  count: number,
  headers: Record<string, string> = {},
  url = groups,
): Promise<number[]> {
  const all: number[] = []
  for (let i = 0; i < count; i++) all.push((await api.call('GET', url, { headers })).statusCode)
  return all
}

describe('with a limit', () => {
  test('who asks too often is told when to come back, and is let in then', async () => {
    const api = await limited()
    expect(await statuses(api, 6)).toEqual([200, 200, 200, 200, 200, 429])
    const before = await api.fingerprint()
    const refused = await api.call('POST', groups, { body: { id: 'g' } })
    expect(expectProblem(refused, 429, 'too_many_requests').detail).toContain('CREW_API_RATE_LIMIT')
    expect(refused.headers['retry-after']).toBe('1')
    expect(await api.fingerprint()).toBe(before)
    api.clock.advance(100)
    expect(await statuses(api, 2)).toEqual([200, 429])
    api.clock.advance(1000)
    expect(await statuses(api, 6)).toEqual([200, 200, 200, 200, 200, 429])
  })

  test('each token has its own, and each user over all sessions', async () => {
    const api = await limited({ rateLimit: { perSecond: 10, burst: 20 } })
    const logIn = async (): Promise<string> =>
      (await api.call('POST', '/login', { body: { username: 'admin', password: 'secret' } })).json().token
    const [first, second] = [await logIn(), await logIn()]
    const { secret: token } = await api.json('POST', '/api/v1/tokens', { name: 'other', role: 'viewer' })
    const ask = (credential: string, count: number) => statuses(api, count, { authorization: `Bearer ${credential}` })
    expect((await ask(first, 12)).concat(await ask(second, 9)).at(-1)).toBe(429)
    expect((await ask(token, 21)).filter((status) => status === 200)).toHaveLength(20)
    expect(await statuses(api, 1)).toEqual([200])
  })

  test('a hundred tasks, sent or asked for, count as one request more', async () => {
    const api = await limited({ rateLimit: { perSecond: 10, burst: 12 } })
    const tasks = Array.from({ length: 1000 }, (_, i) => ({ id: `t${i}`, worker: 'w' }))
    await api.json('POST', `${groups}/graph`, { id: 'g', tasks })
    expect(await statuses(api, 2)).toEqual([200, 429])
    api.clock.advance(1200)
    expect(await statuses(api, 3, {}, '/api/v1/task_group/g/tasks?pageSize=1000')).toEqual([200, 429, 429])
    api.clock.advance(1200)
    const before = await api.fingerprint()
    expect(await statuses(api, 3)).toEqual([200, 200, 200])
    const batch = { tasks: Array.from({ length: 1000 }, () => ({ worker: 'w' })) }
    expectProblem(await api.call('POST', '/api/v1/task_group/g/tasks/batch', { body: batch }), 429, 'too_many_requests')
    expect(await api.fingerprint()).toBe(before)
  })

  test.each(['0', '00', '-0'])('all there are count as much as they may be, also asked for as %s', async (pageSize) => {
    const api = await limited({ rateLimit: { perSecond: 10, burst: 50 } })
    expect(await statuses(api, 2, {}, `${groups}?pageSize=${pageSize}`)).toEqual([200, 429])
  })

  test('workers that fetch tasks and answer for them are not counted, nor is what needs no login', async () => {
    const api = await limited()
    expect(await statuses(api, 6)).toContain(429)
    for (let i = 0; i < 10; i++) {
      const answers = [
        await api.call('POST', '/api/v1/channel/w/acquire', { body: { workerId: 'a' } }),
        await api.call('POST', '/api/v1/task/none/release', { body: { workerId: 'a' } }),
        await api.call('POST', '/api/v1/attempt/none/heartbeat', { body: {} }),
      ]
      for (const { statusCode } of answers) expect(statusCode).not.toBe(429)
    }
    for (const url of ['/healthz', '/livez', '/readyz', '/openapi.json'])
      expect(await statuses(api, 10, {}, url)).toEqual(new Array(10).fill(200))
  })

  test('whoever is not logged in is refused as before, and takes nothing away', async () => {
    const api = await limited()
    expect(await statuses(api, 10, { authorization: 'Bearer wrong' })).toEqual(new Array(10).fill(401))
    expect(await statuses(api, 5)).toEqual(new Array(5).fill(200))
  })

  test('with login off callers are told apart by where they are', async () => {
    const api = await limited({ auth: { kind: 'off' } })
    const ask = async (remoteAddress: string): Promise<number> =>
      (await api.app.inject({ url: groups, headers: { host: 'localhost' }, remoteAddress })).statusCode
    for (let i = 0; i < 5; i++) expect(await ask('127.0.0.1')).toBe(200)
    expect([await ask('127.0.0.1'), await ask('127.0.0.2')]).toEqual([429, 200])
  })
})

test('without a limit nobody is refused', async () => {
  expect(new Set(await statuses(await makeApi(), 300))).toEqual(new Set([200]))
})
