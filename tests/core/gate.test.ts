import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  defaultBurst,
  enter,
  type Gate,
  NO_LIMITS,
  narrowed,
  type Ramp,
  roomOf,
  windowOf,
} from '../../server/core/gate.ts'
import { FOREVER } from '../../server/core/time.ts'
import { makeGate } from '../support/make.ts'
import { SIMULATED_START } from '../support/simulated-clock.ts'

const now = SIMULATED_START
const limits = (fields: Partial<Gate['limits']>): Pick<Gate, 'limits'> => ({ limits: { ...NO_LIMITS, ...fields } })
const perSecond = (count: number, burst = 1) => ({ rate: { count, perMs: 1_000, burst } })
const opening = (fields: Partial<Ramp> = {}): Ramp => ({ from: now, base: 1, isSpaced: true, ...fields })

/** Starts whatever there is room for each `everyMs`, and ends each after `lastsMs`: the times of the starts. */
function run(
  gate: Gate,
  { ms, everyMs = 1, lastsMs = 0 }: { ms: number; everyMs?: number; lastsMs?: number },
): number[] {
  const times: number[] = []
  let state = gate
  for (let time = 0; time < ms; time += everyMs) {
    const leases = gate.leases + times.filter((start) => start + lastsMs > time).length
    state = { ...state, leases: lastsMs === 0 ? gate.leases : leases }
    const free = Math.min(roomOf(state, now + time).free, 2_000)
    state = { ...state, ...enter(state, free, now + time) }
    times.push(...Array<number>(free).fill(time))
  }
  return times
}

const perSpan = (times: readonly number[], spans: number, ms = 1_000): number[] =>
  Array.from({ length: spans }, (_, n) => times.filter((time) => time >= n * ms && time < (n + 1) * ms).length)

describe('an open gate', () => {
  test('has room for all', () => {
    expect(roomOf(makeGate(), now)).toEqual({ free: Number.POSITIVE_INFINITY, nextAt: null, bound: null })
  })

  test('keeps no clock of what starts', () => {
    expect(enter(makeGate(), 1_000, now)).toEqual({ rateClock: 0, spaceClock: 0 })
  })
})

describe('a held gate', () => {
  test('has no room until its hold is over, whatever else it allows', () => {
    const gate = makeGate({ heldUntil: now + 5, ...limits({ maxConcurrent: 9, ...perSecond(9) }) })
    expect(roomOf(gate, now)).toEqual({ free: 0, nextAt: now + 5, bound: 'hold' })
    expect(roomOf({ ...gate, heldUntil: FOREVER }, now).nextAt).toBe(FOREVER)
    expect(roomOf(gate, now + 5).free).toBe(1)
  })

  test('says that it is the breaker when one is open', () => {
    expect(roomOf(makeGate({ heldUntil: now + 5, probeMs: 1_000 }), now).bound).toBe('breaker')
  })
})

describe('a gate with a limit of leases', () => {
  test.each([
    [0, 3],
    [1, 2],
    [3, 0],
    [7, 0],
  ])('with %d of three taken has room for %d', (leases, free) => {
    expect(roomOf(makeGate({ leases, ...limits({ maxConcurrent: 3 }) }), now).free).toBe(free)
  })

  test('that is full cannot say when it has room', () => {
    const full = makeGate({ leases: 3, ...limits({ maxConcurrent: 3 }) })
    expect(roomOf(full, now)).toEqual({ free: 0, nextAt: null, bound: 'concurrency' })
  })
})

describe('a gate with a rate', () => {
  test('has room for what its bucket holds', () => {
    expect(run(makeGate(limits(perSecond(4))), { ms: 1_001 })).toEqual([0, 250, 500, 750, 1_000])
  })

  test('says when the next may start', () => {
    const gate = makeGate(limits(perSecond(4)))
    const after = { ...gate, ...enter(gate, 1, now) }
    expect(roomOf(after, now + 1)).toEqual({ free: 0, nextAt: now + 250, bound: 'rate' })
  })

  test('names of several bounds the one that is tightest', () => {
    const gate = makeGate({ leases: 1, ...limits({ maxConcurrent: 4, ...perSecond(10, 2) }) })
    expect(roomOf(gate, now)).toMatchObject({ free: 2, bound: 'rate' })
    expect(roomOf({ ...gate, leases: 3 }, now)).toMatchObject({ free: 1, bound: 'concurrency' })
    const spent = { ...gate, ...enter(gate, 2, now) }
    expect(roomOf({ ...spent, leases: 4 }, now)).toEqual({ free: 0, nextAt: null, bound: 'concurrency' })
  })

  test.each([
    [1, 1_000, 1],
    [50, 1_000, 1],
    [51, 1_000, 2],
    [300, 1_000, 6],
    [60_000, 60_000, 20],
  ])('of %d in %d ms has a burst of %d when it does not say', (count, perMs, burst) => {
    expect(defaultBurst(count, perMs)).toBe(burst)
  })
})

describe('a gate that opens', () => {
  test('lets 1, 2, 4, 8 start in its steps, evenly', () => {
    const times = run(makeGate({ ramp: opening() }), { ms: 4_000 })
    expect(perSpan(times, 4)).toEqual([1, 2, 4, 8])
    expect(times.slice(0, 7)).toEqual([0, 1_000, 1_500, 2_000, 2_250, 2_500, 2_750])
  })

  test('runs no more at once than its window', () => {
    const times = run(makeGate({ ramp: opening() }), { ms: 3_000, lastsMs: 60_000 })
    expect(perSpan(times, 3)).toEqual([1, 1, 2])
  })

  test('is not spaced when answers narrowed it', () => {
    expect(run(makeGate({ ramp: opening({ base: 3, isSpaced: false }) }), { ms: 1 })).toEqual([0, 0, 0])
  })

  test('has steps as long as its limits say', () => {
    const times = run(makeGate({ ramp: opening(), ...limits({ rampStepMs: 100 }) }), { ms: 300 })
    expect(perSpan(times, 3, 100)).toEqual([1, 2, 4])
  })

  test('is wide open after ten steps, and at once without steps', () => {
    const { free } = roomOf(makeGate(), now)
    expect(windowOf(makeGate({ ramp: opening() }), now + 9_999)).toBe(512)
    expect(roomOf(makeGate({ ramp: opening() }), now + 10_000).free).toBe(free)
    expect(roomOf(makeGate({ ramp: opening(), ...limits({ rampStepMs: 0 }) }), now).free).toBe(free)
  })

  test('says the start of the next step when that is sooner than the next start', () => {
    const gate = makeGate({ ramp: opening({ base: 4, isSpaced: false }), leases: 4 })
    expect(roomOf(gate, now + 300)).toEqual({ free: 0, nextAt: now + 1_000, bound: 'ramp' })
    const spaced = makeGate({ ramp: opening(), spaceClock: now + 900 })
    expect(roomOf(spaced, now + 900)).toEqual({ free: 0, nextAt: now + 1_000, bound: 'ramp' })
  })

  test('makes up for a server that looks a little late, once starts are that close', () => {
    const times = run(makeGate({ ramp: opening() }), { ms: 10_000, everyMs: 7 })
    const [last = 0, lastButOne = 0] = perSpan(times, 10).toReversed()
    expect(Math.abs(last - 512)).toBeLessThanOrEqual(4)
    expect(Math.abs(lastButOne - 256)).toBeLessThanOrEqual(4)
  })
})

describe('a gate that is narrowed', () => {
  test('runs half of what runs', () => {
    expect(narrowed(makeGate({ leases: 9 }), { startedAt: now - 5, now })).toEqual({
      from: now,
      base: 4,
      isSpaced: false,
    })
  })

  test('never runs less than one', () => {
    for (const leases of [0, 1]) {
      expect(narrowed(makeGate({ leases }), { startedAt: now - 5, now })?.base).toBe(1)
    }
  })

  test('is halved once by all that started before it was', () => {
    const ramp = narrowed(makeGate({ leases: 16 }), { startedAt: now - 5, now })
    const gate = makeGate({ leases: 8, ramp })
    expect(narrowed(gate, { startedAt: now - 4, now: now + 10 })).toBeNull()
    expect(narrowed(gate, { startedAt: now, now: now + 10 })).toBeNull()
    expect(narrowed(gate, { startedAt: now + 1, now: now + 10 })?.base).toBe(4)
  })

  test('is halved from its window when fewer may run than do', () => {
    const gate = makeGate({ leases: 100, ramp: opening({ base: 6, isSpaced: false }) })
    expect(narrowed(gate, { startedAt: now + 5, now: now + 1_500 })?.base).toBe(6)
    expect(narrowed(gate, { startedAt: now + 5, now: now + 500 })?.base).toBe(3)
  })

  test('stays spaced while it opens after a hold, and no longer', () => {
    const gate = makeGate({ leases: 4, ramp: opening() })
    expect(narrowed(gate, { startedAt: now + 5, now: now + 2_000 })?.isSpaced).toBe(true)
    expect(narrowed(gate, { startedAt: now + 5, now: now + 20_000 })?.isSpaced).toBe(false)
  })

  test('is not narrowed by what started before a hold that is still to end', () => {
    expect(narrowed(makeGate({ leases: 4, ramp: opening({ from: now + 900 }) }), { startedAt: now, now })).toBeNull()
  })
})

describe('a gate with a pace', () => {
  const pace = { intervalMs: 100, until: now + 1_000, laterIntervalMs: 250, expiresAt: now + 2_000 }

  test('keeps it until the limit is new, then the later one until it expires', () => {
    const times = run(makeGate({ pace }), { ms: 2_000 })
    expect(perSpan(times, 2)).toEqual([10, 4])
    expect(roomOf(makeGate({ pace }), now + 2_000).bound).toBeNull()
  })

  test('starts at will after it when no later one is told', () => {
    const gate = makeGate({ pace: { ...pace, laterIntervalMs: 0 }, spaceClock: now + 990 })
    expect(roomOf(gate, now + 999)).toEqual({ free: 0, nextAt: now + 1_000, bound: 'pace' })
    expect(roomOf(gate, now + 1_000).free).toBe(Number.POSITIVE_INFINITY)
  })

  test('does not sleep through the end of a slow one', () => {
    const gate = makeGate({ pace: { ...pace, intervalMs: 3_600_000, laterIntervalMs: 7_200_000 } })
    const after = { ...gate, ...enter(gate, 1, now) }
    expect(roomOf(after, now + 10).nextAt).toBe(now + 1_000)
    expect(roomOf(after, now + 1_000)).toEqual({ free: 0, nextAt: now + 2_000, bound: 'pace' })
    expect(roomOf(after, now + 2_000).free).toBe(Number.POSITIVE_INFINITY)
  })

  test('faster than timers look lets start what came due meanwhile', () => {
    const times = run(makeGate({ pace: { ...pace, intervalMs: 5 } }), { ms: 1_000, everyMs: 17 })
    // Four at once at first; the last look is 14 ms before the end.
    expect(times.length).toBeGreaterThan(195)
    expect(times.length).toBeLessThanOrEqual(204)
  })

  test('is as wide as the widest of pace, ramp and probe', () => {
    expect(roomOf({ ...makeGate({ pace, ramp: opening(), probeMs: 500 }), spaceClock: now }, now).bound).toBe('ramp')
    expect(roomOf({ ...makeGate({ pace, probeMs: 500 }), spaceClock: now }, now).bound).toBe('breaker')
    expect(roomOf({ ...makeGate({ pace }), spaceClock: now }, now).bound).toBe('pace')
  })
})

describe('a gate whose breaker is open', () => {
  test('lets one probe start after its hold, and one more each while', () => {
    expect(run(makeGate({ probeMs: 400 }), { ms: 1_000 })).toEqual([0, 400, 800])
  })

  test('does not save up probes', () => {
    const gate = makeGate({ probeMs: 400 })
    const after = { ...gate, ...enter(gate, 1, now) }
    expect(roomOf(after, now + 60_000).free).toBe(1)
  })
})

describe('any gate', () => {
  const at = fc.integer({ min: -20_000, max: 20_000 }).map((ms) => now + ms)
  const anyGate: fc.Arbitrary<Gate> = fc
    .record({
      maxConcurrent: fc.option(fc.nat({ max: 20 })),
      rate: fc.option(
        fc.record({
          count: fc.integer({ min: 1, max: 500 }),
          perMs: fc.constantFrom(1_000, 60_000, 777),
          burst: fc.integer({ min: 1, max: 20 }),
        }),
      ),
      rampStepMs: fc.constantFrom(0, 1, 333, 1_000),
      heldUntil: fc.oneof(fc.constant(0), at),
      probeMs: fc.constantFrom(0, 0, 400, 10_000),
      ramp: fc.option(fc.record({ from: at, base: fc.integer({ min: 1, max: 9 }), isSpaced: fc.boolean() })),
      pace: fc.option(
        fc.record({
          intervalMs: fc.double({ min: 0, max: 5_000, noNaN: true }),
          until: at,
          laterIntervalMs: fc.double({ min: 0, max: 5_000, noNaN: true }),
          expiresAt: at,
        }),
      ),
      leases: fc.nat({ max: 30 }),
      starts: fc.array(fc.tuple(fc.nat({ max: 9 }), fc.nat({ max: 900 })), { maxLength: 20 }),
    })
    .map(({ maxConcurrent, rate, rampStepMs, starts, ...fields }) => {
      // Clocks are what starts made of them: nobody starts without room.
      let gate = makeGate({ ...fields, limits: { maxConcurrent, rate, rampStepMs } })
      let time = now - 20_000
      for (const [count, ms] of starts) {
        gate = { ...gate, ...enter(gate, Math.min(count, roomOf(gate, time).free), time) }
        time += ms
      }
      return gate
    })

  test('never has more room than leases are left', () => {
    fc.assert(
      fc.property(anyGate, at, (gate, time) => {
        const { free } = roomOf(gate, time)
        expect(free).toBeGreaterThanOrEqual(0)
        expect(free + gate.leases).toBeLessThanOrEqual(Math.max(gate.leases, gate.limits.maxConcurrent ?? Infinity))
        expect(free + gate.leases).toBeLessThanOrEqual(Math.max(gate.leases, windowOf(gate, time) ?? Infinity))
      }),
    )
  })

  test('without room says a later time, and has none before it', () => {
    fc.assert(
      fc.property(anyGate, at, fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), (gate, time, part) => {
        const { free, nextAt, bound } = roomOf(gate, time)
        if (free > 0) return
        expect(bound).not.toBeNull()
        if (nextAt === null) {
          expect(bound).toBe('concurrency')
          return
        }
        expect(Number.isSafeInteger(nextAt)).toBe(true)
        expect(nextAt).toBeGreaterThan(time)
        expect(roomOf(gate, time + Math.floor((nextAt - time) * part)).free).toBe(0)
      }),
    )
  })

  test('has no room left after all of it was used', () => {
    fc.assert(
      fc.property(anyGate, at, (gate, time) => {
        const { free } = roomOf(gate, time)
        if (free === Number.POSITIVE_INFINITY) return
        const after = { ...gate, ...enter(gate, free, time), leases: gate.leases + free }
        expect(roomOf(after, time).free).toBe(0)
      }),
    )
  })

  test('has the same room after starts one by one as after all at once', () => {
    fc.assert(
      fc.property(anyGate, at, fc.nat({ max: 9 }), (gate, time, count) => {
        const used = Math.min(count, roomOf(gate, time).free)
        let oneByOne = gate
        for (let n = 0; n < used; n++)
          oneByOne = { ...oneByOne, ...enter(oneByOne, 1, time), leases: oneByOne.leases + 1 }
        const atOnce = used === 0 ? gate : { ...gate, ...enter(gate, used, time), leases: gate.leases + used }
        expect(oneByOne).toEqual(atOnce)
      }),
    )
  })

  test('with a rate lets never more start than the time allows and the burst', () => {
    fc.assert(
      fc.property(anyGate, fc.array(fc.nat({ max: 700 }), { minLength: 1, maxLength: 40 }), (gate, steps) => {
        const { rate } = gate.limits
        if (!rate) return
        let state = gate
        let [time, started] = [now, 0]
        for (const step of steps) {
          time += step
          const { free } = roomOf({ ...state, leases: 0 }, time)
          state = { ...state, ...enter(state, free, time) }
          started += free
          expect(started).toBeLessThanOrEqual(((time - now) * rate.count) / rate.perMs + rate.burst)
        }
      }),
    )
  })
})
