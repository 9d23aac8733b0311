import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Pace, SPACING_CREDIT_MS } from '../../server/core/gate.ts'
import { type PaceMemory, paceFor, type Told } from '../../server/core/pacing.ts'
import type { RateLimitReading } from '../../server/core/rate-limit-headers.ts'
import { type SimulatedProvider, simulateQuota } from '../support/quota-simulation.ts'
import { SIMULATED_START as NOW } from '../support/simulated-clock.ts'

/** A limit of 100 in 10 s of which 60 are left half-way, told by an answer that took no time. */
const told = ({
  reading,
  ...fields
}: Partial<Omit<Told, 'reading'>> & { reading?: Partial<RateLimitReading> } = {}): Told => ({
  startedAt: fields.now ?? NOW,
  now: NOW,
  startedSince: 0,
  ...fields,
  reading: { remaining: 60, resetMs: 5000, limit: 100, windowMs: 10_000, isWholeSeconds: false, ...reading },
})

const first = (answer: Parameters<typeof told>[0] = {}): Pace => {
  const { pace } = paceFor(null, told(answer))
  if (!pace) throw new Error('expected a pace')
  return pace
}

/** The paces that answers ask for, one after the other. */
function paces(...answers: Parameters<typeof told>[0][]): (Pace | null)[] {
  let memory: PaceMemory | null = null
  return answers.map((answer) => {
    const next = paceFor(memory, told(answer))
    memory = next.memory
    return next.pace
  })
}

describe('what is left', () => {
  test('is spread over the time to the reset, with a tenth of the limit in hand', () => {
    const pace = first()
    expect(pace.intervalMs).toBeCloseTo((5000 + SPACING_CREDIT_MS) / 50.5)
    expect(pace.until).toBe(NOW + 5000)
  })

  test('is less what started meanwhile', () => {
    expect(first({ startedSince: 20 }).intervalMs).toBeCloseTo((5000 + SPACING_CREDIT_MS) / 30.5)
  })

  test('keeps a tenth of itself in hand when no limit is told', () => {
    const pace = first({ reading: { limit: null } })
    expect(pace.intervalMs).toBeCloseTo((5000 + SPACING_CREDIT_MS) / 54.5)
  })

  test('of a few calls is used up, as a tenth of them is none', () => {
    expect(first({ reading: { limit: 4, remaining: 1 } }).intervalMs).toBeCloseTo((5000 + SPACING_CREDIT_MS) / 1.5)
  })

  test.each([
    ['nothing', { remaining: 0 }, 0],
    ['only what is kept in hand', { remaining: 10 }, 0],
    ['only what is on its way', { remaining: 30 }, 20],
  ])('when it is %s shuts the gate until the reset', (_, reading, startedSince) => {
    const startedAt = NOW - 300
    const pace = first({ reading, startedSince, startedAt })
    expect(startedAt + pace.intervalMs).toBeGreaterThanOrEqual(pace.until)
    expect(pace.until).toBeGreaterThan(NOW + 4500)
  })

  test('counts as the answer was made: half its way has passed, but no more than a twentieth of the window', () => {
    expect(first({ startedAt: NOW - 400 }).until).toBe(NOW + 5000 - 200)
    expect(first({ startedAt: NOW - 60_000 }).until).toBe(NOW + 5000 - 500)
  })

  test('needs no pace where it is plenty', () => {
    const plenty = { remaining: 90_000, limit: 100_000, resetMs: 9000, windowMs: 10_000 }
    expect(paceFor(null, told({ reading: plenty })).pace).toBe(null)
  })

  test('needs one although it is plenty while the gate is slow from before', () => {
    const slow = { remaining: 1, limit: 100_000, resetMs: 1000 }
    const plenty = { remaining: 99_000, limit: 100_000, resetMs: 10_000 }
    const [, pace] = paces({ reading: slow }, { now: NOW + 500, reading: plenty })
    expect(pace?.intervalMs).toBeLessThan(0.5)
  })
})

describe('after the reset', () => {
  test('starts come as evenly as a whole window allows', () => {
    expect(first().laterIntervalMs).toBeCloseTo(10_000 / 90)
  })

  test('the window is the longest time to a reset that was told, if nobody says how long it is', () => {
    const reading = { windowMs: null }
    const [, , last] = paces(
      { reading: { ...reading, remaining: 95, resetMs: 9900 } },
      { now: NOW + 9000, reading: { ...reading, remaining: 50, resetMs: 900 } },
      { now: NOW + 10_500, reading: { ...reading, remaining: 80, resetMs: 9500 } },
    )
    expect(last?.laterIntervalMs).toBeCloseTo(9500 / 90)
  })

  test('a window is at least a second, and what was left most stands for a limit that nobody told', () => {
    const pace = first({ reading: { limit: null, windowMs: null, remaining: 40, resetMs: 30 } })
    expect(pace.laterIntervalMs).toBeCloseTo(1000 / 36)
  })

  test('the pace ends when no answer has told more for two windows, at least ten seconds and at most an hour', () => {
    const kept = (reading: Partial<RateLimitReading>) => {
      const { expiresAt, until } = first({ reading })
      return expiresAt - until
    }
    expect(kept({})).toBe(20_000)
    expect(kept({ windowMs: 1000, resetMs: 500 })).toBe(10_000)
    expect(kept({ windowMs: 86_400_000, limit: 10_000, remaining: 9000 })).toBe(3_600_000)
  })

  test('and for no less than two starts, however far apart these are', () => {
    const { expiresAt, until, laterIntervalMs } = first({ reading: { windowMs: 86_400_000, limit: 5, remaining: 3 } })
    expect(expiresAt - until).toBeGreaterThanOrEqual(2 * laterIntervalMs)
  })
})

describe('the next answer', () => {
  test('writes nothing while the pace is about the same', () => {
    const [, pace] = paces({}, { now: NOW + 1000, reading: { remaining: 50, resetMs: 4000 } })
    expect(pace).toBe(null)
  })

  test('writes a pace that differs by a tenth', () => {
    const [, pace] = paces({}, { now: NOW + 1000, reading: { remaining: 45, resetMs: 4000 } })
    expect(pace?.intervalMs).toBeCloseTo((4000 + SPACING_CREDIT_MS) / 35.5)
  })

  test('writes one for each new window', () => {
    const [, pace] = paces({}, { now: NOW + 5200, reading: { remaining: 98, resetMs: 9800 } })
    expect(pace?.until).toBe(NOW + 15_000)
  })

  test('does not shut again what is shut', () => {
    const [, pace] = paces({ reading: { remaining: 5 } }, { now: NOW + 50, reading: { remaining: 3, resetMs: 4950 } })
    expect(pace).toBe(null)
  })

  test('that started before one that was heard tells what was, and changes nothing', () => {
    const { memory } = paceFor(null, told({ startedAt: NOW - 10 }))
    const late = told({ startedAt: NOW - 200, now: NOW + 50, reading: { remaining: 99 } })
    expect(paceFor(memory, late)).toEqual({ memory, pace: null })
  })

  test('in whole seconds cannot move the reset away again', () => {
    const reading = { windowMs: 1000, limit: 50, resetMs: 1000, isWholeSeconds: true }
    const [, pace] = paces(
      { reading: { ...reading, remaining: 49 } },
      { now: NOW + 500, reading: { ...reading, remaining: 40 } },
    )
    expect(pace?.until).toBe(NOW + 1000)
  })

  test('of whole seconds that are cut waits for the rest of the last one', () => {
    const pace = first({ reading: { remaining: 0, resetMs: 0, isWholeSeconds: true } })
    expect(pace.until).toBe(NOW + 1000)
  })
})

test('whatever answers tell, in whatever order, a pace is made of sensible numbers', () => {
  const anything = fc.record({
    reading: fc.record({
      remaining: fc.oneof(fc.nat(200), fc.constant(Number.MAX_SAFE_INTEGER)),
      resetMs: fc.oneof(fc.nat(2000), fc.nat(86_400_000)),
      limit: fc.oneof(fc.constant(null), fc.nat(200), fc.constant(Number.MAX_SAFE_INTEGER)),
      windowMs: fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 86_400_000 })),
      isWholeSeconds: fc.boolean(),
    }),
    ageMs: fc.nat(10_000),
    passedMs: fc.oneof(fc.nat(50), fc.nat(100_000)),
    startedSince: fc.nat(300),
  })
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 50 }), (answers) => {
      let memory: PaceMemory | null = null
      let now = NOW
      for (const { ageMs, passedMs, ...answer } of answers) {
        now += passedMs
        const next = paceFor(memory, { ...answer, now, startedAt: now - ageMs })
        memory = next.memory
        if (!next.pace) continue
        const { intervalMs, until, laterIntervalMs, expiresAt } = next.pace
        expect(Math.min(intervalMs, laterIntervalMs)).toBeGreaterThan(0)
        expect(Math.max(intervalMs, laterIntervalMs)).toBeLessThan(3 * 86_400_000)
        expect([until, expiresAt].every(Number.isSafeInteger)).toBe(true)
        expect(until).toBeGreaterThan(now)
        expect(expiresAt).toBeGreaterThan(until)
      }
    }),
    { numRuns: 500 },
  )
})

describe('a gate that is paced by its answers alone', () => {
  const SECOND = 1000
  const seeded = fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }))
  const provider = fc
    .record({
      windowMs: fc.constantFrom(1, 1, 2, 5, 10, 60, 3600, 86_400).map((seconds) => seconds * SECOND),
      quota: fc.oneof(fc.integer({ min: 10, max: 100 }), fc.integer({ min: 10, max: 1000 })),
      phase: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      latency: fc.double({ min: 0, max: 0.2, noNaN: true }),
      jitter: fc.constantFrom(0, 0.5, 1),
      tellsLimit: fc.boolean(),
      tellsWindow: fc.boolean(),
      counts: fc.constantFrom('atArrival' as const, 'atAnswer' as const),
      chance: seeded,
    })
    .map(
      ({ phase, latency, chance, ...rest }): SimulatedProvider => ({
        ...rest,
        phaseMs: Math.floor(phase * rest.windowMs),
        latencyMs: Math.max(1, Math.floor(latency * Math.min(rest.windowMs, 100 * SECOND))),
        resets: 'exact',
        windows: Math.min(40, Math.max(10, Math.ceil(4000 / rest.quota))),
        servers: 1,
        random: () => chance.next().value ?? 0,
      }),
    )

  const isWithin = ({ calls, overQuota }: ReturnType<typeof simulateQuota>, share: number) =>
    overQuota <= Math.max(1, calls * share)

  test('goes over quota by less than one call in a hundred and uses three quarters of it, whatever the window', () => {
    fc.assert(
      fc.property(provider, (one) => {
        const traffic = simulateQuota(one)
        expect(isWithin(traffic, 0.01)).toBe(true)
        expect(traffic.usedShare).toBeGreaterThan(0.75)
      }),
      { numRuns: 100 },
    )
  })

  test('does as well where anything below a second is told as 1', () => {
    fc.assert(
      fc.property(provider, (one) => {
        const traffic = simulateQuota({ ...one, resets: 'up' })
        expect(isWithin(traffic, 0.01)).toBe(true)
        expect(traffic.usedShare).toBeGreaterThan(one.windowMs > SECOND ? 0.75 : 0.7)
      }),
      { numRuns: 100 },
    )
  })

  test('overruns seconds that are cut only in short windows, and little', () => {
    fc.assert(
      fc.property(provider, (one) => {
        const traffic = simulateQuota({ ...one, resets: 'cut' })
        expect(isWithin(traffic, one.windowMs > 10 * SECOND && one.tellsLimit ? 0.01 : 0.1)).toBe(true)
        expect(traffic.usedShare).toBeGreaterThan(0.7)
      }),
      { numRuns: 60 },
    )
  })

  test('is paced by three servers together nearly as well as by one', () => {
    fc.assert(
      fc.property(provider, (one) => {
        const traffic = simulateQuota({ ...one, servers: 3 })
        expect(isWithin(traffic, 0.03)).toBe(true)
        expect(traffic.usedShare).toBeGreaterThan(0.7)
      }),
      { numRuns: 60 },
    )
  })

  test('is written a few times in a window, not for each answer', () => {
    const one = { quota: 600, windowMs: 60 * SECOND, phaseMs: 0, latencyMs: 80, jitter: 0.5, random: () => 0.3 }
    const tells = { resets: 'exact', tellsLimit: true, tellsWindow: false, counts: 'atArrival' } as const
    const { calls, paces } = simulateQuota({ ...one, ...tells, windows: 10, servers: 1 })
    expect(calls).toBeGreaterThan(4500)
    expect(paces).toBeLessThan(60)
  })
})
