import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutError, MAX_ERROR_BYTES } from '../../server/core/attempt-record.ts'
import { cutText } from '../../server/core/cut-text.ts'

const bytesOf = (text: string): number => new TextEncoder().encode(text).length
const anyText = fc.string({ unit: 'binary', maxLength: 3000 })

test('a text that fits stays as it is', () => {
  expect(cutText('héllo', 6)).toBe('héllo')
})

test('the cut counts bytes, not characters', () => {
  expect(cutText('ééé', 4)).toBe('éé')
})

test('a character is never split', () => {
  expect(cutText('a😀b', 4)).toBe('a')
})

test('half a surrogate pair becomes the replacement character', () => {
  expect(cutText('a\ud800b', 100)).toBe('a\ufffdb')
})

test('whatever is cut, it fits, is well formed and is a beginning', () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 0, max: 300 }), (text, maxBytes) => {
      const cut = cutText(text, maxBytes)
      expect(bytesOf(cut)).toBeLessThanOrEqual(maxBytes)
      expect(cut.isWellFormed()).toBe(true)
      expect(text.toWellFormed().startsWith(cut)).toBe(true)
      if (bytesOf(text) <= maxBytes) expect(cut).toBe(text.toWellFormed())
    }),
  )
})

test('an error of exactly 4 KiB is kept whole, a longer one ends with an ellipsis', () => {
  const whole = 'x'.repeat(MAX_ERROR_BYTES)
  expect(cutError(whole)).toBe(whole)
  expect(cutError(`${whole}y`)).toBe(`${'x'.repeat(MAX_ERROR_BYTES - 3)}…`)
})

test('no error takes more than 4 KiB', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const cut = cutError(text.repeat(3))
      expect(bytesOf(cut)).toBeLessThanOrEqual(MAX_ERROR_BYTES)
      expect(cut.isWellFormed()).toBe(true)
    }),
  )
})
