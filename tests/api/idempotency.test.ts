import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { MAX_KEPT_BYTES } from '../../server/api/idempotency-run.ts'
import { KEPT_MS } from '../../server/core/idempotency.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'
import { countGroups, GROUPS, isReplayed, makeServer, post, shown } from './idempotency-world.ts'
import { expectProblem, type Json, makeApi } from './make-api.ts'

describe('a request that comes again', () => {
  test('gets the same answer, and has one effect', async () => {
    const api = await makeApi()
    const first = await post(api, GROUPS, 'k1', { body: { name: 'one' } })
    api.clock.advance(5_000)
    const again = await post(api, GROUPS, '"k1"', { body: { name: 'one' } })
    expect(first.statusCode).toBe(200)
    expect(shown(again)).toEqual(shown(first))
    expect([isReplayed(first), isReplayed(again)]).toEqual([false, true])
    expect(await countGroups(api)).toBe(1)
  })

  test('is another request with another key, at another address, or without one', async () => {
    const api = await makeApi()
    const body = { name: 'one' }
    const answers = [
      await post(api, GROUPS, 'k1', { body }),
      await post(api, GROUPS, 'k2', { body }),
      await post(api, `${GROUPS}?a=1`, 'k1', { body }),
      await api.call('POST', GROUPS, { body }),
      await api.call('POST', GROUPS, { body }),
    ]
    expect(new Set(answers.map((answer) => answer.json().id)).size).toBe(5)
    expect(answers.some(isReplayed)).toBe(false)
  })

  test('is refused with another body', async () => {
    const api = await makeApi()
    await post(api, GROUPS, 'k1', { body: { name: 'one' } })
    expectProblem(await post(api, GROUPS, 'k1', { body: { name: 'two' } }), 422, 'idempotency_key_reused')
    expectProblem(await post(api, GROUPS, 'k1'), 422, 'idempotency_key_reused')
    expect(await countGroups(api)).toBe(1)
  })

  test('without a body is told from others by its key alone', async () => {
    const api = await makeApi()
    await api.json('POST', GROUPS, { id: 'g' })
    const first = await post(api, '/api/v1/task_group/g/pause', 'k1')
    await api.json('POST', '/api/v1/task_group/g/resume')
    const again = await post(api, '/api/v1/task_group/g/pause', 'k1')
    expect([shown(again), isReplayed(again)]).toEqual([shown(first), true])
    expect((await api.json('GET', '/api/v1/task_group/g')).isPaused).toBe(false)
  })

  test('of somebody else is another request', async () => {
    const api = await makeApi()
    const tokens: Json[] = []
    for (const _ of [1, 2]) tokens.push(await api.json('POST', '/api/v1/tokens', { name: 'twin', role: 'operator' }))
    const answers = await Promise.all(
      tokens.map(({ secret }) =>
        post(api, GROUPS, 'k1', { body: { name: 'one' }, headers: { authorization: `Bearer ${secret}` } }),
      ),
    )
    expect(new Set(answers.map((answer) => answer.json().id)).size).toBe(2)
  })

  test('is refused while the first one is under way', async () => {
    const { api, hang, hangs, thaw } = await makeServer()
    hang()
    const first = post(api, GROUPS, 'k1', { body: { name: 'one' } })
    await hangs()
    const second = await post(api, GROUPS, 'k1', { body: { name: 'one' } })
    expectProblem(second, 409, 'idempotency_key_in_use')
    expect(second.headers['retry-after']).toBe('1')
    expectProblem(await post(api, GROUPS, 'k1', { body: {} }), 422, 'idempotency_key_reused')
    thaw()
    const answer = await first
    expect(shown(await post(api, GROUPS, 'k1', { body: { name: 'one' } }))).toEqual(shown(answer))
    expect(await countGroups(api)).toBe(1)
  })

  test('gets the answer for a day, and then is a new one', async () => {
    const api = await makeApi()
    const first = await post(api, GROUPS, 'k1', { body: {} })
    api.clock.advance(KEPT_MS - 1)
    expect(shown(await post(api, GROUPS, 'k1', { body: {} }))).toEqual(shown(first))
    api.clock.advance(1)
    const next = await post(api, GROUPS, 'k1', { body: {} })
    expect([isReplayed(next), next.json().id === first.json().id]).toEqual([false, false])
  })

  test('is in the activity once', async () => {
    const api = await makeApi()
    await api.json('POST', GROUPS, { id: 'g' })
    for (const _ of [1, 2, 3]) await post(api, '/api/v1/task_group/g/pause', 'k1')
    api.tick()
    const { activity } = await api.json('GET', '/api/v1/activity')
    expect(activity.map(({ action }: Json) => action)).toEqual(['pauseTaskGroup'])
  })
})

test.each(['', '"open', 'two words', 'k'.repeat(129), 'a, b'])('the key %j is refused', async (key) => {
  const api = await makeApi()
  const before = await api.fingerprint()
  expectProblem(await post(api, GROUPS, key, { body: {} }), 400, 'invalid_idempotency_key')
  expect(await api.fingerprint()).toBe(before)
})

test('other methods, and what is outside the API, do not look at it', async () => {
  const api = await makeApi()
  const headers = { 'idempotency-key': '"open' }
  const body = { username: 'admin', password: 'secret' }
  expect((await api.call('GET', GROUPS, { headers })).statusCode).toBe(200)
  expect((await api.call('POST', '/login', { headers, body })).statusCode).toBe(200)
})

describe('refusals', () => {
  test('that depend on what there is are given again', async () => {
    const api = await makeApi()
    const url = '/api/v1/task_group/g/tasks'
    const first = await post(api, url, 'k1', { body: { worker: 'w' } })
    expectProblem(first, 404, 'group_not_found')
    await api.json('POST', GROUPS, { id: 'g' })
    expect(shown(await post(api, url, 'k1', { body: { worker: 'w' } }))).toEqual(shown(first))
    expect((await post(api, url, 'k2', { body: { worker: 'w' } })).statusCode).toBe(200)
  })

  test('of the body alone leave the key free for the mended one', async () => {
    const api = await makeApi()
    await api.json('POST', GROUPS, { id: 'g' })
    const url = '/api/v1/task_group/g/tasks'
    for (const raw of ['{', '{"worker": 5}', '{"worker": "../w"}'])
      expect((await post(api, url, 'k1', { raw })).statusCode).toBeGreaterThanOrEqual(400)
    expect((await post(api, url, 'k1', { body: { worker: 'w' } })).statusCode).toBe(200)
  })

  test('of an id that somebody else took stay refusals', async () => {
    const api = await makeApi()
    await api.json('POST', GROUPS, { id: 'g' })
    for (const _ of [1, 2]) {
      const answer = await post(api, GROUPS, 'k1', { body: { id: 'g' } })
      expectProblem(answer, 409, 'duplicate_id')
    }
  })
})

describe('an answer that is too large to be kept', () => {
  const tasks = Array.from({ length: 200 }, (_, n) => ({ worker: 'w', name: `${n}`, input: 'x'.repeat(300) }))

  test('of a creation is made again from what exists', async () => {
    const api = await makeApi()
    await api.json('POST', GROUPS, { id: 'g' })
    const url = '/api/v1/task_group/g/tasks/batch'
    const first = await post(api, url, 'k1', { body: { tasks } })
    expect(first.body.length).toBeGreaterThan(MAX_KEPT_BYTES)
    api.clock.advance(1_000)
    const again = await post(api, url, 'k1', { body: { tasks } })
    expect([shown(again), isReplayed(again)]).toEqual([shown(first), true])
    expect((await api.json('GET', '/api/v1/task_group/g/tasks')).count).toBe(tasks.length)
  })

  test('says so when what it created is gone, and does not create it again', async () => {
    const api = await makeApi()
    await api.json('POST', GROUPS, { id: 'g' })
    await post(api, '/api/v1/task_group/g/tasks/batch', 'k1', { body: { tasks } })
    await api.json('DELETE', '/api/v1/task_group/g')
    await api.json('POST', GROUPS, { id: 'g' })
    const again = await post(api, '/api/v1/task_group/g/tasks/batch', 'k1', { body: { tasks } })
    expectProblem(again, 409, 'idempotency_answer_not_kept')
    expect((await api.json('GET', '/api/v1/task_group/g/tasks')).count).toBe(0)
  })
})

describe('secrets', () => {
  test('of a token are told once, and it is made once', async () => {
    const stored: string[] = []
    const api = await makeApi({ wrap: (storage) => recordingWrites(storage, stored) })
    const body = { name: 'ci', role: 'viewer' }
    const first = await post(api, '/api/v1/tokens', 'k1', { body })
    const { secret } = first.json()
    expectProblem(await post(api, '/api/v1/tokens', 'k1', { body }), 409, 'idempotency_answer_not_kept')
    expect((await api.json('GET', '/api/v1/tokens')).count).toBe(1)
    expect(stored.join()).not.toContain(secret.slice(-20))
  })

  test('of a user are not kept as a digest that could be guessed from', async () => {
    const stored: string[] = []
    const api = await makeApi({ wrap: (storage) => recordingWrites(storage, stored) })
    const raw = JSON.stringify({ name: 'dana', role: 'viewer', password: 'a long password' })
    const first = await post(api, '/api/v1/users', 'k1', { raw })
    expect(shown(await post(api, '/api/v1/users', 'k1', { raw }))).toEqual(shown(first))
    expect(stored.join()).not.toContain(createHash('sha256').update(raw).digest('base64url'))
    const other = raw.replace('long', 'new')
    expectProblem(await post(api, '/api/v1/users', 'k1', { raw: other }), 422, 'idempotency_key_reused')
  })
})

/** Everything that is put, as text. */
function recordingWrites(storage: TaskStorage, stored: string[]): TaskStorage {
  const note = (key: string, value: string | null): void => void stored.push(`${key} ${value}`)
  return wrapStorage(storage, {
    putRecord: (key, value, expiresAt) => {
      note(key, value)
      return storage.putRecord(key, value, expiresAt)
    },
    createRecord: (key, value, expiresAt) => {
      note(key, value)
      return storage.createRecord(key, value, expiresAt)
    },
  })
}
