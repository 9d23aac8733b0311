import { describe, expect, test } from 'vitest'
import { type Api, expectProblem, makeApi, makeAuthenticator } from './make-api.ts'

const login = { username: 'admin', password: 'secret' }

/** As a browser calls: with a cookie instead of a header. */
async function makeBrowser(api: Api) {
  const answer = await api.app.inject({ method: 'POST', url: '/login', payload: login })
  const cookie = String(answer.headers['set-cookie']).split(';')[0] ?? ''
  const call = (method: 'GET' | 'POST', url: string, headers: Record<string, string> = {}) =>
    api.app.inject({ method, url, headers: { host: 'crew.example', cookie: `other=1; ${cookie}`, ...headers } })
  return { cookie, call }
}

describe('the session cookie', () => {
  test('is given by the login, for no script and no other site', async () => {
    const api = await makeApi({ basePath: '/crew/' })
    const plain = await api.app.inject({ method: 'POST', url: '/login', payload: login })
    expect(plain.headers['set-cookie']).toMatch(
      /^crew_session=[\w-]{43}; Path=\/crew\/; Max-Age=86400; HttpOnly; SameSite=Lax$/,
    )
    for (const [told, isSecure] of [
      ['https', true],
      ['https, http', true],
      ['HTTPS', true],
      ['http, https', false],
    ] as const) {
      const headers = { 'x-forwarded-proto': told }
      const answer = await api.app.inject({ method: 'POST', url: '/login', payload: login, headers })
      expect([told, /; Secure$/.test(String(answer.headers['set-cookie']))]).toEqual([told, isSecure])
    }
  })

  test('that a browser brings to the login is not the one that it gets, and opens nothing afterwards', async () => {
    const api = await makeApi()
    const planted = `crew_session=${'A'.repeat(43)}`
    const headers = { cookie: planted, 'sec-fetch-site': 'same-origin' }
    const answer = await api.app.inject({ method: 'POST', url: '/login', payload: login, headers })
    expect(answer.headers['set-cookie']).toMatch(/^crew_session=[\w-]{43};/)
    expect(answer.headers['set-cookie']).not.toContain(planted)
    const again = await api.app.inject({ method: 'GET', url: '/authcheck', headers: { cookie: planted } })
    expectProblem(again, 401, 'unauthorized')
  })

  test('is another one at each login', async () => {
    const api = await makeApi()
    const cookies = await Promise.all([1, 2, 3].map(async () => (await makeBrowser(api)).cookie))
    expect(new Set(cookies).size).toBe(3)
  })

  test('is good for a day and no longer, however much it is used', async () => {
    const api = await makeApi()
    const browser = await makeBrowser(api)
    for (let hour = 0; hour < 23; hour++) {
      api.clock.advance(3_600_000)
      expect((await browser.call('GET', '/authcheck')).statusCode).toBe(200)
    }
    api.clock.advance(3_600_000)
    expectProblem(await browser.call('GET', '/authcheck'), 401, 'unauthorized')
  })

  test('lets its browser read', async () => {
    const browser = await makeBrowser(await makeApi())
    expect((await browser.call('GET', '/authcheck')).body).toBe('Authenticated!')
  })

  test.each([
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'same-origin', origin: 'https://other.example' },
    { origin: 'https://crew.example' },
    { origin: 'https://outside.example', 'x-forwarded-host': 'outside.example' },
  ])('lets pages of this server write: %j', async (headers) => {
    const browser = await makeBrowser(await makeApi())
    expect((await browser.call('POST', '/api/v1/task_groups', headers as Record<string, string>)).statusCode).toBe(200)
  })

  test.each([
    {},
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'https://crew.example:8443' },
    { 'sec-fetch-site': 'cross-site', origin: 'https://crew.example' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
  ])('lets nobody else write: %j', async (headers) => {
    const api = await makeApi()
    const browser = await makeBrowser(api)
    const before = await api.fingerprint()
    expectProblem(
      await browser.call('POST', '/api/v1/task_groups', headers as Record<string, string>),
      403,
      'forbidden',
    )
    expect(await api.fingerprint()).toBe(before)
  })

  test('is ended by the logout, here and on other servers of the store', async () => {
    const api = await makeApi()
    const browser = await makeBrowser(api)
    const answer = await browser.call('POST', '/logout', { 'sec-fetch-site': 'same-origin' })
    expect([answer.body, answer.headers['set-cookie']]).toEqual([
      '{"success":true}',
      'crew_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax',
    ])
    expectProblem(await browser.call('GET', '/authcheck'), 401, 'unauthorized')
  })

  test('that another server ended is good for a second at most', async () => {
    const api = await makeApi()
    const browser = await makeBrowser(api)
    expect((await browser.call('GET', '/authcheck')).statusCode).toBe(200)
    const other = makeAuthenticator(api, { kind: 'on', username: 'admin', password: 'secret' })
    await other.logout(browser.cookie.split('=')[1] ?? '')
    api.clock.advance(1000)
    expectProblem(await browser.call('GET', '/authcheck'), 401, 'unauthorized')
  })

  test('does not count where a header is sent as well', async () => {
    const browser = await makeBrowser(await makeApi())
    expectProblem(await browser.call('GET', '/authcheck', { authorization: 'Bearer wrong' }), 401, 'unauthorized')
  })

  test('is not given where login is off', async () => {
    const api = await makeApi({ auth: { kind: 'off' } })
    const answer = await api.app.inject({
      method: 'POST',
      url: '/login',
      payload: login,
      headers: { host: 'localhost' },
    })
    expect([answer.body, answer.headers['set-cookie']]).toEqual(['{"token":"-"}', undefined])
  })
})
