import { describe, expect, test } from 'vitest'
import { type Api, expectProblem, makeApi, TOKEN } from '../api/make-api.ts'
import { isFollowed, makeRoles, type Operation, readOperations } from '../api/operations.ts'

const stranger = { authorization: '' }
/** What no parser takes: whoever is told so has had his body read. */
const unreadable = { raw: '{', headers: stranger }

const guardedOf = async (api: Api): Promise<Operation[]> => {
  const guarded = (await readOperations(api)).filter(({ isOpen }) => !isOpen)
  expect(guarded.length).toBeGreaterThan(70)
  return guarded
}

const writesOf = async (api: Api): Promise<Operation[]> => {
  const writes = (await guardedOf(api)).filter(({ method }) => method !== 'GET')
  expect(writes.length).toBeGreaterThan(40)
  return writes
}

describe('nobody gets a body read who has not said who he is', () => {
  test('at any route that needs a login', async () => {
    const api = await makeApi()
    const before = await api.fingerprint()
    for (const { method, url } of await writesOf(api)) {
      const answer = await api.call(method, url, unreadable)
      expectProblem(answer, 401, 'unauthorized')
      expect(answer.headers['www-authenticate']).toBe('Bearer')
    }
    expect(await api.fingerprint()).toBe(before)
  })

  test('at a callback whose token is nobody’s', async () => {
    const api = await makeApi()
    const callbacks = (await readOperations(api)).filter(({ path }) => path.startsWith('/api/v1/attempt/'))
    expect(callbacks).toHaveLength(3)
    for (const { method, url } of callbacks) {
      expectProblem(await api.call(method, url, unreadable), 404, 'attempt_not_found')
    }
  })

  test.each([
    ['POST', '/nothing', 404, 'route_not_found'],
    ['PUT', '/api/v2/tasks', 404, 'route_not_found'],
    ['PATCH', '/api/v1/task_groups', 405, 'method_not_allowed'],
    ['DELETE', '/login', 405, 'method_not_allowed'],
    ['POST', '/healthz', 405, 'method_not_allowed'],
  ])('where nothing answers: %s %s', async (method, url, status, code) => {
    const api = await makeApi()
    expectProblem(await api.call(method, url, unreadable), status, code)
  })

  test('of more than sixteen kilobytes to log in', async () => {
    const api = await makeApi()
    const raw = JSON.stringify({ username: 'admin', password: 'secret', more: 'x'.repeat(17_000) })
    expectProblem(await api.call('POST', '/login', { raw, headers: stranger }), 413, 'body_too_large')
    const longest = JSON.stringify({ username: '\u{1f600}'.repeat(128), password: '\u{1f600}'.repeat(128) })
    const escaped = longest.replaceAll('\u{1f600}', '\\ud83d\\ude00')
    expectProblem(await api.call('POST', '/login', { raw: escaped, headers: stranger }), 401, 'login_failed')
  })
})

test('whoever asks for the head alone needs what the whole needs', async () => {
  const api = await makeApi()
  const { viewer } = await makeRoles(api)
  const reads = (await guardedOf(api)).filter((one) => one.method === 'GET' && !isFollowed(one))
  for (const { id, url, role } of reads) {
    expect([id, (await api.call('HEAD', url, { headers: stranger })).statusCode]).toEqual([id, 401])
    const isEnough = role === 'viewer'
    const answer = await api.call('HEAD', url, { headers: viewer })
    expect([id, ![401, 403].includes(answer.statusCode)]).toEqual([id, isEnough])
  }
})

test.each([
  '/api/v1/%74ask_groups',
  '/api/v1/task%5Fgroups',
  '/api/v1/task_groups/',
  '//api/v1/task_groups',
  '/API/v1/task_groups',
  '/assets/../api/v1/task_groups',
  '/assets/..%2fapi%2fv1%2ftask_groups',
  '/docs/..;/api/v1/task_groups',
  '/api/v1/task_groups%00',
  '/healthz/../api/v1/task_groups',
])('an address in another spelling leads around no login: %s', async (url) => {
  const api = await makeApi()
  await api.json('POST', '/api/v1/task_groups', { id: 'hidden' })
  const answer = await api.call('GET', url, { headers: stranger })
  expect([401, 404]).toContain(answer.statusCode)
  expect(answer.body).not.toContain('hidden')
})

describe('every route that needs a login refuses', () => {
  test('a token that is expired, revoked, cut, longer, of other case, of another id or no token at all', async () => {
    const api = await makeApi()
    const make = (more: object = {}) => api.json('POST', '/api/v1/tokens', { name: 'ci', role: 'admin', ...more })
    const [good, other, revoked] = [await make(), await make(), await make()]
    const expired = await make({ expiresAt: new Date(api.clock.now() + 1000).toISOString() })
    await api.json('DELETE', `/api/v1/token/${revoked.id}`)
    api.clock.advance(1000)
    const { secret } = good
    const bad = {
      expired: expired.secret,
      revoked: revoked.secret,
      cut: secret.slice(0, -1),
      longer: `${secret}A`,
      lower: secret.toLowerCase(),
      swapped: secret.replace(good.id, other.id),
      prefix: good.prefix,
      digest: 'crew_auth_token',
      basic: `Basic ${Buffer.from(`admin:${secret}`).toString('base64')}`,
    }
    const operations = await guardedOf(api)
    const before = await api.fingerprint()
    for (const [what, token] of Object.entries(bad)) {
      const headers = { authorization: what === 'basic' ? token : `Bearer ${token}` }
      for (const { id, method, url } of operations) {
        const answer = await api.call(method, url, { headers })
        expect([what, id, answer.statusCode, answer.headers['www-authenticate']]).toEqual([what, id, 401, 'Bearer'])
      }
    }
    expect(await api.fingerprint()).toBe(before)
  })

  test.each(['token', 'access_token'])('a good token in the address, as %s', async (name) => {
    const api = await makeApi()
    for (const { id, method, url } of await guardedOf(api)) {
      for (const headers of [stranger, { authorization: `Bearer ${TOKEN}` }]) {
        const answer = await api.call(method, `${url}?${name}=${TOKEN}`, { headers })
        expect([id, answer.statusCode]).toEqual([id, 401])
        expect(answer.body).not.toContain(TOKEN)
      }
    }
    expect(api.log).toEqual([])
  })
})

async function makeBrowser(api: Api) {
  const answer = await api.call('POST', '/login', {
    body: { username: 'admin', password: 'secret' },
    headers: stranger,
  })
  const cookie = String(answer.headers['set-cookie']).split(';')[0] ?? ''
  return (method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, headers: Record<string, string> = {}) =>
    api.app.inject({ method, url, headers: { host: 'crew.example', cookie, ...headers } })
}
type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

describe('with the cookie of a browser', () => {
  test('no page of another site changes anything, by any route', async () => {
    const api = await makeApi()
    const send = await makeBrowser(api)
    const foreign: Record<string, string>[] = [
      {},
      { origin: 'null' },
      { origin: 'https://evil.example' },
      { origin: 'https://crew.example.evil.example' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', origin: 'https://crew.example' },
      { 'sec-fetch-site': 'none' },
    ]
    const before = await api.fingerprint()
    for (const { id, method, url } of await writesOf(api)) {
      for (const headers of foreign) {
        const answer = await send(method as Method, url, headers)
        expect([id, headers, answer.statusCode, answer.json().code]).toEqual([id, headers, 403, 'forbidden'])
      }
    }
    expect(await api.fingerprint()).toBe(before)
    expect((await send('GET', '/authcheck')).statusCode).toBe(200)
  })

  test('our own pages may, by every route', async () => {
    const api = await makeApi()
    const send = await makeBrowser(api)
    for (const { id, method, url } of (await writesOf(api)).filter(
      ({ id }) => id !== 'logout' && id !== 'testWorker',
    )) {
      const answer = await send(method as Method, url, { 'sec-fetch-site': 'same-origin' })
      expect([id, [401, 403].includes(answer.statusCode)]).toEqual([id, false])
    }
  })
})

test.each([
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'text/html; application/json',
])('every route refuses a body of the type %s, which pages of other sites can send unasked', async (type) => {
  const api = await makeApi()
  const before = await api.fingerprint()
  for (const { id, method, url } of await writesOf(api)) {
    const answer = await api.call(method, url, { raw: '{}', headers: { 'content-type': type } })
    expect([id, answer.statusCode, answer.json().code]).toEqual([id, 415, 'unsupported_media_type'])
  }
  expect(await api.fingerprint()).toBe(before)
})

describe('pages of other sites', () => {
  test.each(['https://evil.example', 'null'])('from %s are never told that they may read or send', async (origin) => {
    const api = await makeApi()
    const operations = (await readOperations(api)).filter((one) => !isFollowed(one))
    for (const { id, method, url } of operations) {
      const asked = {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'content-type',
      }
      const preflight = await api.call('OPTIONS', url, { headers: { ...stranger, ...asked } })
      const answer = await api.call('GET', url, { headers: { origin } })
      for (const { headers } of [preflight, answer]) {
        const permissions = Object.keys(headers).filter((name) => name.startsWith('access-control-'))
        expect([id, permissions, headers['cross-origin-resource-policy']]).toEqual([id, [], 'same-origin'])
      }
    }
  })
})
