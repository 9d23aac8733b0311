import { expect, test } from 'vitest'
import { waitAtMost } from '../../../ui/src/lib/next-end.ts'

const NOW = Date.parse('2026-11-23T03:00:00.000Z')
const inMs = (ms: number) => ({ until: new Date(NOW + ms).toISOString() })

test('what was told is asked for again when the first of its ends has come', () => {
  expect(waitAtMost(30_000, [inMs(20_000), inMs(6000), {}], NOW)).toBe(6250)
  expect(waitAtMost(5000, [inMs(6000)], NOW)).toBe(5000)
  expect(waitAtMost(30_000, undefined, NOW)).toBe(30_000)
})

test('an end that is past is not waited for, and one that is near not in a hurry', () => {
  expect(waitAtMost(30_000, [inMs(-1), inMs(0)], NOW)).toBe(30_000)
  expect(waitAtMost(30_000, [inMs(20)], NOW)).toBe(1000)
})

test('nothing is asked while nobody follows', () => {
  expect(waitAtMost(false, [inMs(20)], NOW)).toBe(false)
})
