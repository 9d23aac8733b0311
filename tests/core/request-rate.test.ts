import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { costOf, takeRequests } from '../../server/core/request-rate.ts'

const NOW = Date.UTC(2026, 10, 22)
const rate = { perSecond: 100, burst: 200 }

describe('a caller', () => {
  test('has a burst at once, then one each interval', () => {
    let clock = 0
    const ask = (now: number, cost = 1) => {
      const taken = takeRequests(rate, clock, { cost, now })
      clock = taken.clock
      return taken
    }
    for (let i = 0; i < 200; i++) expect(ask(NOW).isTaken).toBe(true)
    expect(ask(NOW)).toMatchObject({ isTaken: false, roomAt: NOW + 10 })
    expect([ask(NOW + 10).isTaken, ask(NOW + 10).isTaken]).toEqual([true, false])
    expect(ask(NOW + 10, 50)).toMatchObject({ isTaken: false, roomAt: NOW + 510 })
    expect(ask(NOW + 510, 50).isTaken).toBe(true)
  })

  test('who asks for more than a burst waits for a whole one', () => {
    const first = takeRequests(rate, 0, { cost: 1, now: NOW })
    expect(takeRequests(rate, first.clock, { cost: 5000, now: NOW })).toMatchObject({
      isTaken: false,
      roomAt: NOW + 10,
    })
    expect(takeRequests(rate, first.clock, { cost: 5000, now: NOW + 10 }).isTaken).toBe(true)
  })
})

test.each([
  [0, 0],
  [99, 0],
  [100, 1],
  [10_000, 100],
  [-5, 0],
  [Number.NaN, 0],
])('%d tasks cost %d', (tasks, cost) => expect(costOf(tasks)).toBe(cost))

test('whatever is asked when, no stretch of time holds more than its share and a burst, and who was refused is let in when he was told', () => {
  const asks = fc.array(fc.record({ afterMs: fc.nat(400), cost: fc.integer({ min: 1, max: 9 }) }), { maxLength: 100 })
  fc.assert(
    fc.property(asks, fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 20 }), (steps, perSecond, burst) => {
      const taken: { at: number; cost: number }[] = []
      let clock = 0
      let now = NOW
      for (const { afterMs, cost } of steps) {
        now += afterMs
        const answer = takeRequests({ perSecond, burst }, clock, { cost, now })
        clock = answer.clock
        if (answer.isTaken) taken.push({ at: now, cost: Math.min(cost, burst) })
        else
          expect(takeRequests({ perSecond, burst }, clock, { cost, now: Math.ceil(answer.roomAt) }).isTaken).toBe(true)
      }
      for (const { at: from } of taken) {
        const within = taken.filter(({ at }) => at >= from)
        const spent = within.reduce((sum, { cost }) => sum + cost, 0)
        expect(spent).toBeLessThanOrEqual(burst + ((now - from) * perSecond) / 1000)
      }
    }),
  )
})
