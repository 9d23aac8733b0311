import { describe, expect, test } from 'vitest'
import { makeApi, withFailing } from './make-api.ts'

describe('the overview', () => {
  test('of an empty store is all zeros', async () => {
    const api = await makeApi()
    expect(await api.json('GET', '/api/v1/overview')).toEqual({
      groups: { empty: 0, active: 0, paused: 0, succeeded: 0, failed: 0, failing: 0 },
      heldWorkgroups: 0,
      runningTasks: 0,
      attemptsPerMinute: 0,
    })
  })

  test('counts groups by state, held workgroups and what runs', async () => {
    const api = await makeApi()
    const tasks = [
      { id: 'a', worker: 'w', workgroup: 'ads' },
      { id: 'b', worker: 'w', remainingAttempts: 0 },
    ]
    await api.json('POST', '/api/v1/task_groups/graph', { tasks })
    await api.json('POST', '/api/v1/task_groups', {})
    await api.storage.claim({
      limit: 10,
      slots: new Map(),
      slotsPerWorker: 10,
      maxLeasesPerWorker: 10,
      until: api.clock.now() + 1000,
    })
    await api.json('POST', '/api/v1/workgroup/ads/pause')
    expect(await api.json('GET', '/api/v1/overview')).toMatchObject({
      groups: { empty: 1, active: 1, failed: 0, failing: 1 },
      heldWorkgroups: 1,
      runningTasks: 1,
    })
  })
})

describe('the system', () => {
  test('says what the server and its storage are', async () => {
    const retention = { finishedGroupDays: 7, failedGroupDays: 30, aboveBytes: 5e9 }
    const api = await makeApi({ process: { startedAt: 1000, retention } })
    expect(await api.json('GET', '/api/v1/system')).toEqual({
      version: '1.2.3',
      startedAt: '1970-01-01T00:00:01.000Z',
      now: '2026-11-22T10:00:00.000Z',
      storage: {
        engine: 'sqlite',
        durability: 'none',
        detail: 'in memory: everything is gone when the server stops',
        bytes: null,
        usedBytes: null,
        freeBytes: null,
        bytesPerTask: null,
        bytesPerDay: null,
        daysUntilFull: null,
      },
      retention,
      auth: 'on',
    })
  })

  test('says that no login is needed, and that nothing is deleted', async () => {
    const api = await makeApi({ auth: { kind: 'off' } })
    const { auth, retention } = (await api.call('GET', '/api/v1/system', { headers: { host: 'localhost' } })).json()
    expect([auth, retention]).toEqual(['off', { finishedGroupDays: null, failedGroupDays: null, aboveBytes: null }])
  })

  test('fails when the storage does', async () => {
    const api = await makeApi({ wrap: withFailing('sizeInBytes', new Error('away')) })
    expect((await api.call('GET', '/api/v1/system')).statusCode).toBe(500)
  })
})
