import { describe, expect, test } from 'vitest'
import { CrewError } from '../../server/core/errors.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'
import { openEvents } from './listen.ts'
import { type Api, expectProblem, makeApi, makeAuthenticator, TOKEN } from './make-api.ts'

const PATH = '/api/v1/me/password'
const dana = { name: 'dana', role: 'viewer', password: 'a long password' }
const change = { currentPassword: dana.password, newPassword: 'another password' }

type Headers = Record<string, string>

async function makeDana(api: Api): Promise<Headers> {
  await api.json('POST', '/api/v1/users', dana)
  return logIn(api, dana.password)
}

async function logIn(api: Api, password: string, username = dana.name): Promise<Headers> {
  const { token } = await api.json('POST', '/login', { username, password })
  return { authorization: `Bearer ${token}` }
}

const put = (api: Api, headers: Headers, body: object = change) => api.call('PUT', PATH, { headers, body })
const statusOf = async (api: Api, headers: Headers) => (await api.call('GET', '/authcheck', { headers })).statusCode

describe('a user changes the own password', () => {
  test('as a viewer too: the new one opens a session, the old one none', async () => {
    const api = await makeApi()
    const answer = await put(api, await makeDana(api))
    expect([answer.statusCode, answer.json()]).toEqual([200, { success: true }])
    const old = await api.call('POST', '/login', { body: { username: dana.name, password: dana.password } })
    expectProblem(old, 401, 'login_failed')
    expect(await statusOf(api, await logIn(api, change.newPassword))).toBe(200)
  })

  test('and keeps this session, also on another server, while all others of the user end at once', async () => {
    const api = await makeApi()
    const [mine, other] = [await makeDana(api), await logIn(api, dana.password)]
    const admin = await logIn(api, 'secret', 'admin')
    expect(await statusOf(api, other)).toBe(200)
    await put(api, mine)
    expect(await Promise.all([mine, other, admin].map((headers) => statusOf(api, headers)))).toEqual([200, 401, 200])
    const elsewhere = makeAuthenticator(api, { kind: 'on', username: 'admin', password: 'secret' })
    const tokens = [mine, other].map(({ authorization = '' }) => authorization.slice('Bearer '.length))
    expect(await Promise.all(tokens.map((token) => elsewhere.check(token)))).toEqual([true, false])
  })

  test('twice with one session', async () => {
    const api = await makeApi()
    const mine = await makeDana(api)
    await put(api, mine)
    const again = { currentPassword: change.newPassword, newPassword: 'yet another password' }
    expect((await put(api, mine, again)).statusCode).toBe(200)
    expect(await statusOf(api, mine)).toBe(200)
    expect(await statusOf(api, await logIn(api, again.newPassword))).toBe(200)
  })

  test('and hears on over what this session listens to, and no more over what another did', async () => {
    const api = await makeApi()
    const [mine, other] = [await makeDana(api), await logIn(api, dana.password)]
    const base = await api.listen()
    const [kept, ended] = await Promise.all(
      [mine, other].map((headers) => openEvents(`${base}/api/v1/events`, headers)),
    )
    await Promise.all([kept?.next(), ended?.next()])
    await put(api, mine)
    await ended?.ended
    await api.json('POST', '/api/v1/task_groups', { id: 'g' })
    expect(JSON.stringify(await kept?.next())).toContain('g')
  })

  test('by the cookie, from our own pages alone', async () => {
    const api = await makeApi()
    const { authorization = '' } = await makeDana(api)
    const cookie = `crew_session=${authorization.slice('Bearer '.length)}`
    const send = (site: string) =>
      api.app.inject({ method: 'PUT', url: PATH, payload: change, headers: { cookie, 'sec-fetch-site': site } })
    expectProblem(await send('cross-site'), 403, 'forbidden')
    expect((await send('same-origin')).statusCode).toBe(200)
  })

  test('that the first start made', async () => {
    const api = await makeApi({ auth: { kind: 'on', username: 'admin', token: TOKEN } })
    await api.storage.putRecord('auth/admin', '{"passwordHash":"hash of first"}')
    const [mine, other] = [await logIn(api, 'first', 'admin'), await logIn(api, 'first', 'admin')]
    expect((await put(api, mine, { ...change, currentPassword: 'first' })).statusCode).toBe(200)
    expect([await statusOf(api, mine), await statusOf(api, other)]).toEqual([200, 401])
    await logIn(api, change.newPassword, 'admin')
  })

  test('which the activity tells, without either', async () => {
    const api = await makeApi()
    await put(api, await makeDana(api))
    const [noted] = (await api.json('GET', '/api/v1/activity')).activity
    expect(noted).toMatchObject({
      actor: 'dana',
      action: 'changeMyPassword',
      target: { kind: 'user', id: 'dana' },
      summary: "Change one's own password",
    })
  })
})

describe('refused, and nothing changes, is', () => {
  test.each<[string, object, string]>([
    ['a new password that is short', { ...change, newPassword: 'short' }, '/newPassword'],
    ['a new password beyond hashing', { ...change, newPassword: 'x'.repeat(257) }, '/newPassword'],
    ['a current password beyond hashing', { ...change, currentPassword: 'x'.repeat(257) }, '/currentPassword'],
    ['no current password', { newPassword: change.newPassword }, '/currentPassword'],
    ['nothing at all', {}, '/currentPassword'],
  ])('%s', async (_, body, pointer) => {
    const api = await makeApi()
    const mine = await makeDana(api)
    const before = await api.fingerprint()
    expect(expectProblem(await put(api, mine, body), 422, 'invalid_request').errors[0].pointer).toBe(pointer)
    expect(await api.fingerprint()).toBe(before)
  })

  test('a wrong current password, which is slowed down with the logins of that user', async () => {
    const api = await makeApi()
    const mine = await makeDana(api)
    const before = await api.fingerprint()
    const wrong = { ...change, currentPassword: 'wrong' }
    for (let i = 0; i < 3; i++) {
      const problem = expectProblem(await put(api, mine, wrong), 401, 'login_failed')
      expect(problem.errors[0].pointer).toBe('/currentPassword')
    }
    const login = { body: { username: dana.name, password: 'wrong' } }
    for (let i = 0; i < 2; i++) expectProblem(await api.call('POST', '/login', login), 401, 'login_failed')
    expectProblem(await put(api, mine), 429, 'too_many_requests')
    expect(await api.fingerprint()).toBe(before)
    expect(await statusOf(api, mine)).toBe(200)
  })

  test('a token of a program', async () => {
    const api = await makeApi()
    await makeDana(api)
    const { secret } = await api.json('POST', '/api/v1/tokens', { name: 'dana', role: 'admin' })
    const ofProgram = { authorization: `Bearer ${secret}` }
    await statusOf(api, ofProgram)
    const before = await api.fingerprint()
    for (const headers of [ofProgram, {}]) expectProblem(await put(api, headers), 403, 'forbidden')
    expect(await api.fingerprint()).toBe(before)
  })

  test('nobody, and anybody where login is off', async () => {
    const api = await makeApi()
    expectProblem(await put(api, { authorization: '' }), 401, 'unauthorized')
    const open = await makeApi({ auth: { kind: 'off' } })
    expectProblem(await put(open, {}), 403, 'forbidden')
  })

  test('the password of the configuration, whose setting is told', async () => {
    const api = await makeApi()
    const admin = await logIn(api, 'secret', 'admin')
    const before = await api.fingerprint()
    const problem = expectProblem(await put(api, admin), 409, 'password_is_configured')
    expect(problem.detail).toContain('CREW_AUTH_PASSWORD')
    expect(await api.fingerprint()).toBe(before)
  })

  test('a session that has ended meanwhile', async () => {
    const held = Promise.withResolvers<void>()
    const hashing = Promise.withResolvers<void>()
    let isHeld = false
    const api = await makeApi({
      onHash: () => {
        if (!isHeld) return
        hashing.resolve()
        return held.promise
      },
    })
    const mine = await makeDana(api)
    isHeld = true
    const changing = put(api, mine)
    await hashing.promise
    await api.call('POST', '/logout', { headers: mine })
    held.resolve()
    expectProblem(await changing, 401, 'unauthorized')
    await logIn(api, dana.password)
  })
})

test('a change that the storage takes only the half of throws nobody out', async () => {
  let isFull = false
  const api = await makeApi({
    wrap: (storage) =>
      wrapStorage(storage, {
        putRecord: (key, ...rest) =>
          isFull && key.startsWith('user/')
            ? Promise.reject(new CrewError('storage_full', 'full'))
            : storage.putRecord(key, ...rest),
      }),
  })
  const mine = await makeDana(api)
  isFull = true
  expectProblem(await put(api, mine), 503, 'storage_full')
  expect(await statusOf(api, mine)).toBe(200)
  expect(await statusOf(api, await logIn(api, dana.password))).toBe(200)
})
