import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WorstOfMinute } from '../../server/core/worst-of-minute.ts'

test('what was noted counts for half a minute at least and a minute at most', () => {
  const steps = fc.array(fc.tuple(fc.nat(20_000), fc.nat(1000)), { maxLength: 50 })
  fc.assert(
    fc.property(steps, (all) => {
      const worst = new WorstOfMinute()
      const noted: { at: number; value: number }[] = []
      let now = 1_000_000_000
      for (const [ms, value] of all) {
        now += ms
        worst.note(value, now)
        noted.push({ at: now, value })
        const within = (age: number) => Math.max(...noted.filter(({ at }) => at > now - age).map((each) => each.value))
        expect(worst.at(now)).toBeGreaterThanOrEqual(within(30_000))
        expect(worst.at(now)).toBeLessThanOrEqual(within(60_000))
      }
    }),
  )
})
