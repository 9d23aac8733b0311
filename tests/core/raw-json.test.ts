import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  isRawNull,
  JSON_LIMITS,
  JsonDepthError,
  JsonSizeError,
  JsonSyntaxError,
  parseJson,
  RawJson,
  rawJsonOf,
} from '../../server/core/raw-json.ts'

const INPUT: ReadonlySet<string> = new Set(['input', 'output'])
const plain = { maxDepth: 100 }
const raw = { maxDepth: 100, rawKeys: INPUT }
/** Takes our own reader with no member kept, instead of the engine's. */
const reader = { maxDepth: 100, rawKeys: new Set(['no such member']) }

describe('raw members', () => {
  test('an input of the top object keeps its bytes', () => {
    const input = '{ "big": 12345678901234567890, "z":[], "a" : 1.0 }'
    expect(parseJson(`{"name":"n", "input":  ${input} , "x":[1.50]}`, raw)).toEqual({
      name: 'n',
      input: new RawJson(input),
      x: [1.5],
    })
  })

  test('an input of each object in an array of the top object keeps its bytes', () => {
    const text = '{"tasks":[{"input":1e2},{"input":"\\u0041"},{"input":null}],"output":[ ]}'
    expect(parseJson(text, raw)).toEqual({
      tasks: [{ input: new RawJson('1e2') }, { input: new RawJson('"\\u0041"') }, { input: new RawJson('null') }],
      output: new RawJson('[ ]'),
    })
  })

  test.each([
    '{"metadata":{"input":1}}',
    '[{"input":1}]',
    '{"a":{"b":{"input":1}}}',
    '[[{"input":1}]]',
    '{"a":[[{"input":1}]]}',
    '{"a":[{"b":[{"input":1}]}]}',
    '{"a":[{}],"b":{"c":{"input":1}}}',
  ])('a member of the same name elsewhere is an ordinary value: %s', (text) => {
    expect(parseJson(text, raw)).toEqual(JSON.parse(text))
  })

  test('an object after a nested object is still in its array', () => {
    const text = '{"a":[{"b":{"c":[]}},{"input":1}]}'
    expect(parseJson(text, raw)).toEqual({ a: [{ b: { c: [] } }, { input: new RawJson('1') }] })
  })

  test('an escaped name means the same member', () => {
    expect(parseJson('{"\\u0069nput":7}', raw)).toEqual({ input: new RawJson('7') })
  })

  test('of members with one name the last wins, kept or not', () => {
    expect(parseJson('{"input":1,"input":2,"a":1,"a":2}', raw)).toEqual({ input: new RawJson('2'), a: 2 })
  })

  test.each(['{"input":}', '{"input":[1,]}', '{"input":{"a"}}', '{"input":"a\nb"}', '{"input":01}', '{"input":[}'])(
    'a malformed kept member is refused: %s',
    (text) => {
      expect(() => parseJson(text, raw)).toThrow(JsonSyntaxError)
    },
  )

  test('a kept member counts towards the depth', () => {
    expect(() => parseJson('{"input":[[1]]}', { maxDepth: 2, rawKeys: INPUT })).toThrow(JsonDepthError)
    expect(parseJson('{"input":[[1]]}', { maxDepth: 3, rawKeys: INPUT })).toEqual({ input: new RawJson('[[1]]') })
  })

  test('kept members are exactly the slices that were written', () => {
    const value = fc.json({ maxDepth: 5 })
    const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/)
    fc.assert(
      fc.property(fc.array(fc.tuple(value, space, space)), value, (members, top) => {
        const tasks = members.map(([input, before, after]) => `{"input":${before}${input}${after}}`)
        const read = parseJson(`{"tasks":[${tasks.join()}],"output":${top}}`, raw)
        const expected = members.map(([input]) => ({ input: new RawJson(input) }))
        expect(read).toEqual({ tasks: expected, output: new RawJson(top) })
      }),
    )
  })
})

describe('prototypes', () => {
  test.each([plain, reader])('__proto__ is an own member and changes no prototype', (options) => {
    const value = parseJson('{"__proto__":{"isAdmin":true},"a":1}', options)
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(Object.entries(value as object)).toEqual([
      ['__proto__', { isAdmin: true }],
      ['a', 1],
    ])
    expect('isAdmin' in (value as object)).toBe(false)
  })
})

describe('depth', () => {
  const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)

  test.each([plain, reader])('the hundredth level is read and the next refused', (options) => {
    expect(parseJson(nested(100), options)).toEqual(JSON.parse(nested(100)))
    expect(() => parseJson(nested(101), options)).toThrow(new JsonDepthError(100, { line: 1, column: 101 }))
  })

  test('brackets within strings are no levels', () => {
    expect(parseJson('"[[[[\\"[[[["', { maxDepth: 1 })).toBe('[[[["[[[[')
  })

  test.each([plain, raw])('a megabyte of open brackets is refused as too deep', (options) => {
    expect(() => parseJson('['.repeat(1_000_000), options)).toThrow(JsonDepthError)
    expect(() => parseJson('{"input":'.repeat(100_000), options)).toThrow(JsonDepthError)
  })
})

describe('size', () => {
  const limits = { maxValues: 4, maxMembers: 2 }

  test.each([plain, raw])('so many values are read, and one more refused', (options) => {
    expect(parseJson('[1,[2,3]]', { ...options, limits: { ...limits, maxValues: 5 } })).toEqual([1, [2, 3]])
    expect(() => parseJson('[1,[2,3]]', { ...options, limits })).toThrow(
      new JsonSizeError('JSON holds more than 4 values'),
    )
  })

  test.each([plain, raw])('an object has so many members, also when they have one name', (options) => {
    expect(parseJson('[{"a":1,"b":2}]', { ...options, limits })).toEqual([{ a: 1, b: 2 }])
    for (const text of ['{"a":1,"b":2,"c":3}', '{"a":1,"a":2,"a":3}'])
      expect(() => parseJson(text, { ...options, limits })).toThrow(
        new JsonSizeError('JSON holds an object of more than 2 members'),
      )
  })

  test('what is kept as text holds as much as it likes', () => {
    const input = `[${'1,'.repeat(100)}{"a":1,"b":2,"c":3}]`
    expect(parseJson(`{"input":${input}}`, { ...raw, limits })).toEqual({ input: new RawJson(input) })
  })

  test('a batch of ten thousand tasks with all their fields is within the limits', () => {
    const fields = Object.fromEntries(Array.from({ length: 24 }, (_, at) => [`field${at}`, at]))
    const tasks = Array(10_000).fill({ ...fields, parentIds: ['a', 'b', 'c'], metadata: { a: 'x', b: 'y' } })
    expect(parseJson(JSON.stringify({ tasks }), { ...raw, limits: JSON_LIMITS })).toEqual({ tasks })
  })
})

describe('messages', () => {
  test.each([
    ['', 'JSON is malformed: expected a value, found the end of the text at line 1, column 1'],
    ['{"a":1,\n  b: 2}', 'JSON is malformed: expected a member name in double quotes, found "b" at line 2, column 3'],
    ['{"a" 1}', 'JSON is malformed: expected \':\', found "1" at line 1, column 6'],
    ['[1 2]', "JSON is malformed: expected ',' or ']', found \"2\" at line 1, column 4"],
    ['{"a":1', "JSON is malformed: expected ',' or '}', found the end of the text at line 1, column 7"],
    ['"abc', "JSON is malformed: expected a closing '\"', found the end of the text at line 1, column 5"],
    ['"a\tb"', 'JSON is malformed: expected control characters to be escaped, found "\\t" at line 1, column 3'],
    ['"\\x41"', 'JSON is malformed: expected an escape that JSON knows, found "\\\\" at line 1, column 2'],
    ['[-]', 'JSON is malformed: expected a digit, found "]" at line 1, column 3'],
    ['{} {}', 'JSON is malformed: expected the end of the text, found "{" at line 1, column 4'],
  ])('%j says where it is wrong', (text, message) => {
    expect(() => parseJson(text, plain)).toThrow(message)
    expect(() => parseJson(text, raw)).toThrow(message)
  })
})

describe('agreement with JSON.parse', () => {
  const json = fc.oneof(
    fc.json({ maxDepth: 6 }),
    fc.jsonValue({ noUnicodeString: false }).map((v) => JSON.stringify(v, null, 2)),
  )

  test('valid texts give the same values', () => {
    fc.assert(
      fc.property(json, (text) => {
        expect(parseJson(text, reader)).toStrictEqual(JSON.parse(text))
        expect(parseJson(text, plain)).toStrictEqual(JSON.parse(text))
      }),
    )
  })

  test('mutated texts are accepted and refused alike', () => {
    const piece = fc.constantFrom(
      ...'{}[],:"\\/u0019-+.eE \n\t\u0000\u2028\ufeff',
      'null',
      'tru',
      '\\u12',
      '\ud800',
      '00',
      '"__proto__":',
    )
    fc.assert(
      fc.property(json, fc.nat(), fc.nat(3), piece, (text, where, cut, inserted) => {
        const at = where % (text.length + 1)
        const mutated = text.slice(0, at) + inserted + text.slice(at + cut)
        expect(attempt(() => parseJson(mutated, reader))).toStrictEqual(attempt(() => JSON.parse(mutated)))
        expect(attempt(() => parseJson(mutated, plain))).toStrictEqual(attempt(() => JSON.parse(mutated)))
      }),
      { numRuns: 2000 },
    )
  })

  test('texts made of tokens in any order are accepted and refused alike', () => {
    const token = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"\\n"',
      '1',
      '-0',
      '1e5',
      '-',
      '1.',
      ' ',
      'null',
      'true',
      'false',
    )
    fc.assert(
      fc.property(fc.array(token, { maxLength: 8 }), (tokens) => {
        const text = tokens.join('')
        expect(attempt(() => parseJson(text, reader))).toStrictEqual(attempt(() => JSON.parse(text)))
      }),
      { numRuns: 5000 },
    )
  })

  test('numbers of any spelling give the same number', () => {
    const long = fc.stringMatching(/^-?[1-9][0-9]{14,20}$/)
    const spelling = fc.stringMatching(/^-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?$/)
    fc.assert(
      fc.property(
        fc.oneof(long, spelling, fc.double().map(String), fc.constantFrom('-0', '1e400', '-1e400')),
        (text) => {
          expect(attempt(() => parseJson(text, reader))).toStrictEqual(attempt(() => JSON.parse(text)))
        },
      ),
    )
  })
})

describe('rawJsonOf', () => {
  test('it writes a value, and null for what JSON cannot say', () => {
    expect(rawJsonOf({ b: [1], a: null }).text).toBe('{"b":[1],"a":null}')
    expect(rawJsonOf(undefined).text).toBe('null')
    expect(rawJsonOf(() => 1).text).toBe('null')
  })

  test('raw JSON stays the same', () => {
    const one = new RawJson('1.0')
    expect(rawJsonOf(one)).toBe(one)
  })

  test('null is known', () => {
    expect(isRawNull(rawJsonOf(null))).toBe(true)
    expect(isRawNull(rawJsonOf('null'))).toBe(false)
  })
})

/** What a reading came to, so that two readers can be compared: a value, or that it was refused. */
function attempt(read: () => unknown): unknown {
  try {
    return { value: read() }
  } catch (error) {
    expect(error).toBeInstanceOf(Error)
    return 'refused'
  }
}
