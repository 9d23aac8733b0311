import { scryptSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { hashWithArgon2, verifyArgon2 } from '../../server/api/argon2.ts'
import { createAuthenticator } from '../../server/api/authenticator.ts'
import { hashPassword, verifyPassword } from '../../server/api/passwords.ts'
import { openSqliteStorage } from '../../storage/sqlite/sqlite-storage.ts'
import { simulatedClock } from '../support/simulated-clock.ts'
import { expectProblem, makeApi, TOKEN } from './make-api.ts'

const login = { username: 'admin', password: 'secret' }

async function makeLogin(mode: { password?: string; token?: string } = {}) {
  const clock = simulatedClock()
  const storage = await openSqliteStorage({ path: ':memory:', clock })
  const hashing = { now: 0, most: 0, total: 0 }
  const makeOne = () =>
    createAuthenticator({
      storage,
      clock,
      mode: { kind: 'on', username: 'admin', ...mode },
      randomBytes: (size) => crypto.getRandomValues(new Uint8Array(size)),
      hashPassword: async (password) => `hash of ${password}`,
      verifyPassword: async (password, hash) => {
        hashing.total++
        hashing.most = Math.max(hashing.most, ++hashing.now)
        // Others come in meanwhile.
        await new Promise((resolve) => setImmediate(resolve))
        hashing.now--
        return hash === `hash of ${password}`
      },
    })
  const auth = makeOne()
  return { auth, clock, storage, hashing, makeOne }
}

const settled = async (all: Promise<unknown>[]) =>
  (await Promise.allSettled(all)).map((one) => (one.status === 'fulfilled' ? 'in' : one.reason.code))

describe('logging in', () => {
  test('gives a token that works with and without the word Bearer', async () => {
    const api = await makeApi()
    const answer = await api.call('POST', '/login', { body: login, headers: { authorization: '' } })
    expect(answer.statusCode).toBe(200)
    const { token, ...rest } = answer.json()
    expect(rest).toEqual({})
    expect(Buffer.from(token, 'base64url')).toHaveLength(32)
    for (const authorization of [`Bearer ${token}`, `bearer  ${token}`, token]) {
      const check = await api.call('GET', '/authcheck', { headers: { authorization } })
      expect([check.statusCode, check.body]).toEqual([200, 'Authenticated!'])
    }
  })

  test.each([
    [{ username: 'admin', password: 'wrong' }],
    [{ username: 'nobody', password: 'secret' }],
    [{ username: 'ADMIN', password: 'secret' }],
  ])('refuses %j with the same words', async (body) => {
    const api = await makeApi()
    const answer = await api.call('POST', '/login', { body })
    expect(expectProblem(answer, 401, 'login_failed').detail).toBe('The user name or the password is wrong.')
    expect(answer.headers['www-authenticate']).toBe('Bearer')
  })

  test.each([
    [{}, ['/username', '/password']],
    [{ username: 'admin' }, ['/password']],
    [{ username: 5, password: [] }, ['/username', '/password']],
    [{ username: 'admin', password: 'x'.repeat(10_000) }, ['/password']],
    [{ username: '', password: 'x' }, ['/username']],
  ])('refuses %j before any hashing', async (body, pointers) => {
    const api = await makeApi()
    const problem = expectProblem(await api.call('POST', '/login', { body }), 422, 'invalid_request')
    expect(problem.errors.map((fault: { pointer: string }) => fault.pointer)).toEqual(pointers)
  })

  test('is refused after five failures a minute, even with the right password', async () => {
    const api = await makeApi()
    for (let i = 0; i < 5; i++) await api.call('POST', '/login', { body: { ...login, password: 'wrong' } })
    api.clock.advance(30_000)
    const headers = { 'x-forwarded-for': '203.0.113.9' }
    const answer = await api.call('POST', '/login', { body: login, headers })
    expectProblem(answer, 429, 'too_many_requests')
    expect(answer.headers['retry-after']).toBe('30')
    api.clock.advance(30_000)
    await api.json('POST', '/login', login)
  })

  test('forgets the failures of who then knew the password', async () => {
    const api = await makeApi()
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 4; i++) await api.call('POST', '/login', { body: { ...login, password: 'wrong' } })
      api.clock.advance(10_000)
      await api.json('POST', '/login', login)
    }
  })

  test('is refused to an address that tries many names', async () => {
    const { auth } = await makeLogin()
    await auth.ensureAdmin()
    const tries = Array.from({ length: 21 }, (_, i) => auth.login(`user${i}`, 'x', '192.0.2.1'))
    expect(await settled(tries)).toEqual([...Array(20).fill('login_failed'), 'too_many_requests'])
    const other = auth.login('user0', 'x', '192.0.2.2')
    expect(await settled([other])).toEqual(['login_failed'])
  })

  test('hashes two at once, keeps twenty waiting and sends the rest away', async () => {
    const { auth, hashing } = await makeLogin()
    await auth.ensureAdmin()
    const tries = Array.from({ length: 30 }, (_, i) => auth.login('admin', 'x', `192.0.2.${i}`))
    const counted = Map.groupBy(await settled(tries), (code) => code)
    expect([counted.get('login_failed')?.length, counted.get('too_many_requests')?.length]).toEqual([22, 8])
    expect([hashing.most, hashing.total]).toEqual([2, 22])
  })

  test('does the same work for a name that does not exist', async () => {
    const { auth, hashing } = await makeLogin()
    await auth.ensureAdmin()
    const tries = await settled([auth.login('nobody', 'x', 'a'), auth.login('admin', 'x', 'b')])
    expect([tries, hashing.total]).toEqual([['login_failed', 'login_failed'], 2])
  })
})

test('a login costs one hash whoever it is said to be, also where the password is of the environment', async () => {
  const { auth, hashing } = await makeLogin({ password: 'p' })
  const counts: number[] = []
  for (const name of ['admin', 'nobody', '../admin']) {
    await settled([auth.login(name, 'x', name)])
    counts.push(hashing.total)
  }
  await auth.login('admin', 'p', 'a')
  expect([...counts, hashing.total]).toEqual([1, 2, 3, 4])
})

describe('the first start', () => {
  test('makes a password, tells it once and keeps only its hash', async () => {
    const { auth, storage, makeOne } = await makeLogin()
    const { generatedPassword } = await auth.ensureAdmin()
    expect(generatedPassword).toMatch(/^[A-Za-z0-9]{24}$/)
    expect(await auth.ensureAdmin()).toEqual({ generatedPassword: null })
    expect(await makeOne().ensureAdmin()).toEqual({ generatedPassword: null })
    expect(await storage.getRecord('auth/admin')).toBe(`{"passwordHash":"hash of ${generatedPassword}"}`)
    const token = makeOne().login('admin', generatedPassword ?? '', 'a')
    expect(await auth.check(await token)).toBe(true)
  })

  test('makes none when the environment has one', async () => {
    const { auth, storage } = await makeLogin({ password: 'from the environment' })
    expect(await auth.ensureAdmin()).toEqual({ generatedPassword: null })
    expect(await storage.getRecord('auth/admin')).toBeNull()
    expect(await auth.check(await auth.login('admin', 'from the environment', 'a'))).toBe(true)
  })
})

describe('a token', () => {
  test('is kept as a digest only, known to other servers of the same store, and good for a day', async () => {
    const { auth, clock, storage, makeOne } = await makeLogin({ password: 'p' })
    const token = await auth.login('admin', 'p', 'a')
    const digest = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(token))).toString('hex')
    expect(await storage.getRecord(`session/${digest}`)).not.toContain(token)
    const other = makeOne()
    expect([await auth.check(token), await other.check(token)]).toEqual([true, true])
    clock.advance(24 * 3600 * 1000 - 1)
    expect([await auth.check(token), await other.check(token)]).toEqual([true, true])
    clock.advance(1)
    expect([await auth.check(token), await other.check(token), await makeOne().check(token)]).toEqual([
      false,
      false,
      false,
    ])
  })

  test('of a program comes from the environment', async () => {
    const { auth } = await makeLogin({ password: 'p', token: TOKEN })
    const bad = ['', '-', TOKEN.slice(0, -1), `${TOKEN}x`, TOKEN.toUpperCase(), 'x'.repeat(100_000), '\u0000']
    expect(await auth.check(TOKEN)).toBe(true)
    expect(await Promise.all(bad.map((token) => auth.check(token)))).toEqual(bad.map(() => false))
  })

  test('that is empty in the environment opens nothing', async () => {
    const { auth } = await makeLogin({ password: 'p', token: '' })
    expect(await auth.check('')).toBe(false)
  })
})

describe('without a token', () => {
  test('every route of the OpenAPI document is refused that does not say otherwise', async () => {
    const api = await makeApi()
    const { paths } = await api.json('GET', '/openapi.json')
    const open: string[] = []
    for (const [path, operations] of Object.entries<Record<string, { security?: [] }>>(paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        const answer = await api.call(method.toUpperCase(), path.replace(/\{\w+\}/g, 'x'), {
          headers: { authorization: '' },
        })
        if (operation.security !== undefined) open.push(path)
        else {
          expectProblem(answer, 401, 'unauthorized')
          expect(answer.headers['www-authenticate']).toBe('Bearer')
        }
      }
    }
    expect(open.sort()).toEqual([
      '/api/v1/attempt/{token}/complete',
      '/api/v1/attempt/{token}/fail',
      '/api/v1/attempt/{token}/heartbeat',
      '/api/v1/task_group/{gid}/stream/{token}',
      '/healthz',
      '/livez',
      '/login',
      '/openapi.json',
      '/readyz',
    ])
  })

  test.each(['Basic YWRtaW46c2VjcmV0', 'Bearer', 'Bearer wrong', 'Token x', `Bearer ${TOKEN} x`, `Bearer x${TOKEN}`])(
    'a request with %j is refused',
    async (authorization) => {
      const api = await makeApi()
      expectProblem(await api.call('GET', '/authcheck', { headers: { authorization } }), 401, 'unauthorized')
    },
  )

  test.each(['token', 'access_token'])(
    'one in the address as %s does not help, and is refused beside a good one',
    async (name) => {
      const api = await makeApi()
      const url = `/api/v1/task_groups?${name}=${TOKEN}`
      expectProblem(await api.call('GET', url, { headers: { authorization: '' } }), 401, 'unauthorized')
      expectProblem(await api.call('GET', url), 401, 'unauthorized')
    },
  )
})

describe('with login off', () => {
  test('everything is open to this machine, and logging in gives a token that stands for none', async () => {
    const api = await makeApi({ auth: { kind: 'off' } })
    expect((await api.call('GET', '/authcheck', { headers: { authorization: '' } })).body).toBe('Authenticated!')
    expect(await api.json('POST', '/login', { username: 'any', password: 'any' })).toEqual({ token: '-' })
  })

  test.each([
    [{ host: 'crew.example.com' }],
    [{ host: 'localhost.example.com:8090' }],
    [{ host: 'localhost:8090', origin: 'https://example.com' }],
    [{ host: 'localhost:8090', origin: 'null' }],
    [{ host: '127.0.0.1:8090', origin: 'http://127.0.0.1.example.com' }],
  ])('a page of another site is refused: %j', async (headers) => {
    const api = await makeApi({ auth: { kind: 'off' } })
    expectProblem(await api.call('POST', '/api/v1/task_groups', { body: {}, headers }), 403, 'forbidden')
    expectProblem(await api.call('GET', '/api/v1/task_group/g/stream/-', { headers }), 403, 'forbidden')
  })

  test.each([
    [{ host: 'localhost:8090' }],
    [{ host: '[::1]:8090', origin: 'http://[::1]:8090' }],
    [{ host: '127.0.0.1:8090', origin: 'http://localhost:5173' }],
  ])('a page of this machine is let in: %j', async (headers) => {
    const api = await makeApi({ auth: { kind: 'off' } })
    expect((await api.call('POST', '/api/v1/task_groups', { body: {}, headers })).statusCode).toBe(200)
  })
})

describe('a password', () => {
  test('is hashed with argon2id on Bun, each time with another salt', async () => {
    const hashes = await Promise.all([hashPassword('p'), hashPassword('p')])
    expect(hashes[0]).toMatch(/^\$argon2id\$v=19\$m=65536,t=2,p=1\$/)
    expect(hashes[0]).not.toBe(hashes[1])
    expect(await Promise.all(['p', 'q', ''].map((one) => verifyPassword(one, hashes[0] ?? '')))).toEqual([
      true,
      false,
      false,
    ])
  })

  test('that was hashed with argon2id on Bun is checked on Node as well, and the other way round', async () => {
    const [onBun, onNode] = [await hashPassword('p'), await hashWithArgon2('p')]
    expect([await verifyArgon2('p', onBun), await verifyArgon2('q', onBun)]).toEqual([true, false])
    expect([await verifyPassword('p', onNode), await verifyPassword('q', onNode)]).toEqual([true, false])
    for (const other of [onBun.replace('t=2', 't=3'), onBun.slice(0, -10), 'x'])
      expect(await verifyArgon2('p', other)).toBe(false)
  })

  test('that was hashed with scrypt on Node is checked as well', async () => {
    const salt = Buffer.from('salt of this one')
    const key = scryptSync('p', salt, 32, { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 })
    const hash = `$scrypt$ln=17,r=8,p=1$${salt.toString('base64')}$${key.toString('base64')}`
    expect(await verifyPassword('p', hash)).toBe(true)
    expect(await verifyPassword('q', hash)).toBe(false)
    expect(await verifyPassword('p', hash.replace('ln=17', 'ln=1'))).toBe(false)
  })
})
