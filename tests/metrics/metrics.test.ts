import { describe, expect, test } from 'vitest'
import { CrewError } from '../../server/core/errors.ts'
import { allMetrics } from '../../server/metrics/metrics-table.ts'
import { answer, NOW } from '../support/attempts.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'
import { openMetricsWorld, samplesOf } from './metrics-world.ts'

describe('the table of metrics', () => {
  test('names what a scrape tells, and nothing else', async () => {
    const world = await openMetricsWorld()
    const told = [...(await world.text()).matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`)
    expect(told.toSorted()).toEqual(allMetrics.map(({ name, type }) => `${name} ${type}`).toSorted())
  })
})

describe('attempts', () => {
  test('are counted by worker and outcome, with how long they took and waited', async () => {
    const world = await openMetricsWorld()
    await world.graph([{ id: 'a' }, { id: 'b', worker: 'v' }, { id: 'c', parentIds: ['a'] }])
    await world.advance(400)
    await world.reply('a')
    await world.reply('b', answer('', 500))
    await world.advance(100)
    await world.reply('c', { kind: 'timeout', message: 'too late' })
    const samples = await world.scrape()
    expect(samples.get('crew_task_attempts_total{worker="w",outcome="ok"}')).toBe(1)
    expect(samples.get('crew_task_attempts_total{worker="w",outcome="timeout"}')).toBe(1)
    expect(samples.get('crew_task_attempts_total{worker="v",outcome="error"}')).toBe(1)
    expect(samples.get('crew_task_attempt_duration_seconds_count{worker="w"}')).toBe(2)
    expect(samples.get('crew_task_attempt_duration_seconds_bucket{le="0.5",worker="v"}')).toBe(1)
    // The wait of a child begins when its parent ended, not when it was created.
    expect(samples.get('crew_task_queue_wait_seconds_bucket{le="0.01",worker="w"}')).toBe(2)
  })

  test('that end by their callback are counted then', async () => {
    const world = await openMetricsWorld()
    await world.graph([{ id: 'a' }])
    await world.advance()
    await world.reply('a', answer('', 202))
    expect(await world.scrape()).not.toContain('crew_task_attempts_total{worker="w",outcome="ok"}')
    const { token } = world.callbacks.of('a', String((await world.storage.getTasks(['a']))[0]?.lease?.token))
    await world.advance(9000)
    await world.controller.outside.end(token, { kind: 'complete', body: '{}' })
    const samples = await world.scrape()
    expect(samples.get('crew_task_attempts_total{worker="w",outcome="ok"}')).toBe(1)
    expect(samples.get('crew_task_attempt_duration_seconds_bucket{le="5",worker="w"}')).toBe(0)
    expect(samples.get('crew_task_attempt_duration_seconds_bucket{le="10",worker="w"}')).toBe(1)
  })

  test('that hold a workgroup are counted, and until when it is held is told', async () => {
    const world = await openMetricsWorld()
    await world.graph([
      { id: 'a', workgroup: 'ads "1"\n' },
      { id: 'b', workgroup: 'ads "1"\n' },
    ])
    await world.advance()
    await world.reply('a', answer('', 429, { 'retry-after': '60' }))
    await world.reply('b')
    const samples = await world.scrape()
    expect(samples.get('crew_workgroup_cooloffs_total')).toBe(1)
    const until = samples.get('crew_workgroup_cooloff_until_timestamp_seconds{workgroup="ads \\"1\\"�"}')
    expect(until).toBeCloseTo((NOW + 60_000) / 1000, 0)
  })
})

describe('groups', () => {
  test('that come to their end are counted once, as soon as nothing more happens in them', async () => {
    const world = await openMetricsWorld()
    await world.graph([{ id: 'a' }, { id: 'b' }])
    await world.graph([{ id: 'bad', remainingAttempts: 1 }], { id: 'g2' })
    await world.advance()
    await world.reply('a')
    await world.reply('bad', answer('', 500))
    await world.advance(3000)
    expect((await world.scrape()).get('crew_group_completed_total{outcome="succeeded"}')).toBe(0)
    await world.reply('b')
    await world.advance(3000)
    const samples = await world.scrape()
    expect(samples.get('crew_group_completed_total{outcome="succeeded"}')).toBe(1)
    expect(samples.get('crew_group_completed_total{outcome="failed"}')).toBe(1)
  })
})

describe('gauges of the store', () => {
  test('tell tasks by state, what keeps them from starting, and for how long the oldest has been due', async () => {
    const world = await openMetricsWorld()
    await world.graph([{ id: 'done' }, { id: 'runs' }, { id: 'child', parentIds: ['runs'] }])
    await world.graph(
      [
        { id: 'off', isPaused: true },
        { id: 'later', runAfter: NOW + 90_000 },
      ],
      { id: 'g2' },
    )
    await world.graph([{ id: 'still' }], { id: 'g3', isPaused: true })
    await world.advance()
    await world.reply('done')
    await world.storage.commit([
      { guards: [], events: [], changes: [{ kind: 'limitWork', scope: 'worker', name: 'slow', limits: null }] },
    ])
    const samples = await world.scrape()
    const states = { succeeded: 1, running: 1, blocked: 1, paused: 2, scheduled: 1, ready: 0, failed: 0 }
    for (const [status, count] of Object.entries(states))
      expect([status, samples.get(`crew_tasks{status="${status}"}`)]).toEqual([status, count])
    const reasons = { paused: 1, group_paused: 1, parent_unfinished: 1, not_due: 1, no_attempts_left: 0 }
    for (const [reason, count] of Object.entries(reasons))
      expect([reason, samples.get(`crew_blocked_tasks{reason="${reason}"}`)]).toEqual([reason, count])
    expect(samples.get('crew_worker_inflight{worker="w"}')).toBe(1)
    expect(samples.get('crew_worker_circuit_state{worker="w"}')).toBe(0)
    expect(samples.get('crew_oldest_queued_age_seconds{worker="w"}')).toBe(0)
  })

  test('count what a full worker keeps waiting from when it was due', async () => {
    const world = await openMetricsWorld()
    await world.graph(Array.from({ length: 21 }, (_, at) => ({ id: `t${at}` })))
    await world.advance(30_000)
    const samples = await world.scrape()
    expect(samples.get('crew_oldest_queued_age_seconds{worker="w"}')).toBe(30)
    expect(samples.get('crew_tasks{status="ready"}')).toBe(1)
    // It waits for its worker: the server asks in time.
    expect(samples.get('crew_task_schedule_lag_seconds')).toBeLessThan(0.5)
  })

  test('more unfinished groups than one turn counts are counted over several scrapes', async () => {
    const world = await openMetricsWorld()
    for (let at = 0; at < 1050; at++) await world.graph([{ id: `t${at}`, isPaused: true }], { id: `g${at}` })
    expect(await world.scrape()).not.toContain('crew_tasks{status="paused"}')
    await world.advance(2000)
    expect((await world.scrape()).get('crew_tasks{status="paused"}')).toBe(1050)
  })

  test.each([
    ['is away', () => Promise.reject(new CrewError('storage_unavailable', 'away'))],
    ['hangs', () => new Promise<never>(() => {})],
  ])('are left out while the storage %s', async (_, fails) => {
    let isFailing = false
    const world = await openMetricsWorld({
      wrap: (storage) =>
        wrapStorage(storage, { listWorkers: (query) => (isFailing ? fails() : storage.listWorkers(query)) }),
    })
    await world.graph([{ id: 'a' }])
    await world.advance()
    expect((await world.scrape()).get('crew_store_up')).toBe(1)
    isFailing = true
    await world.advance(2000)
    const text = world.text()
    await world.advance(2000)
    const samples = samplesOf(await text)
    expect(samples.get('crew_store_up')).toBe(0)
    expect([...samples.keys()].filter((name) => name.startsWith('crew_tasks'))).toEqual([])
    expect(samples.get('crew_attempts_in_flight')).toBe(1)
  })
})
