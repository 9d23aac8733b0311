import { describe, expect, test } from 'vitest'
import type { EngineMethod } from '../../storage/sqlite/engine-calls.ts'
import { FAULTS, type Fault, OPERATIONS, type Operation } from './plan.ts'
import regress from './regress/seeds.json' with { type: 'json' }
import { type Report, STORM_EVENTS, simulate } from './simulate.ts'
import { checksMade } from './violation.ts'
import { FATES } from './weather.ts'

/** What a normal run does (PROOF section 3). */
const DEFAULT_SEEDS = 1500
const FIRST_SEED = 1
/** Of one test: enough to be told how far it is, few enough to be told soon. */
const SEEDS_PER_TEST = 50
/** A seed takes 60 ms; a machine that is busy with other things takes many times that. */
const PATIENCE_MS_PER_SEED = 3000

/** What a thousand seeds have to bring of each fault and each operation, or most of what they should find cannot come. */
const MIN_SEEN_PER_THOUSAND = 10
/** The calls that a server works by: each of them is to meet all that may befall one, as often. */
const FATED: readonly EngineMethod[] = ['claim', 'commit', 'getTasks', 'findGroup']
/** Fewer would leave it to chance. */
const COUNTED_FROM = 400
/** Attempts that succeed in the storm, on average: a run in which every server only fails keeps every promise. */
const MIN_STORM_SUCCESSES = 4

/** `CREW_SIM_SEED` is one alone, `CREW_SIM_SEEDS` how many, from `CREW_SIM_FROM`. */
const numberOf = (name: string): number | null => (process.env[name] ? Number(process.env[name]) : null)

/** The seeds of this half: every second one, so that two workers share them. */
function seedsOf(half: 0 | 1): number[] {
  const one = numberOf('CREW_SIM_SEED')
  if (one !== null) return half === 0 ? [one] : []
  const from = numberOf('CREW_SIM_FROM') ?? FIRST_SEED
  const count = numberOf('CREW_SIM_SEEDS') ?? DEFAULT_SEEDS
  const all = Array.from({ length: count }, (_, index) => from + index)
  return all.filter((_, index) => index % 2 === half)
}

/** Runs a half of the seeds, and tells what they came to. */
export function describeSeeds(half: 0 | 1): void {
  const seeds = seedsOf(half)
  const reports: Report[] = []
  describe(`seeds of half ${half + 1}`, () => {
    for (let at = 0; at < seeds.length; at += SEEDS_PER_TEST) {
      const some = seeds.slice(at, at + SEEDS_PER_TEST)
      test(`${some[0]} to ${some.at(-1)} keep every promise`, patience(some), async () => {
        for (const seed of some) reports.push(await simulate({ seed }))
      })
    }

    test('they did what they are for', () => {
      console.info(summaryOf(reports))
      expect(reports).toHaveLength(seeds.length)
      expect(reports.every(({ stormEvents }) => stormEvents >= STORM_EVENTS)).toBe(true)
      if (seeds.length < COUNTED_FROM) return
      expect(meanOf(reports, (report) => report.stormSuccesses)).toBeGreaterThan(MIN_STORM_SUCCESSES)
      expect(rareOf(reports)).toEqual([])
    })
  })
}

/** Those that once broke a promise, each with what it was. */
export function describeKnownSeeds(): void {
  describe('a seed that once broke a promise keeps all', () => {
    test.each(regress)('$seed: $reason', patience([0]), async ({ seed }) => {
      await simulate({ seed })
    })
  })
}

const patience = (seeds: readonly number[]) => ({ timeout: 20_000 + seeds.length * PATIENCE_MS_PER_SEED })

/** What came too rarely. */
function rareOf(reports: readonly Report[]): string[] {
  const least = (MIN_SEEN_PER_THOUSAND * reports.length) / 1000
  const seen = new Map<string, number>()
  const count = (name: string, times = 0): void => void seen.set(name, (seen.get(name) ?? 0) + times)
  for (const { faults, operations, fates } of reports) {
    for (const name of Object.keys(FAULTS) as Fault[]) count(name, faults.get(name))
    for (const name of Object.keys(OPERATIONS) as Operation[]) count(name, operations.get(name))
    for (const method of FATED) for (const fate of FATES) count(`${method} ${fate}`, fates.get(method)?.get(fate))
  }
  return [...seen].filter(([, times]) => times < least).map(([name]) => name)
}

function summaryOf(reports: readonly Report[]): string {
  const events = sumOf(reports, (report) => report.events)
  const minutes = sumOf(reports, (report) => report.virtualMs) / 60_000
  const successes = sumOf(reports, (report) => report.successes)
  const faults = sumOf(reports, (report) => [...report.faults.values()].reduce((sum, count) => sum + count, 0))
  const slowest = Math.max(0, ...reports.map(({ healMs }) => healMs))
  const done = `${successes} attempts succeeded, ${faults} faults, ${checksMade()} checks`
  return `simulation: ${reports.length} seeds, ${events} events, ${minutes.toFixed()} virtual minutes, ${done}; whole again within ${slowest} ms`
}

const sumOf = (reports: readonly Report[], figure: (report: Report) => number): number =>
  reports.reduce((sum, report) => sum + figure(report), 0)

const meanOf = (reports: readonly Report[], figure: (report: Report) => number): number =>
  sumOf(reports, figure) / Math.max(1, reports.length)
