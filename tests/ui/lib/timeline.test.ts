import { describe, expect, test } from 'vitest'
import { segmentsOf, spanOf, type Timed, ticksOf } from '../../../ui/src/lib/timeline.ts'

const START = Date.parse('2026-11-22T02:00:00.000Z')
const time = (seconds: number): string => new Date(START + seconds * 1000).toISOString()

const attempt = (number: number, from: number, to: number, outcome: Timed['attempts'][number]['outcome']) => ({
  number,
  startedAt: time(from),
  endedAt: time(to),
  durationMs: (to - from) * 1000,
  outcome,
  statusCode: null,
  error: null,
  retryAt: null,
  deliveryId: 'd',
})

const task = (state: Timed['state'], ...attempts: Timed['attempts']): Timed => ({
  createdAt: time(-5),
  state,
  attempts,
})

/** Shares of the time from 0 to 10 s, as the start and the end of each. */
const drawn = (row: Timed) =>
  segmentsOf(row, { from: START, to: START + 10_000 }).map(({ kind, from, to, look }) => [kind, from, to, look])

describe('the time that is shown', () => {
  test('begins with the first attempt and ends with the last one when all is over', () => {
    const rows = [
      task('succeeded', attempt(1, 3, 4, 'succeeded')),
      task('failed', attempt(2, 8, 9, 'failed'), attempt(1, 1, 2, 'failed')),
    ]
    expect(spanOf(rows, START + 100_000)).toEqual({ from: START + 1000, to: START + 9000 })
  })

  test('goes on to now while something is not over', () => {
    expect(spanOf([task('retrying', attempt(1, 1, 2, 'failed'))], START + 7000).to).toBe(START + 7000)
  })

  test('is never nothing', () => {
    expect(spanOf([task('ready')], START)).toEqual({ from: START - 1000, to: START })
    expect(spanOf([task('succeeded', attempt(1, 1, 1, 'succeeded'))], START)).toEqual({
      from: START + 1000,
      to: START + 2000,
    })
  })

  test('is divided evenly', () => {
    expect(ticksOf({ from: 0, to: 100 }, 4)).toEqual([0, 25, 50, 75, 100])
  })
})

describe('a row', () => {
  test('waits, runs, is put off and runs again, whatever the order of its attempts', () => {
    expect(drawn(task('succeeded', attempt(2, 6, 10, 'succeeded'), attempt(1, 2, 4, 'failed')))).toEqual([
      ['wait', 0, 0.2, 'ready'],
      ['run', 0.2, 0.4, 'failed'],
      ['back-off', 0.4, 0.6, 'ready'],
      ['run', 0.6, 1, 'succeeded'],
    ])
  })

  test('that is not over waits until the end', () => {
    expect(drawn(task('retrying', attempt(1, 0, 4, 'rateLimited')))).toEqual([
      ['run', 0, 0.4, 'throttled'],
      ['back-off', 0.4, 1, 'ready'],
    ])
    expect(drawn(task('blocked'))).toEqual([['wait', 0, 1, 'ready']])
  })

  test('that failed for good has nothing after its last attempt', () => {
    expect(drawn(task('failed', attempt(1, 0, 4, 'failed')))).toEqual([['run', 0, 0.4, 'failed']])
  })

  test('shows an attempt that took no time', () => {
    expect(drawn(task('failed', attempt(1, 5, 5, 'failed')))).toContainEqual(['run', 0.5, 0.5, 'failed'])
  })
})
