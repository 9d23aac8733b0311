import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jsonFault } from '../../../ui/src/lib/json-fault.ts'
import { prettyLines, prettyText } from '../../../ui/src/lib/pretty-json.ts'
import { parsedBut, rawFields } from '../../../ui/src/lib/raw-fields.ts'
import { quickestMs } from '../../support/quickest.ts'

describe('pretty JSON', () => {
  test('keeps every token as it stands', () => {
    const text = '{"id":9007199254740993,"r":1.0,"e":1e2,"z":[],"o":{ },"s":"a, {b}\\u00e9\\"","b":[1,[null]]}'
    expect(prettyLines(text)).toEqual([
      '{',
      '  "id": 9007199254740993,',
      '  "r": 1.0,',
      '  "e": 1e2,',
      '  "z": [],',
      '  "o": {},',
      '  "s": "a, {b}\\u00e9\\"",',
      '  "b": [',
      '    1,',
      '    [',
      '      null',
      '    ]',
      '  ]',
      '}',
    ])
  })

  test('is what JSON.stringify gives, where that rounds nothing', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const text = JSON.stringify(value)
        expect(prettyLines(text).join('\n')).toBe(JSON.stringify(JSON.parse(text), null, 2))
      }),
    )
  })

  test('cuts a line that is longer than a page can hold, and loses nothing', () => {
    const text = JSON.stringify('x'.repeat(5000))
    const lines = prettyLines(text)
    expect([lines.length, lines.join('')]).toEqual([3, text])
  })

  test('shows what is no JSON without running its words together', () => {
    expect(prettyLines('tru fals "open').join('')).toBe('tru fals "open')
    expect(prettyLines(']]}').length).toBeGreaterThan(0)
  })

  test('shows 5 MB in a moment', () => {
    const text = JSON.stringify(Array.from({ length: 100_000 }, (_, i) => ({ id: i, name: `account ${i}`, ok: true })))
    expect(quickestMs(5000, () => expect(prettyLines(text).length).toBe(500_002))).toBeLessThan(5000)
  })
})

describe('the fields of a JSON object', () => {
  test('are the text that stands there', () => {
    const text = '{"a": 9007199254740993 , "b":{"a":[1, 2]},"c":"}","d\\u0065":null}'
    expect([...rawFields(text)]).toEqual([
      ['a', '9007199254740993'],
      ['b', '{"a":[1, 2]}'],
      ['c', '"}"'],
      ['de', 'null'],
    ])
  })

  test('are those of JSON.parse', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (value) => {
        const given = JSON.parse(JSON.stringify(value))
        const fields = [...rawFields(JSON.stringify(value))].map(([name, text]) => [name, JSON.parse(text)])
        expect(fields).toEqual(Object.entries(given))
      }),
    )
  })
})

test('what is parsed of an object is all but the fields that stay text', () => {
  const fields = rawFields('{"id":"t","input":{"id":[9007199254740993,{"s":"}]"}]},"errors":["x"],"__proto__":{"a":1}}')
  expect(fields.get('input')).toBe('{"id":[9007199254740993,{"s":"}]"}]}')
  const parsed = parsedBut(fields, ['input'])
  expect(JSON.stringify(parsed)).toBe('{"id":"t","errors":["x"],"__proto__":{"a":1}}')
})

test('a fault is told in words, also of nothing at all', () => {
  expect([jsonFault('{}'), jsonFault('null')]).toEqual([null, null])
  expect(jsonFault(' ')).toBe('Write JSON; null is the empty value.')
  expect(jsonFault('{')).toMatch(/^This is no JSON: /)
})

test('as one text nothing is cut, so that it is JSON still', () => {
  expect(prettyText('{"a":9007199254740993}')).toBe('{\n  "a": 9007199254740993\n}')
  const long = `{"a":"${'x'.repeat(3000)}"}`
  expect(prettyText(long)).toBe(`{\n  "a": "${'x'.repeat(3000)}"\n}`)
})
