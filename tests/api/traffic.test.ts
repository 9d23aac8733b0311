import { describe, expect, test } from 'vitest'
import { expectProblem, makeApi } from './make-api.ts'

const url = '/api/v1/traffic'
const open = {
  inFlight: 0,
  maxConcurrent: null,
  rateLimit: null,
  ramp: { stepSeconds: 1 },
  window: null,
  pace: null,
  nextStartAt: null,
  bound: null,
}

describe('what bounds all tasks together', () => {
  test('is nothing at first, and is set field by field', async () => {
    const api = await makeApi()
    expect(await api.json('GET', url)).toEqual(open)
    const rateLimit = { count: 100, perSeconds: 60, burst: 3 }
    expect(await api.json('PUT', url, { rateLimit })).toEqual({ ...open, rateLimit })
    expect(await api.json('PUT', url, { maxConcurrent: 4 })).toEqual({ ...open, rateLimit, maxConcurrent: 4 })
    expect(await api.json('PUT', url, { rateLimit: null, maxConcurrent: null })).toEqual(open)
    expect(await api.json('GET', url)).toEqual(open)
  })

  test('is told to a task that waits for it', async () => {
    const api = await makeApi()
    const tasks = [
      { id: 'a', worker: 'v' },
      { id: 'b', worker: 'w' },
    ]
    await api.json('POST', '/api/v1/task_groups/graph', { id: 'g', tasks })
    await api.json('PUT', url, { maxConcurrent: 1 })
    const slots = { limit: 9, slots: new Map(), slotsPerWorker: 9, maxLeasesPerWorker: 9 }
    const { tasks: claimed } = await api.storage.claim({ ...slots, until: api.clock.now() + 1000 })
    expect(claimed).toHaveLength(1)
    expect(await api.json('GET', url)).toMatchObject({ inFlight: 1, bound: 'concurrency' })
    const waiting = claimed[0]?.task.id === 'a' ? 'b' : 'a'
    const why = await api.json('GET', `/api/v1/task/${waiting}/why`)
    expect(why.reasons).toEqual([{ code: 'server_full', message: 'The whole of Crew has 1 of 1 attempts in flight.' }])
  })

  test.each([
    [{ maxConcurrent: 0 }, '/maxConcurrent'],
    [{ rateLimit: 5 }, '/rateLimit'],
    [{ rateLimit: { count: 1, perSeconds: 0 } }, '/rateLimit/perSeconds'],
    [{ ramp: { stepSeconds: '1' } }, '/ramp/stepSeconds'],
    [{ limit: 5 }, '/limit'],
    [[], ''],
  ])('is not %j', async (body, pointer) => {
    const api = await makeApi()
    const before = await api.fingerprint()
    const answer = await api.call('PUT', url, { body })
    expect(expectProblem(answer, 422, 'invalid_request').errors).toMatchObject([{ pointer }])
    expect(await api.fingerprint()).toBe(before)
  })
})
