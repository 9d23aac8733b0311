import { describe, expect, test } from 'vitest'
import { parsePlan } from '../../../demo-workers/simulation/storm/storm-plan.ts'
import {
  PATIENCE_MS,
  type ProviderAnswer,
  StormProvider,
} from '../../../demo-workers/simulation/storm/storm-provider.ts'
import { makeKey, makePlan } from './make-plan.ts'

/** A provider whose clock begins at a full second. */
function makeProvider(change: Parameters<typeof makePlan>[0] = {}) {
  const clock = { now: 1_000_000 }
  const provider = new StormProvider(makePlan(change))
  const begin = (key = 'paced') => provider.begin(key, clock.now)
  const call = (key = 'paced') => {
    const begun = begin(key)
    provider.end(key)
    return begun?.answer
  }
  const tally = (key = 'paced') => provider.report(clock.now).keys.find(({ name }) => name === key)
  return { clock, provider, begin, call, tally }
}

const kindOf = (answer: ProviderAnswer | undefined) => answer?.kind

describe('a quota', () => {
  test('is that of a key in each full second of the clock', () => {
    const { call, clock } = makeProvider({ keys: [makeKey(), makeKey({ name: 'other' })] })
    clock.now += 700
    expect([1, 2, 3, 4].map(() => kindOf(call()))).toEqual(['ok', 'ok', 'ok', 'overQuota'])
    expect(kindOf(call('other'))).toBe('ok')
    clock.now += 300
    expect(kindOf(call())).toBe('ok')
  })

  test('is told by every answer of a key that tells, and by no answer of one that does not', () => {
    const headersOf = (headers: 'standard' | 'common' | 'none') => {
      const { call, clock } = makeProvider({ keys: [makeKey({ headers })] })
      clock.now += 400
      return [1, 2, 3, 4].map(() => call()).map((answer) => (answer && 'headers' in answer ? answer.headers : null))
    }
    const common = (left: string) => ({
      'x-ratelimit-limit': '3',
      'x-ratelimit-remaining': left,
      'x-ratelimit-reset': '600ms',
    })
    const standard = (left: number) => ({ 'ratelimit-policy': '"storm";q=3;w=1', ratelimit: `"storm";r=${left};t=1` })
    expect(headersOf('common')).toEqual(['2', '1', '0', '0'].map(common))
    expect(headersOf('standard')).toEqual([2, 1, 0, 0].map(standard))
    expect(headersOf('none')).toEqual([{}, {}, {}, {}])
  })

  test('that is used up is told with the seconds until it is new, and what is refused is not counted', () => {
    const { call, tally } = makeProvider({ keys: [makeKey({ quotaPerSecond: 1 })] })
    call()
    expect(call()).toMatchObject({ kind: 'overQuota', retryAfterSeconds: 1 })
    expect(tally()).toMatchObject({ calls: 2, overQuota: 1 })
  })
})

describe('an outage', () => {
  test('begins and ends at its time after the first call, and strikes only the keys that say so', () => {
    const { call, clock } = makeProvider({ keys: [makeKey(), makeKey({ name: 'steady', hasOutage: false })] })
    const seen: boolean[] = []
    for (const at of [0, 1999, 2000, 4999, 5000]) {
      clock.now = 1_000_000 + at
      expect(kindOf(call('steady'))).toBe('ok')
      seen.push(kindOf(call()) === 'ok')
    }
    expect(seen).toEqual([true, true, false, false, true])
  })

  test('is a mix of 503, refused connections and silence for as long as a caller is patient', () => {
    const { begin, clock } = makeProvider()
    begin()
    clock.now += 2000
    const calls = Array.from({ length: 400 }, () => begin())
    const count = (kind: string) => calls.filter((call) => call?.answer.kind === kind).length
    expect(count('unavailable')).toBeGreaterThan(150)
    expect(count('refused')).toBeGreaterThan(60)
    expect(count('silent')).toBe(400 - count('unavailable') - count('refused'))
    const silent = calls.filter((call) => call?.answer.kind === 'silent')
    expect(new Set(silent.map((call) => call?.latencyMs))).toEqual(new Set([PATIENCE_MS]))
  })

  test('takes nothing from the quota', () => {
    const { call, clock } = makeProvider()
    call()
    clock.now += 4000
    for (let calls = 0; calls < 9; calls++) call()
    clock.now += 1000
    expect([1, 2, 3].map(() => kindOf(call()))).toEqual(['ok', 'ok', 'ok'])
  })
})

test('the same seed and the same calls give the same storm, another seed another one', () => {
  const storm = (seed: number) => {
    const { begin, clock } = makeProvider({ seed })
    return Array.from({ length: 60 }, () => {
      clock.now += 100
      return begin()
    })
  }
  expect(storm(1)).toEqual(storm(1))
  expect(storm(1)).not.toEqual(storm(2))
})

test('an answer takes between half and one and a half of the usual time', () => {
  const { begin, clock } = makeProvider({ keys: [makeKey({ hasOutage: false })] })
  for (let calls = 0; calls < 200; calls++) {
    clock.now += 400
    expect(begin()?.latencyMs).toBeGreaterThanOrEqual(25)
    expect(begin()?.latencyMs).toBeLessThanOrEqual(75)
  }
})

describe('what the provider counts', () => {
  test('is nothing before the first call', () => {
    const { provider, clock } = makeProvider()
    expect(provider.report(clock.now)).toMatchObject({ elapsedMs: null, keys: [{ calls: 0, perStep: [] }] })
  })

  test('is calls in tenths of a second, those in the outage, and how many were under way at once', () => {
    const { begin, provider, clock, tally } = makeProvider()
    begin()
    begin()
    clock.now += 250
    provider.end('paced')
    begin()
    clock.now += 1800
    begin()
    expect(tally()).toMatchObject({ calls: 4, inOutage: 1, inFlight: 3, maxInFlight: 3 })
    expect(tally()?.perStep).toEqual([2, 0, 1, ...Array(17).fill(0), 1])
  })

  test('does not grow for ever', () => {
    const { call, clock, tally } = makeProvider()
    call()
    clock.now += 100 * 24 * 3_600_000
    call()
    expect(tally()).toMatchObject({ calls: 2, perStep: [1] })
  })

  test('knows nothing of a key that nobody has', () => {
    expect(makeProvider().begin('other')).toBeUndefined()
  })
})

describe('a plan that came over HTTP', () => {
  test('is taken as it was meant', () => {
    expect(parsePlan(JSON.parse(JSON.stringify(makePlan())))).toEqual(makePlan())
  })

  test('has what was left out or odd replaced by the usual', () => {
    expect(
      parsePlan({ keys: [{ name: 'a', quotaPerSecond: -4, headers: 'loud', hasOutage: 'yes' }], seed: 'x' }),
    ).toEqual({
      seed: 1,
      latencyMs: 50,
      outage: { afterMs: 0, lastsMs: 0 },
      keys: [{ name: 'a', quotaPerSecond: 1, headers: 'none', hasOutage: false }],
    })
  })

  test.each([
    null,
    7,
    [],
    {},
    { keys: [] },
    { keys: [{}] },
    { keys: [{ name: 'a/b' }] },
    { keys: Array(21).fill({ name: 'a' }) },
  ])('is none: %j', (value) => {
    expect(parsePlan(value)).toBeUndefined()
  })
})
