import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { CrewError } from '../../server/core/errors.ts'
import { deleteToken } from '../../server/services/tokens.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'
import { type Api, expectProblem, makeApi, makeAuthenticator } from './make-api.ts'

const mode = { kind: 'on', username: 'admin', password: 'secret' } as const
const body = { name: 'ci', role: 'operator' }

const make = (api: Api, more: object = {}) => api.json('POST', '/api/v1/tokens', { ...body, ...more })
const check = (api: Api, secret: string) =>
  api.call('GET', '/authcheck', { headers: { authorization: `Bearer ${secret}` } })

describe('a token', () => {
  test('is told once, and the storage has its digest only', async () => {
    const api = await makeApi()
    const { id, secret, prefix, ...rest } = await make(api)
    expect(secret).toMatch(new RegExp(`^crew_${id}_[A-Za-z0-9_-]{43}$`))
    expect(prefix).toBe(`crew_${id}`)
    expect(rest).toEqual({
      name: 'ci',
      role: 'operator',
      createdAt: expect.any(String),
      createdBy: 'CREW_AUTH_TOKEN',
      lastUsedAt: null,
      expiresAt: null,
    })
    const record = await api.storage.getRecord(`token/${id}`)
    expect(record).toContain(createHash('sha256').update(secret).digest('hex'))
    expect(record).not.toContain(secret.slice(-43))
    const listed = await api.call('GET', '/api/v1/tokens')
    expect(listed.json()).toEqual({ tokens: [{ id, prefix, ...rest }], count: 1 })
  })

  test('lets a program in with its role, and is noted once a minute', async () => {
    const api = await makeApi()
    const { secret } = await make(api)
    for (let i = 0; i < 3; i++) expect((await check(api, secret)).statusCode).toBe(200)
    const first = (await api.json('GET', '/api/v1/tokens')).tokens[0].lastUsedAt
    expect(Date.parse(first)).toBe(api.clock.now())
    api.clock.advance(59_000)
    await check(api, secret)
    expect((await api.json('GET', '/api/v1/tokens')).tokens[0].lastUsedAt).toBe(first)
    api.clock.advance(1000)
    await check(api, secret)
    expect(Date.parse((await api.json('GET', '/api/v1/tokens')).tokens[0].lastUsedAt)).toBe(api.clock.now())
  })

  test('of another form than the one that was told opens nothing', async () => {
    const api = await makeApi()
    const [{ secret }, other] = [await make(api), await make(api)]
    const swapped = `crew_${other.id}_${secret.slice(-43)}`
    const bad = [secret.slice(0, -1), `${secret}x`, secret.toUpperCase(), swapped, secret.slice(5), `crew_${other.id}`]
    for (const one of bad) expectProblem(await check(api, one), 401, 'unauthorized')
  })

  test('is good until it expires, and stays in the list', async () => {
    const api = await makeApi()
    const expiresAt = new Date(api.clock.now() + 60_000).toISOString()
    const { secret } = await make(api, { expiresAt })
    api.clock.advance(59_999)
    expect((await check(api, secret)).statusCode).toBe(200)
    api.clock.advance(1)
    expectProblem(await check(api, secret), 401, 'unauthorized')
    expect((await api.json('GET', '/api/v1/tokens')).tokens).toMatchObject([{ expiresAt }])
  })

  test('that is revoked is good no longer, on another server within a second', async () => {
    const api = await makeApi()
    const { id, secret } = await make(api)
    const other = makeAuthenticator(api, mode)
    expect([(await check(api, secret)).statusCode, await other.check(secret)]).toEqual([200, true])
    expect(await api.json('DELETE', `/api/v1/token/${id}`)).toEqual({ id, deleted: true })
    expectProblem(await check(api, secret), 401, 'unauthorized')
    api.clock.advance(1000)
    expect(await other.check(secret)).toBe(false)
    expect(await api.json('GET', '/api/v1/tokens')).toEqual({ tokens: [], count: 0 })
  })

  test('is revoked on every server also when the storage is full, one after the other', async () => {
    const api = await makeApi()
    const tokens = [await make(api), await make(api), await make(api)]
    let isFull = false
    const full = new CrewError('storage_full', 'full')
    const storage = wrapStorage(api.storage, {
      putRecord: (key, value, expiresAt) =>
        value === null || !isFull ? api.storage.putRecord(key, value, expiresAt) : Promise.reject(full),
    })
    const [one, other] = [0, 1].map(() => makeAuthenticator({ storage, clock: api.clock }, mode))
    await other?.ensureAdmin()
    isFull = true
    for (const { id, secret } of tokens) {
      expect(await other?.check(secret)).toBe(true)
      if (one) await deleteToken(one.people, id)
      api.clock.advance(1000)
      expect(await other?.check(secret)).toBe(false)
    }
  })

  test('that logs out stays good, and makes no server look again who may', async () => {
    const api = await makeApi()
    const { secret } = await make(api, { role: 'viewer' })
    await check(api, secret)
    const before = await api.fingerprint()
    const headers = { authorization: `Bearer ${secret}` }
    expect((await api.call('POST', '/logout', { headers })).statusCode).toBe(200)
    expect(await api.fingerprint()).toBe(before)
    expect((await check(api, secret)).statusCode).toBe(200)
  })

  test('that is read while it is revoked is not remembered', async () => {
    const api = await makeApi()
    const { id, secret } = await make(api)
    const held = holdReadsOf(api.storage, `token/${id}`)
    const auth = makeAuthenticator({ storage: held.storage, clock: api.clock }, mode)
    const reading = auth.check(secret)
    await held.isReading
    await auth.people.storage.putRecord(`token/${id}`, null)
    await auth.people.accessChanged()
    held.release()
    await reading
    expect(await auth.check(secret)).toBe(false)
  })

  test('in use costs one small read a second, however often and by how many it is used', async () => {
    const api = await makeApi()
    const secrets = await Promise.all(Array.from({ length: 5 }, async () => (await make(api)).secret))
    const reads: string[] = []
    const storage = new Proxy(api.storage, {
      get: (target, name) =>
        name === 'getRecord'
          ? (key: string) => {
              reads.push(key)
              return target.getRecord(key)
            }
          : Reflect.get(target, name).bind(target),
    })
    const auth = makeAuthenticator({ storage, clock: api.clock }, mode)
    await auth.ensureAdmin()
    for (const secret of secrets) await auth.check(secret)
    reads.length = 0
    for (let i = 0; i < 100; i++) await Promise.all(secrets.map((secret) => auth.check(secret)))
    expect(reads).toEqual([])
    api.clock.advance(1000)
    for (let i = 0; i < 100; i++) await Promise.all(secrets.map((secret) => auth.check(secret)))
    expect(reads).toEqual(['auth/stamp'])
  })
})

/** The storage, whose first read of this record answers what was there, when it is released. */
function holdReadsOf(storage: TaskStorage, held: string) {
  const [reading, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const getRecord = async (key: string) => {
    const value = await storage.getRecord(key)
    if (key !== held || value === null) return value
    reading.resolve()
    await released.promise
    return value
  }
  return {
    isReading: reading.promise,
    release: () => released.resolve(),
    storage: new Proxy(storage, {
      get: (target, name) => (name === 'getRecord' ? getRecord : Reflect.get(target, name).bind(target)),
    }),
  }
}

describe('refused is', () => {
  test.each<[object, string]>([
    [{ name: '' }, '/name'],
    [{ name: 'x'.repeat(101) }, '/name'],
    [{ role: 'root' }, '/role'],
    [{ expiresAt: 'tomorrow' }, '/expiresAt'],
    [{ expiresAt: '2001-01-01T00:00:00Z' }, '/expiresAt'],
    [{ expiresAt: 5 }, '/expiresAt'],
  ])('%j', async (more, pointer) => {
    const api = await makeApi()
    const answer = await api.call('POST', '/api/v1/tokens', { body: { ...body, ...more } })
    expect(expectProblem(answer, 422, 'invalid_request').errors[0].pointer).toBe(pointer)
  })

  test.each(['none', '0123456789abcdef', '..%2Fuser', '%00'])('to revoke %s', async (id) => {
    const api = await makeApi()
    expectProblem(await api.call('DELETE', `/api/v1/token/${id}`), 404, 'token_not_found')
  })
})
