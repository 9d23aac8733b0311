import { expect, test } from 'vitest'
import { expectProblem, makeApi, makeAuthenticator } from '../api/make-api.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'

const open = { authorization: '' }

test('a password of ten kilobytes is hashed nowhere: not to log in, not of a new user, not of a changed one', async () => {
  let hashes = 0
  const api = await makeApi({ onHash: () => void hashes++ })
  const password = 'x'.repeat(10_000)
  const user = { name: 'dana', role: 'viewer', password: 'a long password' }
  await api.json('POST', '/api/v1/users', user)
  const before = hashes
  for (const [method, url, body] of [
    ['POST', '/login', { username: 'admin', password }],
    ['POST', '/login', { username: 'x'.repeat(10_000), password: 'x' }],
    ['POST', '/api/v1/users', { ...user, name: 'other', password }],
    ['PUT', '/api/v1/user/dana', { password }],
  ] as const)
    expectProblem(await api.call(method, url, { body }), 422, 'invalid_request')
  expect(hashes).toBe(before)
})

test('two hundred logins at once take two hashes at a time, and everything else goes on', async () => {
  const released = Promise.withResolvers<void>()
  const allRefused = Promise.withResolvers<void>()
  const hashing = { now: 0, most: 0, isHeld: false }
  const api = await makeApi({
    onHash: async () => {
      hashing.most = Math.max(hashing.most, ++hashing.now)
      if (hashing.isHeld) await released.promise
      hashing.now--
    },
    trustedProxies: [{ address: [127, 0, 0, 1], bits: 32 }],
  })
  const body = { username: 'admin', password: 'wrong' }
  // Makes the hash that unknown names are checked against, which is made once.
  await api.call('POST', '/login', { body, headers: open })
  hashing.isHeld = true
  let refused = 0
  const logins = Array.from({ length: 200 }, async (_, i) => {
    const answer = await api.call('POST', '/login', { body, headers: { ...open, 'x-forwarded-for': `203.0.113.${i}` } })
    if (answer.statusCode === 429 && ++refused === 178) allRefused.resolve()
    return answer
  })
  await allRefused.promise
  expect((await api.call('GET', '/api/v1/task_groups')).statusCode).toBe(200)
  released.resolve()
  const counts = Map.groupBy(await Promise.all(logins), ({ statusCode }) => statusCode)
  expect([counts.get(401)?.length, counts.get(429)?.length]).toEqual([22, 178])
  for (const { headers } of counts.get(429) ?? []) expect(headers['retry-after']).toBe('1')
  expect(hashing.most).toBe(2)
})

test('who logs in is answered in the same words after the same work, whether there is such a user or not', async () => {
  const work: string[] = []
  const api = await makeApi({
    onHash: () => void work.push('hash'),
    wrap: (storage) =>
      wrapStorage(storage, {
        getRecord: (key) => {
          work.push('read')
          return storage.getRecord(key)
        },
      }),
  })
  await api.json('POST', '/api/v1/users', { name: 'dana', role: 'viewer', password: 'a long password' })
  await api.call('POST', '/login', { body: { username: 'first', password: 'x' }, headers: open })
  const seen = new Set<string>()
  for (const username of ['dana', 'nobody', 'admin', '../dana', 'Dana', 'dana\u0000']) {
    work.length = 0
    const answer = await api.call('POST', '/login', { body: { username, password: 'wrong' }, headers: open })
    const { instance: _, ...said } = expectProblem(answer, 401, 'login_failed')
    seen.add(JSON.stringify([said, work, Object.keys(answer.headers)]))
  }
  expect([...seen]).toHaveLength(1)
})

test('a token is looked for by its id alone, and whatever of it is wrong costs the same reads', async () => {
  const api = await makeApi()
  const { id, secret } = await api.json('POST', '/api/v1/tokens', { name: 'ci', role: 'viewer' })
  const reads: string[] = []
  const storage = wrapStorage(api.storage, {
    getRecord: (key) => {
      reads.push(key)
      return api.storage.getRecord(key)
    },
  })
  const auth = makeAuthenticator({ storage, clock: api.clock }, { kind: 'on', username: 'admin', password: 'p' })
  await auth.ensureAdmin()
  for (const at of [-43, -42, -20, -1]) {
    const letter = secret.at(at)
    const wrong = [...secret].with(at, letter === 'A' ? 'B' : 'A').join('')
    reads.length = 0
    expect(await auth.identify(wrong)).toBeNull()
    expect(reads).toEqual([`token/${id}`])
  }
})
