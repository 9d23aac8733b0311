import { describe, expect, test } from 'vitest'
import { deleteUser } from '../../server/services/users.ts'
import { openEvents } from './listen.ts'
import { type Api, expectProblem, type Json, makeApi, makeAuthenticator } from './make-api.ts'

const dana = { name: 'dana', role: 'viewer', password: 'a long password' }

async function makeDana(api: Api, role = 'viewer'): Promise<{ authorization: string }> {
  await api.json('POST', '/api/v1/users', { ...dana, role })
  return logIn(api)
}

async function logIn(api: Api, password = dana.password): Promise<{ authorization: string }> {
  const { token } = await api.json('POST', '/login', { username: 'dana', password })
  return { authorization: `Bearer ${token}` }
}

const statusOf = async (api: Api, headers: Record<string, string>) =>
  (await api.call('GET', '/authcheck', { headers })).statusCode

describe('a user', () => {
  test('is added by an admin, logs in with the password and has the role', async () => {
    const api = await makeApi()
    const added = await api.json('POST', '/api/v1/users', dana)
    expect(added).toEqual({
      name: 'dana',
      role: 'viewer',
      isConfigured: false,
      createdAt: expect.any(String),
      updatedAt: added.createdAt,
    })
    const me = await api.call('GET', '/api/v1/me', { headers: await logIn(api) })
    expect(me.json()).toEqual({ name: 'dana', role: 'viewer', kind: 'session' })
  })

  test('is listed by name after the one of the configuration, without anything of the password', async () => {
    const api = await makeApi()
    await api.json('POST', '/api/v1/users', { ...dana, name: 'zoe' })
    await api.json('POST', '/api/v1/users', dana)
    const listed = await api.json('GET', '/api/v1/users')
    const named = listed.users.map((user: Json) => [user.name, user.role, user.isConfigured])
    expect([named, listed.count]).toEqual([
      [
        ['admin', 'admin', true],
        ['dana', 'viewer', false],
        ['zoe', 'viewer', false],
      ],
      3,
    ])
    const page = await api.json('GET', '/api/v1/users?page=2&pageSize=2')
    expect([page.users.map((user: Json) => user.name), page.count]).toEqual([['zoe'], 3])
    expect(JSON.stringify(listed)).not.toContain(dana.password)
    expect(await api.storage.getRecord('user/dana')).toContain('"passwordHash":"hash of ')
  })

  test.each([
    [{ role: 'operator' }, dana.password],
    [{ password: 'another password' }, 'another password'],
  ])('has no session any more after a change to %j', async (edit, password) => {
    const api = await makeApi()
    const headers = await makeDana(api)
    expect(await statusOf(api, headers)).toBe(200)
    await api.json('PUT', '/api/v1/user/dana', edit)
    expect(await statusOf(api, headers)).toBe(401)
    expect(await statusOf(api, await logIn(api, password))).toBe(200)
  })

  test('keeps its sessions when nothing was changed', async () => {
    const api = await makeApi()
    const headers = await makeDana(api)
    await api.json('PUT', '/api/v1/user/dana', { role: 'viewer' })
    await api.json('PUT', '/api/v1/user/dana', {})
    expect(await statusOf(api, headers)).toBe(200)
  })

  test('has no session any more once deleted, nor when one of that name is added again', async () => {
    const api = await makeApi()
    const headers = await makeDana(api)
    expect(await api.json('DELETE', '/api/v1/user/dana')).toEqual({ name: 'dana', deleted: true })
    expect(await statusOf(api, headers)).toBe(401)
    expectProblem(
      await api.call('POST', '/login', { body: { username: 'dana', password: dana.password } }),
      401,
      'login_failed',
    )
    api.clock.advance(1)
    await api.json('POST', '/api/v1/users', dana)
    expect(await statusOf(api, headers)).toBe(401)
  })

  test('that is changed on one server is out on another a second later', async () => {
    const api = await makeApi()
    const headers = await makeDana(api)
    const token = headers.authorization.slice('Bearer '.length)
    const other = makeAuthenticator(api, { kind: 'on', username: 'admin', password: 'secret' })
    expect(await other.identify(token)).toMatchObject({ role: 'viewer' })
    await api.json('PUT', '/api/v1/user/dana', { role: 'operator' })
    api.clock.advance(1000)
    expect(await other.identify(token)).toBeNull()
  })

  test('hears nothing more over what it listens to', async () => {
    const api = await makeApi()
    const headers = await makeDana(api)
    const base = await api.listen()
    const events = await openEvents(`${base}/api/v1/events`, headers)
    await events.next()
    await api.json('DELETE', '/api/v1/user/dana')
    await events.ended
  })

  test('hears nothing more a second after another server has deleted him', async () => {
    const api = await makeApi()
    const headers = await makeDana(api)
    const base = await api.listen()
    const events = await openEvents(`${base}/api/v1/events`, headers)
    await events.next()
    const other = makeAuthenticator(api, { kind: 'on', username: 'admin', password: 'secret' })
    await deleteUser(other.people, 'dana')
    api.clock.advance(1000)
    api.tick(1000)
    await events.ended
  })

  test('is slowed down in guessing like everybody', async () => {
    const api = await makeApi()
    await api.json('POST', '/api/v1/users', dana)
    const wrong = { body: { username: 'dana', password: 'wrong' } }
    for (let i = 0; i < 5; i++) expectProblem(await api.call('POST', '/login', wrong), 401, 'login_failed')
    const right = { body: { username: 'dana', password: dana.password } }
    expectProblem(await api.call('POST', '/login', right), 429, 'too_many_requests')
  })
})

describe('refused is', () => {
  test.each<[string, object, string]>([
    ['a name with a slash', { ...dana, name: 'a/b' }, '/name'],
    ['a name with a space', { ...dana, name: 'a b' }, '/name'],
    ['no name', { ...dana, name: '' }, '/name'],
    ['an unknown role', { ...dana, role: 'root' }, '/role'],
    ['a short password', { ...dana, password: 'short' }, '/password'],
    ['a password beyond hashing', { ...dana, password: 'x'.repeat(10_000) }, '/password'],
    ['nothing at all', {}, '/name'],
  ])('%s', async (_, body, pointer) => {
    const api = await makeApi()
    const problem = expectProblem(await api.call('POST', '/api/v1/users', { body }), 422, 'invalid_request')
    expect(problem.errors[0].pointer).toBe(pointer)
    expect((await api.json('GET', '/api/v1/users')).count).toBe(1)
  })

  test('a name that is taken, also by the configuration', async () => {
    const api = await makeApi()
    await api.json('POST', '/api/v1/users', dana)
    for (const name of ['dana', 'admin'])
      expectProblem(await api.call('POST', '/api/v1/users', { body: { ...dana, name } }), 409, 'duplicate_id')
  })

  test('to change or delete who is not there', async () => {
    const api = await makeApi()
    for (const call of [api.call('PUT', '/api/v1/user/none', { body: {} }), api.call('DELETE', '/api/v1/user/none')])
      expectProblem(await call, 404, 'user_not_found')
  })

  test('to take the last admin away, who is the one of the configuration', async () => {
    const api = await makeApi()
    expectProblem(await api.call('DELETE', '/api/v1/user/admin'), 409, 'last_admin')
    const demoted = { body: { role: 'viewer' } }
    expectProblem(await api.call('PUT', '/api/v1/user/admin', demoted), 409, 'last_admin')
    const renewed = { body: { password: 'another password' } }
    expectProblem(await api.call('PUT', '/api/v1/user/admin', renewed), 422, 'invalid_request')
    await api.json('POST', '/login', { username: 'admin', password: 'secret' })
  })
})

describe('the password that the first start made', () => {
  test('can be replaced, which ends the sessions of admin', async () => {
    const api = await makeApi({ auth: { kind: 'on', username: 'admin', token: 'test-token-of-a-program' } })
    await api.storage.putRecord('auth/admin', '{"passwordHash":"hash of first"}')
    const { token } = await api.json('POST', '/login', { username: 'admin', password: 'first' })
    await api.json('PUT', '/api/v1/user/admin', { password: 'the second one' })
    expect(await statusOf(api, { authorization: token })).toBe(401)
    await api.json('POST', '/login', { username: 'admin', password: 'the second one' })
  })

  test('of the environment ends the sessions of another one when it is changed', async () => {
    const api = await makeApi()
    const { token } = await api.json('POST', '/login', { username: 'admin', password: 'secret' })
    const restarted = makeAuthenticator(api, { kind: 'on', username: 'admin', password: 'changed' })
    expect(await restarted.identify(token)).toBeNull()
    const same = makeAuthenticator(api, { kind: 'on', username: 'admin', password: 'secret' })
    expect(await same.identify(token)).toMatchObject({ name: 'admin' })
  })
})
