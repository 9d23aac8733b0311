import { expect } from 'vitest'
import type { HoldScope } from '../../../server/core/change-set.ts'
import { FOREVER } from '../../../server/core/time.ts'
import {
  closeBreaker,
  holdAs,
  holdWork,
  limitWork,
  narrowWork,
  paceWork,
  patchTask,
  releaseWork,
} from '../../support/changes.ts'
import { makeHold } from '../../support/make.ts'
import type { StorageTest } from '../conformance.ts'
import {
  addTasks,
  dueAfterClaim,
  finish,
  gated,
  holdScopes,
  loadGate,
  perSecond,
  perSpan,
  starts,
  startTimes,
} from '../gate-steps.ts'
import type { StorageWorld } from '../storage-world.ts'

/** How a gate opens again after a hold, and what answers change about it: ramps, paces, breakers. */
export function describeGateOpenings(it: StorageTest): void {
  for (const scope of holdScopes) {
    describeRamps(it, scope)
    describeNarrowing(it, scope)
    describePaces(it, scope)
    describeBreakers(it, scope)
    describePastHolds(it, scope)
  }
  describeProbes(it)
}

function describeRamps(it: StorageTest, scope: HoldScope): void {
  const { name, fields } = gated[scope]

  it(`a ${scope} opens gently after a hold: 1, 2, 4 starts a step`, async (world) => {
    const until = world.clock.now() + 700
    await addTasks(world, await world.addGroup(), 40, fields)
    await world.commit(holdWork(scope, name, until))
    expect(await dueAfterClaim(world)).toBe(until)
    world.clock.set(until)
    expect(perSpan(await startTimes(world, 4_000), 4)).toEqual([1, 2, 4, 8])
  })

  it(`a ${scope} that opens again runs no more at once than a step allows`, async (world) => {
    await addTasks(world, await world.addGroup(), 40, fields)
    await world.commit(holdWork(scope, name, world.clock.now() + 700))
    world.clock.advance(700)
    const running: number[] = []
    for (let n = 0; n < 8; n++) {
      await starts(world)
      running.push((await loadGate(world, scope, name)).leases)
      world.clock.advance(500)
    }
    expect(running).toEqual([1, 1, 2, 2, 3, 4, 5, 6])
  })

  it(`a ${scope} that is released opens gently from then on`, async (world) => {
    await addTasks(world, await world.addGroup(), 40, fields)
    await world.commit(holdWork(scope, name, FOREVER))
    world.clock.advance(3_600_000)
    expect(await starts(world)).toBe(0)
    await world.commit(releaseWork(scope, name))
    const now = world.clock.now()
    const opened = await loadGate(world, scope, name)
    expect([opened.heldUntil, opened.ramp]).toEqual([0, { from: now, base: 1, isSpaced: true }])
    expect(perSpan(await startTimes(world, 3_000), 3)).toEqual([1, 2, 4])
  })

  it(`a ${scope} that opens says when the next may start`, async (world) => {
    const now = world.clock.now()
    await addTasks(world, await world.addGroup(), 40, fields)
    await world.commit(holdWork(scope, name, FOREVER), releaseWork(scope, name))
    expect(await dueAfterClaim(world)).toBe(now + 1_000)
  })

  it(`a ${scope} that is held for ever is nothing to wait for, whatever the rate of all tasks`, async (world) => {
    const now = world.clock.now()
    await addTasks(world, await world.addGroup(), 1, fields)
    await world.commit(limitWork('all', '', perSecond(7)), holdWork(scope, name, FOREVER))
    expect((await dueAfterClaim(world)) ?? FOREVER).toBeGreaterThan(now + 1_000)
  })

  it(`a ${scope} is wide open some time after a hold`, async (world) => {
    await addTasks(world, await world.addGroup(), 30, fields)
    await world.commit(holdWork(scope, name, world.clock.now() + 700))
    world.clock.advance(700 + 10_000)
    expect(await starts(world)).toBe(30)
  })

  it(`a ${scope} without a ramp opens at once`, async (world) => {
    await addTasks(world, await world.addGroup(), 30, fields)
    await world.commit(limitWork(scope, name, { rampStepMs: 0 }), holdWork(scope, name, FOREVER))
    expect(await starts(world)).toBe(0)
    await world.commit(releaseWork(scope, name))
    expect(await starts(world)).toBe(30)
  })

  it(`the steps of the ramp of a ${scope} are as long as its limits say`, async (world) => {
    await addTasks(world, await world.addGroup(), 40, fields)
    await world.commit(limitWork(scope, name, { rampStepMs: 200 }), holdWork(scope, name, FOREVER))
    await world.commit(releaseWork(scope, name))
    expect(perSpan(await startTimes(world, 600), 3, 200)).toEqual([1, 2, 4])
  })

  it(`a hold on a ${scope} that is raised moves the ramp to its end`, async (world) => {
    const now = world.clock.now()
    await addTasks(world, await world.addGroup(), 40, fields)
    await world.commit(holdWork(scope, name, now + 500))
    await world.commit(holdWork(scope, name, now + 2_000))
    await world.commit(holdWork(scope, name, now + 1_000))
    expect((await loadGate(world, scope, name)).ramp).toEqual({ from: now + 2_000, base: 1, isSpaced: true })
    world.clock.set(now + 1_999)
    expect(await starts(world)).toBe(0)
    world.clock.set(now + 2_000)
    expect(perSpan(await startTimes(world, 2_000), 2)).toEqual([1, 2])
  })

  it(`a release of a ${scope} that nobody holds starts no ramp`, async (world) => {
    await addTasks(world, await world.addGroup(), 30, fields)
    await world.commit(releaseWork(scope, name), closeBreaker(scope, name))
    await world.commit(holdWork(scope, name, world.clock.now() + 10))
    world.clock.advance(20_000)
    const before = await loadGate(world, scope, name)
    await world.commit(releaseWork(scope, name), closeBreaker(scope, name))
    expect(await loadGate(world, scope, name)).toEqual(before)
    expect(await starts(world)).toBe(30)
  })

  it(`a hold on a ${scope} that is over when it comes changes nothing`, async (world) => {
    await addTasks(world, await world.addGroup(), 30, fields)
    const before = await loadGate(world, scope, name)
    await world.commit(holdWork(scope, name, world.clock.now()))
    await world.commit(holdAs({ scope, name, until: world.clock.now() - 1, kind: 'breaker', probeMs: 500 }))
    expect(await loadGate(world, scope, name)).toEqual(before)
    expect(await world.storage.listPastHolds(scope, name)).toEqual([])
    expect(await starts(world)).toBe(30)
  })

  it(`a rate of a ${scope} is kept while it opens`, async (world) => {
    await addTasks(world, await world.addGroup(), 60, fields)
    await world.commit(limitWork(scope, name, perSecond(3)), holdWork(scope, name, FOREVER))
    await world.commit(releaseWork(scope, name))
    expect(perSpan(await startTimes(world, 5_000), 5)).toEqual([1, 2, 3, 3, 3])
  })

  it.durable(`a ${scope} that opens goes on with it when the store is opened again`, async (world) => {
    await addTasks(world, await world.addGroup(), 40, fields)
    await world.commit(holdWork(scope, name, FOREVER), releaseWork(scope, name))
    expect(perSpan(await startTimes(world, 1_000), 1)).toEqual([1])
    const before = await loadGate(world, scope, name)
    await world.reopen(world.bootId)
    expect(await loadGate(world, scope, name)).toEqual(before)
    expect(perSpan(await startTimes(world, 2_000), 2)).toEqual([2, 4])
  })
}

function describeNarrowing(it: StorageTest, scope: HoldScope): void {
  const { name, fields } = gated[scope]

  it(`a ${scope} that is narrowed runs half as many at once, and doubles with each step`, async (world) => {
    await addTasks(world, await world.addGroup(), 60, fields)
    const running = await world.claim({ limit: 8 })
    const now = world.clock.now()
    await world.commit(narrowWork(scope, name, now))
    expect((await loadGate(world, scope, name)).ramp).toEqual({ from: now, base: 4, isSpaced: false })
    expect(await starts(world)).toBe(0)
    await finish(world, running)
    expect([await starts(world), await starts(world)]).toEqual([4, 0])
    world.clock.advance(1_000)
    expect([await starts(world), await starts(world)]).toEqual([4, 0])
  })

  it(`a ${scope} is narrowed once by all that started before`, async (world) => {
    await addTasks(world, await world.addGroup(), 60, fields)
    const startedAt = world.clock.now()
    await starts(world, { limit: 16 })
    world.clock.advance(500)
    const now = world.clock.now()
    for (let n = 0; n < 5; n++) await world.commit(narrowWork(scope, name, startedAt + n))
    expect((await loadGate(world, scope, name)).ramp).toEqual({ from: now, base: 8, isSpaced: false })
    world.clock.advance(100)
    await world.commit(narrowWork(scope, name, now + 1))
    expect((await loadGate(world, scope, name)).ramp).toEqual({ from: now + 100, base: 4, isSpaced: false })
  })

  it(`a ${scope} is narrowed to one and no further`, async (world) => {
    await addTasks(world, await world.addGroup(), 3, fields)
    for (let n = 0; n < 3; n++) {
      await world.commit(narrowWork(scope, name, world.clock.now()))
      world.clock.advance(1)
    }
    expect([await starts(world), await starts(world)]).toEqual([1, 0])
  })

  it(`a ${scope} that is narrowed while it opens stays spaced`, async (world) => {
    await addTasks(world, await world.addGroup(), 60, fields)
    await world.commit(holdWork(scope, name, FOREVER), releaseWork(scope, name))
    await startTimes(world, 2_500)
    await world.claim()
    await world.commit(narrowWork(scope, name, world.clock.now()))
    const from = world.clock.now()
    expect((await loadGate(world, scope, name)).ramp).toEqual({ from, base: 1, isSpaced: true })
  })

  it(`the lease of the attempt that narrows a ${scope} counts no more when it ended before`, async (world) => {
    await addTasks(world, await world.addGroup(), 60, fields)
    const [first] = await world.claim({ limit: 4 })
    await world.commit(
      patchTask(String(first?.task.id), {}, 'settle'),
      narrowWork(scope, name, Number(first?.task.lease?.startedAt)),
    )
    expect((await loadGate(world, scope, name)).ramp?.base).toBe(1)
  })
}

function describePaces(it: StorageTest, scope: HoldScope): void {
  const { name, fields } = gated[scope]
  const pace = (world: StorageWorld, fields: Partial<Parameters<typeof paceWork>[2]>) => {
    const now = world.clock.now()
    return paceWork(scope, name, { intervalMs: 100, until: now, laterIntervalMs: 0, expiresAt: now, ...fields })
  }

  it(`a ${scope} keeps a pace until the limit is new, then the later one until it expires`, async (world) => {
    const now = world.clock.now()
    await addTasks(world, await world.addGroup(), 90, fields)
    await world.commit(
      pace(world, { intervalMs: 250, until: now + 1_000, laterIntervalMs: 500, expiresAt: now + 2_000 }),
    )
    expect(await startTimes(world, 2_000)).toEqual([0, 250, 500, 750, 1_250, 1_750])
    expect(await starts(world)).toBe(84)
  })

  it(`a ${scope} starts at will when the limit is new and no later pace is told`, async (world) => {
    const now = world.clock.now()
    await addTasks(world, await world.addGroup(), 90, fields)
    await world.commit(pace(world, { intervalMs: 60_000, until: now + 300, expiresAt: now + 5_000 }))
    expect(await dueAfterClaim(world)).toBe(now + 300)
    world.clock.set(now + 299)
    expect(await starts(world)).toBe(0)
    world.clock.set(now + 300)
    expect(await starts(world)).toBe(89)
  })

  it(`a newer pace takes the place of the one before`, async (world) => {
    const now = world.clock.now()
    await addTasks(world, await world.addGroup(), 90, fields)
    await world.commit(pace(world, { intervalMs: 60_000, until: now + 90_000, expiresAt: now + 90_000 }))
    expect([await starts(world), await starts(world)]).toEqual([1, 0])
    await world.commit(pace(world, { intervalMs: 200, until: now + 90_000, expiresAt: now + 90_000 }))
    expect(await dueAfterClaim(world)).toBe(now + 200)
    await world.commit(pace(world, {}))
    expect(await starts(world)).toBe(89)
  })

  it(`a pace of a ${scope} faster than timers look loses nothing`, async (world) => {
    const now = world.clock.now()
    await addTasks(world, await world.addGroup(), 90, fields)
    await world.commit(pace(world, { intervalMs: 5, until: now + 90_000, expiresAt: now + 90_000 }))
    expect([await starts(world), await starts(world)]).toEqual([4, 0])
    world.clock.advance(18)
    expect([await starts(world), await starts(world)]).toEqual([3, 0])
    world.clock.advance(1_000)
    expect([await starts(world), await starts(world)]).toEqual([4, 0])
  })
}

function describeBreakers(it: StorageTest, scope: HoldScope): void {
  const { name, fields } = gated[scope]
  const open = (world: StorageWorld, ms: number) =>
    holdAs({ scope, name, until: world.clock.now() + ms, kind: 'breaker', probeMs: 2_000, reason: '10 failures' })

  it(`an open breaker of a ${scope} lets one probe start after the hold, and one more each while`, async (world) => {
    await addTasks(world, await world.addGroup(), 9, fields)
    await world.commit(open(world, 1_000))
    expect(await startTimes(world, 6_000)).toEqual([1_000, 3_000, 5_000])
    expect((await loadGate(world, scope, name)).probeMs).toBe(2_000)
  })

  it(`a breaker of a ${scope} that closes opens the gate gently`, async (world) => {
    await addTasks(world, await world.addGroup(), 90, fields)
    await world.commit(open(world, 1_000))
    world.clock.advance(1_000)
    await finish(world, await world.claim())
    await world.commit(closeBreaker(scope, name))
    const { probeMs, ramp } = await loadGate(world, scope, name)
    expect([probeMs, ramp]).toEqual([0, { from: world.clock.now(), base: 1, isSpaced: true }])
    expect(perSpan(await startTimes(world, 3_000), 3)).toEqual([0, 2, 4])
  })

  it(`a breaker of a ${scope} that closes before its hold is over ends it`, async (world) => {
    await addTasks(world, await world.addGroup(), 9, fields)
    await world.commit(open(world, 60_000))
    await world.commit(closeBreaker(scope, name))
    expect((await loadGate(world, scope, name)).heldUntil).toBe(0)
    expect([await starts(world), await starts(world)]).toEqual([1, 0])
  })

  it(`a breaker of a ${scope} that closes leaves every other hold`, async (world) => {
    const now = world.clock.now()
    await addTasks(world, await world.addGroup(), 9, fields)
    await world.commit(open(world, 1_000), holdWork(scope, name, now + 5_000, 'by hand'))
    expect((await loadGate(world, scope, name)).probeMs).toBe(2_000)
    await world.commit(closeBreaker(scope, name))
    const { heldUntil, probeMs, ramp } = await loadGate(world, scope, name)
    expect({ heldUntil, probeMs, from: ramp?.from }).toEqual({ heldUntil: now + 5_000, probeMs: 0, from: now + 5_000 })
    world.clock.set(now + 4_999)
    expect(await starts(world)).toBe(0)
    world.clock.set(now + 5_000)
    expect(perSpan(await startTimes(world, 2_000), 2)).toEqual([1, 2])
  })

  it(`a release by hand of a ${scope} closes its breaker as well`, async (world) => {
    await addTasks(world, await world.addGroup(), 9, fields)
    await world.commit(open(world, 100))
    world.clock.advance(200)
    await world.commit(releaseWork(scope, name))
    const { probeMs, ramp } = await loadGate(world, scope, name)
    expect([probeMs, ramp]).toEqual([0, { from: world.clock.now(), base: 1, isSpaced: true }])
  })

  it(`a probe that fails holds the ${scope} again`, async (world) => {
    await addTasks(world, await world.addGroup(), 9, fields)
    await world.commit(open(world, 1_000))
    world.clock.advance(1_000)
    expect(await starts(world)).toBe(1)
    await world.commit(open(world, 1_000))
    const now = world.clock.now()
    expect(await dueAfterClaim(world)).toBeGreaterThan(now)
    expect(await startTimes(world, 3_000)).toEqual([2_000])
  })

  it(`a hold of another kind leaves the breaker of a ${scope} open`, async (world) => {
    const now = world.clock.now()
    await world.commit(open(world, 100), holdAs({ scope, name, until: now + 900, kind: 'rateLimit' }))
    expect((await loadGate(world, scope, name)).probeMs).toBe(2_000)
    world.clock.set(now + 900)
    await world.commit(closeBreaker(scope, name))
    expect((await loadGate(world, scope, name)).probeMs).toBe(0)
  })

  it.durable(`an open breaker of a ${scope} is open when the store is opened again`, async (world) => {
    await addTasks(world, await world.addGroup(), 9, fields)
    await world.commit(open(world, 100))
    await world.reopen(world.bootId)
    world.clock.advance(100)
    expect([await starts(world), await starts(world)]).toEqual([1, 0])
    world.clock.advance(1_999)
    expect(await starts(world)).toBe(0)
    expect((await loadGate(world, scope, name)).probeMs).toBe(2_000)
  })
}

function describeProbes(it: StorageTest): void {
  it('what starts while the breaker of its worker is open is a probe', async (world) => {
    await addTasks(world, await world.addGroup(), 9, { worker: 'gated', workgroup: 'wg' })
    const breaker = { kind: 'breaker', probeMs: 400, until: world.clock.now() + 100 } as const
    await world.commit(holdAs({ scope: 'worker', name: 'gated', ...breaker }))
    world.clock.advance(100)
    const probes = await world.claim()
    await world.commit(closeBreaker('worker', 'gated'), limitWork('worker', 'gated', { rampStepMs: 0 }))
    const later = await world.claim()
    expect([probes, later].map((claimed) => claimed.map(({ isProbe }) => isProbe))).toEqual([
      [true],
      Array(8).fill(false),
    ])
  })

  it('a breaker of a workgroup makes no probes of its tasks', async (world) => {
    await addTasks(world, await world.addGroup(), 2, { workgroup: 'wg' })
    const until = world.clock.now() + 100
    await world.commit(holdAs({ scope: 'workgroup', name: 'wg', kind: 'breaker', probeMs: 400, until }))
    world.clock.advance(100)
    expect((await world.claim()).map(({ isProbe }) => isProbe)).toEqual([false])
  })
}

function describePastHolds(it: StorageTest, scope: HoldScope): void {
  const name = 'held'

  it(`holds of a ${scope} are remembered as they were asked for, newest first`, async (world) => {
    const now = world.clock.now()
    const first = makeHold({ scope, name, until: now + 100, reason: 'one', since: now })
    const second = makeHold({
      scope,
      name,
      until: now + 900,
      reason: 'two ü "\u{1f6f0}"',
      kind: 'rateLimit',
      since: now + 500,
      taskId: 'task-7',
      source: 'Retry-After',
    })
    const breaker = makeHold({ scope, name, until: now + 5_000, kind: 'breaker', since: now + 1_000, probeMs: 10_000 })
    await world.commit(holdAs(first), holdAs({ ...first, name: 'another' }))
    world.clock.set(now + 500)
    await world.commit(holdAs(second))
    expect(await world.storage.listHolds(scope, [name])).toEqual([second])
    world.clock.set(now + 1_000)
    await world.commit(holdAs(breaker))
    expect(await world.storage.listPastHolds(scope, name)).toEqual([
      { ...breaker, endedAt: null },
      { ...second, endedAt: null },
      { ...first, endedAt: null },
    ])
    expect(await world.storage.listPastHolds(scope, 'nobody')).toEqual([])
    const other = scope === 'worker' ? 'workgroup' : 'worker'
    expect(await world.storage.listPastHolds(other, name)).toEqual([])
  })

  it(`a hold that raises one in force takes its place among those of a ${scope}`, async (world) => {
    const now = world.clock.now()
    await world.commit(holdWork(scope, name, now + 100, 'over'))
    world.clock.set(now + 100)
    await world.commit(holdWork(scope, name, now + 1_000, 'raised'))
    await world.commit(holdWork(scope, name, now + 3_000, 'longer'))
    await world.commit(holdWork(scope, name, now + 2_000, 'too short'))
    const reasons = (await world.storage.listPastHolds(scope, name)).map(({ reason }) => reason)
    expect(reasons).toEqual(['longer', 'over'])
  })

  it(`a hold of a ${scope} that is released says when`, async (world) => {
    const now = world.clock.now()
    await world.commit(holdWork(scope, name, now + 100, 'over'))
    world.clock.set(now + 300)
    await world.commit(releaseWork(scope, name), holdWork(scope, name, FOREVER, 'released'))
    world.clock.set(now + 700)
    await world.commit(releaseWork(scope, name), releaseWork(scope, name))
    world.clock.set(now + 800)
    await world.commit(releaseWork(scope, name), holdWork(scope, name, now + 900, 'in force'))
    const ends = (await world.storage.listPastHolds(scope, name)).map(({ reason, endedAt }) => [reason, endedAt])
    expect(ends).toEqual([
      ['in force', null],
      ['released', now + 700],
      ['over', null],
    ])
  })

  it.durable(`holds of a ${scope} are remembered when the store is opened again`, async (world) => {
    const until = world.clock.now() + 100
    await world.commit(
      holdWork(scope, name, until, 'one'),
      releaseWork(scope, name),
      holdWork(scope, name, until, 'two'),
    )
    const before = await world.storage.listPastHolds(scope, name)
    await world.reopen()
    expect(await world.storage.listPastHolds(scope, name)).toEqual(before)
    await world.commit(holdWork(scope, name, until + 100, 'three'))
    const reasons = (await world.storage.listPastHolds(scope, name)).map(({ reason }) => reason)
    expect(reasons).toEqual(['three', 'one'])
  })

  it(`the newest twenty holds of a ${scope} are kept`, async (world) => {
    for (let n = 1; n <= 25; n++) {
      await world.commit(holdWork(scope, name, world.clock.now() + 10, `${n}`))
      world.clock.advance(10)
    }
    const reasons = (await world.storage.listPastHolds(scope, name)).map(({ reason }) => reason)
    expect(reasons).toEqual(Array.from({ length: 20 }, (_, n) => `${25 - n}`))
  })
}
