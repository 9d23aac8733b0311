import { expect, test } from 'vitest'
import { everyMinute, historySummary, type WorkerMinute } from '../../../ui/src/lib/worker-history.ts'

const now = Date.parse('2026-11-22T10:00:30Z')
const minute = (at: string, rest: Partial<WorkerMinute> = {}): WorkerMinute => ({
  at: `2026-11-22T${at}:00.000Z`,
  attempts: 10,
  errors: 1,
  p50Ms: 100,
  p95Ms: 400,
  inFlight: 2,
  ...rest,
})

test('an hour has every minute, oldest first, also those in which nothing happened', () => {
  const minutes = everyMinute([minute('10:00'), minute('09:58'), minute('08:00')], now)
  expect(minutes.length).toBe(60)
  expect(minutes[0]).toEqual(minute('09:01', { attempts: 0, errors: 0, p50Ms: null, p95Ms: null, inFlight: 0 }))
  expect(minutes.slice(-3).map(({ attempts }) => attempts)).toEqual([10, 0, 10])
})

test('the charts are told in a sentence', () => {
  const minutes = everyMinute([minute('09:30', { attempts: 30, p95Ms: 2100, inFlight: 7 }), minute('10:00')], now)
  expect(historySummary(minutes, (at) => at.slice(11, 16))).toBe(
    '40 attempts in the last hour, 2 of them failed (5.0 %). Most in a minute: 30, at 09:30. Slowest at 09:30: 95 % took at most 2.1 s. At most 7 in flight.',
  )
  expect(historySummary(everyMinute([], now), String)).toBe('No attempts in the last hour.')
})
