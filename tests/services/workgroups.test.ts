import { describe, expect, test } from 'vitest'
import { NO_LIMITS } from '../../server/core/gate.ts'
import { FOREVER } from '../../server/core/time.ts'
import { createTask } from '../../server/services/tasks.ts'
import {
  editWorkgroup,
  getWorkgroup,
  holdWorkgroup,
  listWorkgroupHolds,
  listWorkgroups,
  resumeWorkgroup,
} from '../../server/services/workgroups.ts'
import { answer } from '../support/attempts.ts'
import { openServiceWorld, refusalOf, type ServiceWorld } from '../support/service-world.ts'

const free = {
  name: 'x',
  heldUntil: 0,
  reason: '',
  hold: null,
  waiting: 0,
  running: 0,
  total: 0,
  completed: 0,
  oldestDueAt: null,
  limits: NO_LIMITS,
  window: null,
  pace: null,
  nextStartAt: null,
  bound: null,
}

/** Lets time pass in steps of 10 ms and runs what may start; answers how long after now each did. */
async function startsWithin(world: ServiceWorld, ms: number): Promise<number[]> {
  const begin = world.clock.now()
  const starts: number[] = []
  for (let at = 0; at <= ms; at += 10) {
    world.clock.set(begin + at)
    for (const _ of await world.runAll()) starts.push(at)
  }
  return starts
}

const many = (count: number, fields: object = {}) =>
  Array.from({ length: count }, (_, at) => ({ id: `t${at}`, workgroup: 'ads', ...fields }))

describe('a hold', () => {
  test('lets nothing of the workgroup start, what is there and what comes, and nothing else waits', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a', workgroup: 'ads' }, { id: 'b' }])
    const until = world.clock.now() + 60_000
    expect(await holdWorkgroup(world.context, 'ads', { until, reason: 'quota' })).toMatchObject({
      name: 'ads',
      heldUntil: until,
      reason: 'quota',
      bound: 'hold',
      nextStartAt: until,
    })
    await createTask(world.context, 'g', { id: 'c', worker: 'w', workgroup: 'ads' })
    expect(await world.runAll()).toEqual(['b'])
    world.clock.set(until)
    expect(await world.runAll()).toEqual(['a'])
    world.clock.advance(1000)
    expect(await world.runAll()).toEqual(['c'])
  })

  test('only ever raises', async () => {
    const world = await openServiceWorld()
    const now = world.clock.now()
    await holdWorkgroup(world.context, 'ads', { until: now + 60_000, reason: 'long' })
    expect(await holdWorkgroup(world.context, 'ads', { until: now + 1000, reason: 'short' })).toMatchObject({
      heldUntil: now + 60_000,
      reason: 'long',
    })
  })

  test('is not shortened by a late small delay of an answer', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a', workgroup: 'ads' }])
    const claimed = await world.claimTask('a')
    const until = world.clock.now() + 60_000
    await holdWorkgroup(world.context, 'ads', { until, reason: 'long' })
    await world.finish(claimed, answer({ workgroupDelayInSeconds: 1 }))
    expect((await getWorkgroup(world.context, 'ads')).heldUntil).toBe(until)
  })

  test('may have no end, and a resume clears it', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a', workgroup: 'ads' }])
    const held = await holdWorkgroup(world.context, 'ads', { until: FOREVER, reason: 'x' })
    expect(held).toMatchObject({ heldUntil: FOREVER, hold: { kind: 'manual', since: world.clock.now() } })
    world.clock.advance(1e9)
    expect(await world.runAll()).toEqual([])
    expect(await resumeWorkgroup(world.context, 'ads')).toMatchObject({ heldUntil: 0, hold: null, waiting: 1 })
    expect(await world.runAll()).toEqual(['a'])
  })

  test('is remembered with who asked for it and how it ended, newest first', async () => {
    const world = await openServiceWorld()
    const now = world.clock.now()
    await world.graph([{ id: 'a', workgroup: 'ads' }])
    await world.finish(await world.claimTask('a'), answer('', 429, { 'retry-after': '30' }))
    world.clock.advance(1000)
    await resumeWorkgroup(world.context, 'ads')
    await holdWorkgroup(world.context, 'ads', { until: now + 5000, reason: 'by hand' })
    expect(await listWorkgroupHolds(world.context, 'ads')).toMatchObject([
      { kind: 'manual', since: now + 1000, until: now + 5000, endedAt: null, reason: 'by hand', taskId: '' },
      { kind: 'rateLimit', since: now, until: now + 30_000, endedAt: now + 1000, taskId: 'a' },
    ])
  })

  test('of a workgroup that nobody names was never', async () => {
    const world = await openServiceWorld()
    await refusalOf('workgroup_not_found', listWorkgroupHolds(world.context, 'nobody'))
    await createTask(world.context, (await world.graph([])).id, { worker: 'w', workgroup: 'ads' })
    expect(await listWorkgroupHolds(world.context, 'ads')).toEqual([])
  })
})

describe('a resume', () => {
  test('of a workgroup that nobody names is answered as free', async () => {
    const world = await openServiceWorld()
    expect(await resumeWorkgroup(world.context, 'x')).toEqual(free)
  })

  test('opens the workgroup step by step', async () => {
    const world = await openServiceWorld()
    await world.graph(many(7))
    await holdWorkgroup(world.context, 'ads', { until: FOREVER, reason: '' })
    expect(await resumeWorkgroup(world.context, 'ads')).toMatchObject({ window: 1 })
    const starts = await startsWithin(world, 2990)
    expect([0, 1000, 2000].map((from) => starts.filter((at) => at >= from && at < from + 1000).length)).toEqual([
      1, 2, 4,
    ])
  })

  test('spreads what waits evenly over the time it is given, and then opens', async () => {
    const world = await openServiceWorld()
    await editWorkgroup(world.context, 'ads', { rampStepMs: 0 })
    await world.graph(many(20))
    await holdWorkgroup(world.context, 'ads', { until: FOREVER, reason: '' })
    const resumed = await resumeWorkgroup(world.context, 'ads', { spreadSeconds: 10 })
    expect(resumed.pace).toEqual({ perSecond: 2, until: world.clock.now() + 10_000 })
    expect(await startsWithin(world, 10_000)).toEqual(many(20).map((_, at) => at * 500))
    expect((await getWorkgroup(world.context, 'ads')).pace).toBe(null)
  })

  test('with nothing that waits paces nothing', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a', workgroup: 'ads', isPaused: true }])
    await holdWorkgroup(world.context, 'ads', { until: FOREVER, reason: '' })
    expect((await resumeWorkgroup(world.context, 'ads', { spreadSeconds: 10 })).pace).toBe(null)
  })

  test('over no time ends a pace, and without a time leaves it', async () => {
    const world = await openServiceWorld()
    await world.graph(many(20))
    await resumeWorkgroup(world.context, 'ads', { spreadSeconds: 10 })
    expect((await resumeWorkgroup(world.context, 'ads')).pace).not.toBe(null)
    expect((await resumeWorkgroup(world.context, 'ads', { spreadSeconds: 0 })).pace).toBe(null)
  })
})

describe('limits', () => {
  test('bound how many of the workgroup run at once, over all its groups and workers', async () => {
    const world = await openServiceWorld()
    await editWorkgroup(world.context, 'ads', { maxConcurrent: 3 })
    await world.graph(many(4))
    await world.graph([{ id: 'other', worker: 'v', workgroup: 'ads' }], { id: 'h' })
    const claimed = await world.claim()
    expect(claimed).toHaveLength(3)
    expect(await getWorkgroup(world.context, 'ads')).toMatchObject({ running: 3, waiting: 2, bound: 'concurrency' })
    for (const one of claimed) await world.finish(one)
    expect(await world.claim()).toHaveLength(2)
  })

  test('bound how fast the workgroup starts', async () => {
    const world = await openServiceWorld()
    await editWorkgroup(world.context, 'ads', { rate: { count: 10, perMs: 1000, burst: 2 } })
    await world.graph(many(5))
    expect(await startsWithin(world, 1000)).toEqual([0, 0, 100, 200, 300])
  })

  test('that are set leave the others as they were, and null removes one', async () => {
    const world = await openServiceWorld()
    const rate = { count: 10, perMs: 1000, burst: 1 }
    await editWorkgroup(world.context, 'ads', { rate, maxConcurrent: 2 })
    expect((await editWorkgroup(world.context, 'ads', { maxConcurrent: 3 })).limits).toEqual({
      ...NO_LIMITS,
      rate,
      maxConcurrent: 3,
    })
    expect((await editWorkgroup(world.context, 'ads', { rate: null })).limits).toEqual({
      ...NO_LIMITS,
      maxConcurrent: 3,
    })
  })

  test('that are lifted let at once start what waited', async () => {
    const world = await openServiceWorld()
    await editWorkgroup(world.context, 'ads', { maxConcurrent: 1 })
    await world.graph(many(3))
    expect(await world.claim()).toHaveLength(1)
    await editWorkgroup(world.context, 'ads', { maxConcurrent: null })
    expect(await world.claim()).toHaveLength(2)
  })

  test('name a workgroup that no task names, until they are all removed', async () => {
    const world = await openServiceWorld()
    await editWorkgroup(world.context, 'x', { maxConcurrent: 1 })
    expect(await getWorkgroup(world.context, 'x')).toMatchObject({ name: 'x', limits: { maxConcurrent: 1 } })
    expect(await editWorkgroup(world.context, 'x', { maxConcurrent: null })).toEqual(free)
    await refusalOf('workgroup_not_found', getWorkgroup(world.context, 'x'))
  })

  test.each(['', 'x'.repeat(257), 'a\u0000b', '\ud800'])(
    'are of no workgroup that no task can name: %j',
    async (name) => {
      const world = await openServiceWorld()
      const before = await world.fingerprint()
      await refusalOf('workgroup_not_found', editWorkgroup(world.context, name, { maxConcurrent: 1 }))
      await refusalOf('workgroup_not_found', holdWorkgroup(world.context, name, { until: FOREVER, reason: '' }))
      await refusalOf('workgroup_not_found', resumeWorkgroup(world.context, name))
      expect(await world.fingerprint()).toBe(before)
    },
  )
})

test('workgroups are those that tasks, holds or limits name', async () => {
  const world = await openServiceWorld()
  await world.graph(many(2))
  await holdWorkgroup(world.context, 'mail', { until: world.clock.now() + 5, reason: '' })
  await editWorkgroup(world.context, 'sms', { maxConcurrent: 1 })
  const { workgroups, count } = await listWorkgroups(world.context, { page: 1, pageSize: 0 })
  expect(
    workgroups.map(({ name, waiting, limits, hold }) => [name, waiting, limits.maxConcurrent, hold?.kind]),
  ).toEqual([
    ['ads', 2, null, undefined],
    ['mail', 0, null, 'manual'],
    ['sms', 0, 1, undefined],
  ])
  expect(count).toBe(3)
  await refusalOf('workgroup_not_found', getWorkgroup(world.context, 'nobody'))
})
