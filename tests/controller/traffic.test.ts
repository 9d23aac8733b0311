import { describe, expect, test } from 'vitest'
import type { AnswerHeaders } from '../../server/core/rate-limit-headers.ts'
import { resetTask } from '../../server/services/tasks.ts'
import { answer, NOW } from '../support/attempts.ts'
import { limitWork, releaseWork } from '../support/changes.ts'
import { type ControllerWorld, openControllerWorld } from '../support/controller-world.ts'
import type { FakeCall } from '../support/fake-workers.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'

const many = (count: number, fields: object = {}, prefix = 't') =>
  Array.from({ length: count }, (_, at) => ({ id: `${prefix}${at}`, ...fields }))

/** Workers that answer by themselves. */
async function openAnswering(
  respond: (
    call: FakeCall,
    world: ControllerWorld,
  ) => { afterMs: number; reply: Parameters<FakeCall['reply']>[0] } | null,
  options: Parameters<typeof openControllerWorld>[0] = {},
): Promise<ControllerWorld> {
  let world: ControllerWorld | null = null
  world = await openControllerWorld({
    ...options,
    onPost: (call) => {
      const response = world && respond(call, world)
      if (response) world?.timers.after(response.afterMs, () => call.reply(response.reply))
    },
  })
  return world
}

describe('an answer that says when to come again', () => {
  const inAMinute = new Date(NOW + 60_000)
  test.each<[string, AnswerHeaders, object | string, string]>([
    ['Retry-After in seconds', { 'retry-after': '60' }, '', 'Retry-After'],
    ['Retry-After as a date', { 'retry-after': inAMinute.toUTCString() }, '', 'Retry-After'],
    ['RateLimit', { ratelimit: '"default";r=0;t=60' }, '', 'RateLimit'],
    ['RateLimit of an early draft', { ratelimit: 'limit=10, remaining=0, reset=60' }, '', 'RateLimit'],
    ['RateLimit-Reset', { 'ratelimit-remaining': '0', 'ratelimit-reset': '60' }, '', 'RateLimit-Reset'],
    ['X-RateLimit-Reset in seconds', { 'x-ratelimit-reset': '60' }, '', 'X-RateLimit-Reset'],
    [
      'X-RateLimit-Reset as an epoch',
      { 'x-ratelimit-reset': `${inAMinute.getTime() / 1000}` },
      '',
      'X-RateLimit-Reset',
    ],
    ['X-RateLimit-Reset as a date', { 'x-ratelimit-reset': inAMinute.toISOString() }, '', 'X-RateLimit-Reset'],
    ['X-RateLimit-Reset as a duration', { 'x-ratelimit-reset': '1m0s' }, '', 'X-RateLimit-Reset'],
    ['the body', { 'retry-after': '5' }, { workgroupDelayInSeconds: 60 }, 'workgroupDelayInSeconds'],
  ])('by %s holds the workgroup until then, and uses up no attempt', async (_, headers, body, source) => {
    const world = await openControllerWorld({ limits: { maxInFlight: 1 } })
    await world.graph([{ id: 'a', workgroup: 'ads' }, { id: 'b', workgroup: 'ads' }, { id: 'free' }])
    await world.advance()
    world.workers.call('a').reply(answer(body, 429, headers))
    await world.advance()
    expect(await world.storage.listHolds('workgroup')).toEqual([
      expect.objectContaining({ name: 'ads', kind: 'rateLimit', taskId: 'a', source, until: NOW + 60_000, since: NOW }),
    ])
    expect(world.workers.openIds).toEqual(['free'])
    await world.reply('free')
    await world.advance(59_990)
    expect(world.workers.open).toEqual([])
    await world.advance(10)
    expect(world.workers.open).toHaveLength(1)
    expect(await world.load('a')).toMatchObject({ remainingAttempts: 5, failures: 0, errors: [] })
  })

  test('with a 503 holds the worker of a task without a workgroup', async () => {
    const world = await openControllerWorld()
    await world.graph([{ id: 'a' }, { id: 'b' }, { id: 'other', worker: 'x' }])
    await world.advance()
    world.workers.call('a').reply(answer('', 503, { 'retry-after': '60' }))
    await world.reply('b')
    await world.graph([{ id: 'later' }, { id: 'other-later', worker: 'x' }], { id: 'h' })
    await world.advance(50_000)
    expect(world.workers.openIds).toEqual(['other', 'other-later'])
    expect(await world.storage.listHolds('worker')).toMatchObject([
      { name: 'w', kind: 'rateLimit', source: 'Retry-After' },
    ])
    expect(await world.load('a')).toMatchObject({ remainingAttempts: 5 })
  })
})

describe('answers that tell what is left', () => {
  /** A quota a second for the workgroup `key`, in fixed windows; others have none. */
  function provider(quota: number, tell: (remaining: number, resetMs: number) => AnswerHeaders) {
    const seen = { calls: 0, overQuota: 0, window: -1, used: 0 }
    const respond = (call: FakeCall, world: ControllerWorld) => {
      if (!call.taskId.startsWith('key')) return { afterMs: 40, reply: answer('{}') }
      const now = world.clock.now()
      if (Math.floor(now / 1000) !== seen.window) Object.assign(seen, { window: Math.floor(now / 1000), used: 0 })
      seen.calls++
      const isOver = seen.used >= quota
      if (isOver) seen.overQuota++
      else seen.used++
      const headers = tell(quota - seen.used, 1000 - (now % 1000))
      const reply = isOver ? answer('', 429, { ...headers, 'retry-after': '1' }) : answer('{}', 200, headers)
      return { afterMs: 40, reply }
    }
    return { seen, respond }
  }

  test.each<[string, (remaining: number, resetMs: number) => AnswerHeaders]>([
    [
      'milliseconds',
      (left, ms) => ({ 'x-ratelimit-limit': '30', 'x-ratelimit-remaining': `${left}`, 'x-ratelimit-reset': `${ms}ms` }),
    ],
    [
      'whole seconds',
      (left, ms) => ({ 'ratelimit-policy': '"k";q=30;w=1', ratelimit: `"k";r=${left};t=${Math.ceil(ms / 1000)}` }),
    ],
  ])(
    'in %s keep a workgroup off its limit, and near it, and slow nobody else',
    async (_, tell) => {
      const { seen, respond } = provider(30, tell)
      const world = await openAnswering(respond, { limits: { maxInFlight: 100, maxInFlightPerWorker: 20 } })
      await world.graph(many(300, { workgroup: 'key', worker: 'keyed' }, 'key'))
      await world.graph(many(300, { worker: 'free' }), { id: 'h' })
      await world.advance(2000)
      expect((await world.storage.getGroup('h'))?.counts.succeeded).toBe(300)
      await world.advance(12_000)
      expect((await world.storage.getGroup('g'))?.counts.succeeded).toBe(300)
      expect(seen.overQuota).toBeLessThanOrEqual(3)
      expect([...(await world.loadAll()).values()].every(({ remainingAttempts }) => remainingAttempts === 5)).toBe(true)
    },
    60_000,
  )

  test('end a pace that is too slow as soon as one tells of more', async () => {
    const world = await openControllerWorld()
    await world.graph(many(3, { workgroup: 'key' }))
    await world.advance()
    const headers = (remaining: number) => ({
      'x-ratelimit-limit': '1000',
      'x-ratelimit-remaining': `${remaining}`,
      'x-ratelimit-reset': '60.0',
    })
    await world.reply('t0', answer('{}', 200, headers(3)))
    await world.graph(many(5, { workgroup: 'key' }, 's'), { id: 'h' })
    await world.advance(5000)
    expect(world.workers.openIds.filter((id) => id.startsWith('s')).length).toBeLessThanOrEqual(1)
    await world.reply('t1', answer('{}', 200, headers(900)))
    await world.advance(2000)
    expect(world.workers.openIds).toHaveLength(6)
  })
})

describe('the breaker of a worker', () => {
  const settings = { w: { breaker: { failures: 3, openSeconds: 10 } } }
  const limits = { maxInFlightPerWorker: 1 }

  /** Three faults in a row, of three tasks. */
  async function openBroken(
    count = 10,
    options: Parameters<typeof openControllerWorld>[0] = {},
  ): Promise<ControllerWorld> {
    const world = await openControllerWorld({ settings, limits, ...options })
    await world.graph(many(count, { errorDelayInSeconds: 1 }))
    await world.advance()
    for (const id of ['t0', 't1', 't2']) await world.reply(id, answer('', 500))
    return world
  }

  test('opens at as many faults in a row, and lets nothing start until its hold is over, then one probe', async () => {
    const world = await openBroken()
    const [hold] = await world.storage.listHolds('worker')
    expect(hold).toMatchObject({ name: 'w', kind: 'breaker', probeMs: 10_000, taskId: 't2' })
    expect(hold?.reason).toBe('3 faults in a row, the last by task t2: HTTP 500')
    expect(world.logged).toEqual(['the breaker of a worker is open'])
    await world.advance(9990)
    expect(world.workers.open).toEqual([])
    await world.advance(10)
    expect(world.workers.openIds).toEqual(['t3'])
    await world.advance(5000)
    expect(world.workers.open).toHaveLength(1)
  })

  test('uses up no attempt of a probe that fails, and asks again after as long', async () => {
    const world = await openBroken()
    await world.advance(10_000)
    await world.reply('t3', answer('', 500))
    expect(await world.load('t3')).toMatchObject({ remainingAttempts: 5, errors: [], attempts: 1 })
    expect(await world.storage.listAttempts('t3')).toMatchObject([{ outcome: 'failed', error: 'HTTP 500' }])
    await world.advance(9990)
    expect(world.workers.open).toEqual([])
    await world.advance(10)
    expect(world.workers.openIds).toEqual(['t4'])
  })

  test.each([
    ['a success', answer('{}')],
    ['a refusal', answer('', 404)],
  ])('closes by a probe that is %s, and its worker opens step by step', async (_, reply) => {
    const world = await openBroken(40, { limits: { maxInFlightPerWorker: 20 } })
    for (const call of world.workers.open) call.reply(answer('', 500))
    await world.advance(10_000)
    expect(world.workers.open).toHaveLength(1)
    const posted = world.workers.calls.length
    await world.reply(world.workers.openIds[0] ?? '', reply)
    const seconds: number[] = []
    for (let second = 0; second < 4; second++) {
      await world.advance(second === 0 ? 996 : 1000)
      seconds.push(world.workers.calls.length - posted)
    }
    expect(seconds).toEqual([1, 2, 4, 8])
    expect(await world.storage.listHolds('worker')).toEqual([])
  })

  test('that was closed stays so, whatever comes of probes that hang', async () => {
    const backAt = NOW + 150_000
    const world = await openAnswering(
      (_, { clock }) =>
        clock.now() < backAt
          ? { afterMs: 60_000, reply: { kind: 'timeout', message: 'no complete answer within 60 s' } }
          : { afterMs: 500, reply: answer('{}') },
      { settings, limits: { maxInFlightPerWorker: 20 } },
    )
    await world.graph(many(3000, { errorDelayInSeconds: 1 }))
    // At 60 s all that are in flight end; from 70 s on one probe starts each ten seconds, and the last that hangs ends at 200 s.
    await world.advance(160_000)
    const posts: number[] = []
    for (let from = 160; from < 220; from += 10) {
      const before = world.workers.calls.length
      await world.advance(10_000)
      posts.push(world.workers.calls.length - before)
    }
    expect(Math.min(...posts)).toBeGreaterThan(100)
    expect([...(await world.loadAll()).values()].filter((task) => task.remainingAttempts < 5)).toHaveLength(20)
  })

  test('that a person closes opens again by as many faults, however long it was to be open', async () => {
    const world = await openBroken(40, { settings: { w: { breaker: { failures: 3, openSeconds: 3600 } } } })
    await world.advance(5000)
    await world.storage.commit([{ guards: [], changes: [releaseWork('worker', 'w')], events: [] }])
    for (let second = 0; second < 8; second++) {
      await world.advance(1000)
      for (const id of world.workers.openIds) await world.reply(id, answer('', 500))
    }
    expect(await world.storage.listHolds('worker')).toMatchObject([{ kind: 'breaker' }])
    expect(world.workers.calls.length).toBeLessThan(12)
  })

  test('never delays another worker', async () => {
    const world = await openBroken()
    await world.graph([{ id: 'x', worker: 'other' }], { id: 'h' })
    await world.advance()
    expect(world.workers.openIds).toEqual(['x'])
    await world.reply('x', answer('', 500))
    expect(await world.storage.listHolds('worker')).toHaveLength(1)
  })

  test('counts timeouts and network errors, and starts to count again after an answer', async () => {
    const world = await openControllerWorld({ settings, limits })
    await world.graph(many(10, { errorDelayInSeconds: 60 }))
    await world.advance()
    await world.reply('t0', { kind: 'timeout', message: 'no complete answer within 300 s' })
    await world.reply('t1', { kind: 'networkError', message: 'no answer' })
    await world.reply('t2', answer('', 404))
    await world.reply('t3', answer('', 502))
    await world.reply('t4', { kind: 'timeout', message: 'no complete answer within 300 s' })
    expect(await world.storage.listHolds('worker')).toEqual([])
    await world.advance(2000)
    await world.reply('t5', { kind: 'networkError', message: 'no answer' })
    expect(await world.storage.listHolds('worker')).toMatchObject([{ kind: 'breaker' }])
  })

  test('is not moved by what was in flight when it opened', async () => {
    const world = await openControllerWorld({ settings, limits: { maxInFlightPerWorker: 10 } })
    await world.graph(many(10, { errorDelayInSeconds: 60 }))
    await world.advance()
    for (const id of ['t0', 't1', 't2']) await world.reply(id, answer('', 500))
    const [hold] = await world.storage.listHolds('worker')
    await world.advance(3000)
    await world.reply('t3', answer('', 500))
    await world.reply('t4', answer('{}'))
    for (const id of ['t5', 't6', 't7']) await world.reply(id, answer('', 500))
    expect(await world.storage.listHolds('worker')).toEqual([hold])
    expect(await world.load('t3')).toMatchObject({ remainingAttempts: 4 })
  })

  test('opens by the next fault when the one that should have opened it was fenced off', async () => {
    const world = await openControllerWorld({ settings, limits })
    await world.graph(many(10, { errorDelayInSeconds: 60 }))
    await world.advance()
    await world.reply('t0', answer('', 500))
    await world.reply('t1', answer('', 500))
    await resetTask(world.context, { taskId: 't2' }, { remainingAttempts: 5, descendants: false })
    await world.reply('t2', answer('', 500))
    expect(await world.storage.listHolds('worker')).toEqual([])
    await world.reply(world.workers.openIds[0] ?? '', answer('', 500))
    expect(await world.storage.listHolds('worker')).toMatchObject([{ kind: 'breaker' }])
  })
})

describe('a worker that is too slow', () => {
  test('gets half as much at once, once for all that were in flight', async () => {
    const world = await openControllerWorld({ limits: { maxInFlightPerWorker: 16 } })
    await world.graph(many(100, { errorDelayInSeconds: 600 }))
    await world.advance()
    expect(world.workers.open).toHaveLength(16)
    const timeout = { kind: 'timeout', message: 'no complete answer within 300 s' } as const
    await world.reply('t0', timeout)
    await world.reply('t1', timeout)
    expect(world.workers.open).toHaveLength(14)
    for (const id of ['t2', 't3', 't4', 't5', 't6', 't7', 't8']) await world.reply(id)
    expect(world.workers.open).toHaveLength(8)
    await world.advance(1000)
    expect(world.workers.open).toHaveLength(16)
  })
})

describe('the policy of a worker', () => {
  test('is how its tasks are tried again that say nothing themselves', async () => {
    const retry = { strategy: 'exponential', factor: 10, maxSeconds: null, jitter: 0 } as const
    const world = await openControllerWorld({ settings: { 'w*': { retry } } })
    await world.graph([{ id: 'a', errorDelayInSeconds: 1 }])
    await world.advance()
    await world.reply('a', answer('', 404))
    await world.advance(1000)
    await world.reply('a', answer('', 404))
    await world.advance(9900)
    expect(world.workers.open).toEqual([])
    await world.advance(100)
    expect(world.workers.openIds).toEqual(['a'])
  })
})

describe('a claim', () => {
  test('loses nothing of a fast rate to timers that are late', async () => {
    const world = await openControllerWorld({
      limits: { maxInFlight: 5000, maxInFlightPerWorker: 5000 },
      timerGrainMs: 15,
    })
    const rate = { count: 2000, perMs: 1000, burst: 40 }
    await world.storage.commit([{ guards: [], changes: [limitWork('worker', 'w', { rate })], events: [] }])
    await world.graph(many(3000))
    await world.advance(1000)
    expect(world.workers.calls.length).toBeGreaterThan(1900)
    expect(world.workers.calls.length).toBeLessThanOrEqual(2040)
  })

  test('that brings nothing although it says that there is more is not asked for without end', async () => {
    let claims = 0
    const world = await openControllerWorld({
      wrap: (storage) =>
        wrapStorage(storage, {
          async claim() {
            claims++
            return { tasks: [], nextDueAt: world?.clock.now() ?? 0 }
          },
        }),
      isStarted: false,
    })
    await world.controller.start()
    await world.advance(1000)
    expect(claims).toBeLessThan(200)
    expect(claims).toBeGreaterThan(50)
  })

  test('gives the tasks of a rule that nobody pushes to back, once', async () => {
    const world = await openControllerWorld({ settings: { 'pulled/*': { mode: 'pull' } } })
    await world.graph([...many(20, { worker: 'pulled/a' }), { id: 'pushed' }])
    await world.advance(5000)
    expect(world.workers.openIds).toEqual(['pushed'])
    expect(await world.load('t0')).toMatchObject({ lease: null, attempts: 0 })
  })
})
