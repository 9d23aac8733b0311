import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseJson } from '../../server/core/raw-json.ts'
import { parseTaskInput, taskFields } from '../../server/core/task-input.ts'

const rawKeys = new Set(['input', 'output'])
const parse = (body: unknown) => parseTaskInput(body, '/tasks/3')
const parseText = (text: string) => parse(parseJson(text, { maxDepth: 100, rawKeys }))
const pointersOf = (body: unknown): string[] => parse(body).faults.map(({ pointer }) => pointer)

describe('a task', () => {
  test('that is no object has one fault', () => {
    for (const body of [null, [], 'x', 7, undefined])
      expect(parse(body)).toEqual({ input: {}, faults: [{ pointer: '/tasks/3', detail: 'expected a JSON object' }] })
  })

  test('without fields is empty: defaults are not for the parser to know', () => {
    expect(parse({})).toEqual({ input: {}, faults: [] })
  })

  test('keeps input and output byte for byte', () => {
    expect(parseText('{"input": {"n": 1.0,  "b":12345678901234567890}, "output":[ ]}').input).toEqual({
      input: '{"n": 1.0,  "b":12345678901234567890}',
      output: '[ ]',
    })
  })

  test('may be sent back whole, with what clients cannot set', () => {
    const body = { id: 'a', worker: 'w', taskGroupId: 'g', createdAt: 'x', busyExecuting: 7, state: [], errors: null }
    expect(parse(body)).toEqual({ input: { id: 'a', worker: 'w' }, faults: [] })
  })

  test('has all its faults told at once', () => {
    expect(pointersOf({ id: ' ', worker: '/x', priority: 'high', isPaused: 1 })).toEqual([
      '/tasks/3/id',
      '/tasks/3/worker',
      '/tasks/3/priority',
      '/tasks/3/isPaused',
    ])
  })

  test('is read only for the fields that are asked for', () => {
    expect(parseTaskInput({ name: 'n', id: ' ' }, '', ['name'])).toEqual({ input: { name: 'n' }, faults: [] })
  })

  test('does not take fields from the prototype of objects', () => {
    const body = Object.create({ name: 'inherited' }) as Record<string, unknown>
    expect(parse(body).input).toEqual({})
  })
})

describe('a field', () => {
  const whole = Object.entries({
    id: [
      ['', ''],
      [null, ''],
      ['a.b_c:d-1', 'a.b_c:d-1'],
    ],
    name: [
      [null, ''],
      ['', ''],
      ['x'.repeat(1000), 'x'.repeat(1000)],
    ],
    workgroup: [
      [null, ''],
      ['any text, even this', 'any text, even this'],
    ],
    key: [
      [null, ''],
      ['k', 'k'],
    ],
    remainingAttempts: [
      [0, 0],
      [7, 7],
    ],
    priority: [
      [-5, -5],
      [0, 0],
    ],
    progressWeight: [
      [0.001, 0.001],
      [1e6, 1e6],
    ],
    runAfter: [
      ['', 0],
      [null, 0],
      ['0001-01-01T00:00:00Z', 0],
      ['2026-11-22T11:00:00+01:00', Date.UTC(2026, 10, 22, 10)],
    ],
    errorDelayInSeconds: [
      [0, 0],
      [0.25, 0.25],
    ],
    timeoutSeconds: [
      [null, null],
      [0.5, 0.5],
      [86_400, 86_400],
    ],
    retry: [
      [null, null],
      [{}, { strategy: 'fixed', factor: 2, maxSeconds: null, jitter: 0 }],
      [
        { strategy: 'exponential', factor: 1.5, maxSeconds: 60, jitter: 1 },
        { strategy: 'exponential', factor: 1.5, maxSeconds: 60, jitter: 1 },
      ],
    ],
    metadata: [
      [null, {}],
      [{}, {}],
      [{ a: '' }, { a: '' }],
    ],
    parentIds: [
      [null, []],
      [
        ['a', 'b', 'a'],
        ['a', 'b'],
      ],
    ],
    isPaused: [[true, true]],
    isComplete: [[false, false]],
    isSeed: [[true, true]],
  } satisfies Partial<Record<string, [unknown, unknown][]>>).flatMap(([name, cases]) =>
    cases.map(([value, expected]): [string, unknown, unknown] => [name, value, expected]),
  )

  test.each(whole)('%s takes %j', (name, value, expected) => {
    expect(parse({ [name]: value })).toEqual({ input: { [name]: expected }, faults: [] })
  })

  const bad = Object.entries({
    id: [' ', 'a/b', 'é', 'x'.repeat(129), 7, {}],
    name: [7, 'x'.repeat(1001), 'a\u0000b', '\ud800'],
    worker: ['', null, '/a', 'a/../b', 'a b', 'x'.repeat(257), 7],
    workgroup: [7, 'x'.repeat(257), '\udc00'],
    key: [true, 'x'.repeat(257)],
    remainingAttempts: [-1, 1.5, '5', null, 2 ** 53, Number.POSITIVE_INFINITY],
    priority: [1.5, '1', null, 2 ** 53],
    progressWeight: [0, -1, Number.NaN, 1e7, '1'],
    isPaused: [0, 'true', null],
    isComplete: [1],
    isSeed: ['no'],
    runAfter: ['tomorrow', '2026-11-22', 0, 1e12, {}],
    errorDelayInSeconds: [-1, '60', null, 1e9],
    timeoutSeconds: [0, -1, 86_401, '5'],
    retry: [7, [], { strategy: 'linear' }, { factor: 0.5 }, { factor: 'x' }, { maxSeconds: -1 }, { jitter: 2 }],
    metadata: [
      [],
      'x',
      { a: 1 },
      { a: null },
      { a: 'x'.repeat(1025) },
      { ['x'.repeat(257)]: '' },
      { a: '\ud800' },
      Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`m${at}`, ''])),
    ],
    parentIds: ['a', [1], [''], ['a b'], Array.from({ length: 10_001 }, (_, at) => `p${at}`)],
  }).flatMap(([name, values]) => values.map((value): [string, unknown] => [name, value]))

  test.each(bad)('%s refuses a wrong value (%#)', (name, value) => {
    expect(pointersOf({ [name]: value })).toEqual([expect.stringMatching(`^/tasks/3/${name}(/[a-zA-Z]+)?$`)])
  })

  test.each([
    [{ strategy: 'linear' }, '/strategy'],
    [{ factor: 0.5 }, '/factor'],
    [{ maxSeconds: -1 }, '/maxSeconds'],
    [{ jitter: 2 }, '/jitter'],
    [7, ''],
  ])('of a retry policy %j the fault is named', (retry, at) => {
    expect(pointersOf({ retry })).toEqual([`/tasks/3/retry${at}`])
  })

  test('of 32 metadata entries is fine', () => {
    const metadata = Object.fromEntries(Array.from({ length: 32 }, (_, at) => [`m${at}`, '']))
    expect(pointersOf({ metadata })).toEqual([])
  })
})

test('whatever is sent, each field is read, absent or faulted, and nothing throws', () => {
  const body = fc.dictionary(fc.constantFrom(...taskFields), fc.anything())
  fc.assert(
    fc.property(body, (sent) => {
      const { input, faults } = parse(sent)
      const faulted = faults.map(({ pointer }) => pointer.split('/')[3])
      const known = Object.entries(sent).filter(([, value]) => value !== undefined)
      expect([...Object.keys(input), ...faulted].toSorted()).toEqual(known.map(([name]) => name).toSorted())
    }),
    { numRuns: 500 },
  )
})
