import { expect, test } from 'vitest'
import {
  formatBytes,
  formatDuration,
  formatRecent,
  formatRelative,
  formatShare,
  formatTime,
} from '../../../ui/src/lib/format.ts'

test.each([
  [0, '0 %'],
  [1, '100 %'],
  [0.99999, '99.9 %'],
  [0.00001, '0.1 %'],
  [0.541, '54.1 %'],
])('the share %d is %s', (share, text) => expect(formatShare(share)).toBe(text))

test.each([
  [350, '350 ms'],
  [4100, '4.1 s'],
  [41_000, '41 s'],
  [4_320_000, '1 h 12 m'],
  [90_061_000, '1 d 1 h'],
])('%d ms are %s', (ms, text) => expect(formatDuration(ms)).toBe(text))

test('a time says how far it is', () => {
  const now = Date.parse('2026-11-22T10:00:00Z')
  expect(formatRelative('2026-11-22T10:00:41Z', now)).toBe('in 41 s')
  expect(formatRelative('2026-11-22T10:03:17Z', now)).toBe('in 3 m 17 s')
  expect(formatRelative('2026-11-22T09:57:50Z', now)).toBe('2 m ago')
  expect(formatRelative('2026-11-22T10:00:00.400Z', now)).toBe('now')
})

test('a time names its zone', () => {
  expect(formatTime('2026-11-22T02:00:04.000Z', 'UTC')).toBe('2026-11-22 02:00:04 UTC')
  expect(formatTime('2026-11-22T02:00:04.000Z', 'America/New_York')).toBe('2026-11-21 21:00:04 New York')
})

test('a time that was lately leaves its date out', () => {
  const now = Date.parse('2026-11-22T10:00:00Z')
  expect(formatRecent('2026-11-22T09:00:04Z', now, 'UTC')).toBe('09:00:04 UTC')
  expect(formatRecent('2026-11-20T09:00:04Z', now, 'UTC')).toBe('2026-11-20 09:00:04 UTC')
})

test('bytes are said as people do', () => {
  expect([formatBytes(33), formatBytes(1234), formatBytes(5_557_453), formatBytes(3e9)]).toEqual([
    '33 B',
    '1.2 KiB',
    '5.3 MiB',
    '2.8 GiB',
  ])
})
