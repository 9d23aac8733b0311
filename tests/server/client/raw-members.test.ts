import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkJson, objectText, plainValue, rawItems, rawMembers } from '../../../server/cli/client/raw-members.ts'
import { jsonForTerminal, oneLine } from '../../../server/cli/client/terminal-text.ts'

test('members keep the text that they were sent as', () => {
  const members = rawMembers(' {"a" : 1.0, "b":[1, 12345678901234567890] ,"\\u0063":{"x":"}"} } ')
  expect([...members]).toEqual([
    ['a', '1.0'],
    ['b', '[1, 12345678901234567890]'],
    ['c', '{"x":"}"}'],
  ])
  expect(rawItems(members.get('b') ?? '')).toEqual(['1', '12345678901234567890'])
})

test('what is no object has no members, and what is no array no items', () => {
  expect([rawMembers('[1]').size, rawMembers('null').size, rawItems('{"a":1}').length]).toEqual([0, 0, 0])
})

test('what is empty is shown as nothing', () => {
  expect([undefined, 'null', '""', '[]', '{}'].map(plainValue)).toEqual(['', '', '', '', ''])
  expect(['0', 'false', '"a\\nb"', '[0]'].map(plainValue)).toEqual(['0', 'false', 'a\nb', '[0]'])
})

test('any object is the same after it was taken apart and put together', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 3 })), (value) => {
      const text = JSON.stringify(value)
      checkJson(text)
      expect(JSON.parse(objectText(rawMembers(text)))).toEqual(JSON.parse(text))
    }),
  )
})

test('no text moves the cursor of a terminal, and JSON means the same', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.nat({ max: 0x20ff }).map((code) => String.fromCharCode(code)) }), (text) => {
      expect(oneLine(text)).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u)
      const json = JSON.stringify({ [text]: text })
      const shown = jsonForTerminal(json)
      expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u)
      expect(JSON.parse(shown)).toEqual(JSON.parse(json))
    }),
  )
})
