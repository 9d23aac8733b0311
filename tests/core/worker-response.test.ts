import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_CHILDREN } from '../../server/core/child-input.ts'
import { MAX_DELAY_MS } from '../../server/core/rate-limit-headers.ts'
import { type Outcome, readReply } from '../../server/core/worker-response.ts'
import { answer, NOW, read } from '../support/attempts.ts'

const noDelays = { workgroupDelayMs: 0, childrenDelayMs: 0, workgroup: null }
const success = { kind: 'success', output: 'null', children: [], delays: noDelays }
const failure = {
  kind: 'failure',
  reason: 'failed',
  output: null,
  delays: noDelays,
  isRetryable: true,
  retryAfterMs: null,
}
const badResponse = { ...failure, reason: 'badResponse' }

function errorOf(outcome: Outcome): string {
  if (outcome.kind === 'success') throw new Error('expected a failure, met a success')
  return outcome.error
}

describe('a 2xx answer', () => {
  test.each([200, 201, 203, 204, 299])('with status %d and an empty body is a success without output', (status) => {
    expect(read('', status)).toEqual(success)
  })

  test('of nothing but whitespace is a success without output', () => {
    expect(read(' \r\n\t')).toEqual(success)
  })

  test('of an empty object is a success without output', () => {
    expect(read('{}')).toEqual(success)
  })

  test('keeps the output byte for byte', () => {
    const output = '{ "b":12345678901234567890, "a": [ ], "e":1.50 }'
    expect(read(`{"output": ${output} }`)).toEqual({ ...success, output })
  })

  test('with an error of null is a success', () => {
    expect(read('{"error":null,"output":1}')).toEqual({ ...success, output: '1' })
  })

  test.each([
    ['an empty text', '""', ''],
    ['false', 'false', 'false'],
    ['zero', '0', '0'],
    ['an empty object', '{}', '{}'],
    ['an empty list', '[]', '[]'],
    ['a text', '"no budget"', 'no budget'],
    ['an object', '{"code":7}', '{"code":7}'],
  ])('with an error of %s is a failure that keeps its output', (_, error, told) => {
    expect(read(`{"error":${error},"output":[1]}`)).toEqual({ ...failure, error: told, output: '[1]' })
  })

  test('with an error still asks for delays', () => {
    const body = { error: 'x', workgroupDelayInSeconds: 2, childrenDelayInSeconds: 0.5, workgroup: 'key-1' }
    expect(read(body)).toMatchObject({
      delays: { workgroupDelayMs: 2000, childrenDelayMs: 500, workgroup: 'key-1' },
    })
  })

  test('with an error creates no children, however malformed they are', () => {
    expect(read({ error: 'x', children: 'what?' })).toEqual({ ...failure, error: 'x' })
  })

  test.each(['[]', '"done"', '7', 'true', 'null'])('of %s is a failure that shows it', (body) => {
    expect(read(body)).toEqual({ ...badResponse, error: `the answer is not a JSON object: ${body}` })
  })

  test.each(['OK', '{"output":1', '<html>', '{"a":1}{"b":2}', "{'a':1}"])(
    'of %s, which is no JSON, is a failure that shows it',
    (body) => {
      const outcome = read(body)
      expect(outcome).toMatchObject({ kind: 'failure', reason: 'badResponse' })
      expect(errorOf(outcome)).toMatch(/^the answer is not a JSON object \(JSON is malformed: .*\): /)
      expect(errorOf(outcome).endsWith(body)).toBe(true)
    },
  )

  test('nested deeper than 100 levels is a failure', () => {
    const body = `{"output":${'['.repeat(100)}${']'.repeat(100)}}`
    expect(errorOf(read(body))).toContain('nested deeper than 100 levels')
  })

  test('of more values than anything needs is a failure, unless they are its output', () => {
    const many = `[${'1,'.repeat(500_000)}1]`
    expect(errorOf(read(`{"more":${many}}`))).toMatch(
      /^the answer is too large \(JSON holds more than 500000 values\): /,
    )
    expect(read(`{"output":${many}}`)).toEqual({ ...success, output: many })
  })

  test('nested 100 levels deep is a success', () => {
    const output = `${'['.repeat(99)}${']'.repeat(99)}`
    expect(read(`{"output":${output}}`)).toEqual({ ...success, output })
  })

  test('of a huge text shows its first 200 bytes', () => {
    const body = `"${'é'.repeat(500)}"`
    expect(errorOf(read(body))).toBe(`the answer is not a JSON object: "${'é'.repeat(99)}`)
  })

  test('with status 202 is a failure, as no callback was offered', () => {
    expect(read('{}', 202)).toMatchObject({
      kind: 'failure',
      reason: 'badResponse',
      error: expect.stringContaining('202'),
    })
  })
})

describe('fields of a wrong type', () => {
  test.each([
    ['workgroupDelayInSeconds', '"60"'],
    ['workgroupDelayInSeconds', 'true'],
    ['childrenDelayInSeconds', '[]'],
    ['retryAfterSeconds', '{}'],
    ['workgroup', '7'],
    ['workgroup', `"${'x'.repeat(257)}"`],
    ['workgroup', '"\\ud800"'],
    ['workgroup', '"a\\u0000b"'],
  ])('in a success: %s of %s fails it with the pointer', (field, value) => {
    const outcome = read(`{"output":1,"${field}":${value}}`)
    expect(outcome).toMatchObject({ kind: 'failure', reason: 'badResponse' })
    expect(errorOf(outcome)).toMatch(new RegExp(`^/${field}: expected`))
  })

  test.each(['workgroupDelayInSeconds', 'childrenDelayInSeconds', 'retryAfterSeconds', 'workgroup', 'children'])(
    'null in %s is absence',
    (field) => {
      expect(read(`{"${field}":null}`)).toEqual(success)
    },
  )

  test('in a refusal are ignored, and the refusal counts', () => {
    expect(read('{"workgroupDelayInSeconds":"60"}', 500)).toEqual({
      ...failure,
      error: 'HTTP 500: {"workgroupDelayInSeconds":"60"}',
    })
  })

  test('in a rate limit leave the headers to say how long', () => {
    expect(read('{"workgroupDelayInSeconds":"60"}', 429, { 'retry-after': '7' })).toMatchObject({
      kind: 'rateLimited',
      holdMs: 7000,
    })
  })

  test('only false itself means that no attempts are left', () => {
    for (const value of ['true', 'null', '"false"', '0', '{}'])
      expect(read(`{"error":"x","retryable":${value}}`)).toMatchObject({ isRetryable: true })
    expect(read('{"error":"x","retryable":false}')).toMatchObject({ isRetryable: false })
  })

  test.each([
    ['"x"', '/children: expected an array'],
    ['{}', '/children: expected an array'],
    ['[1]', '/children/0: expected an object'],
    ['[{"worker":"a"},null]', '/children/1: expected an object'],
    ['[{}]', '/children/0/worker: expected'],
    ['[{"worker":"../x"}]', '/children/0/worker: expected'],
    ['[{"worker":"a","id":"no spaces"}]', '/children/0/id: expected'],
    ['[{"worker":"a","priority":1.5}]', '/children/0/priority: expected'],
    ['[{"worker":"a","parentIds":"b"}]', '/children/0/parentIds: expected'],
    ['[{"worker":"a","_child_id":7}]', '/children/0/_child_id: expected'],
    ['[{"worker":"a","_parent_ids":[""]}]', '/children/0/_parent_ids: expected'],
  ])('children of %s fail the attempt with the pointer to the first bad one', (children, error) => {
    const outcome = read(`{"output":5,"workgroupDelayInSeconds":3,"children":${children}}`)
    expect(outcome).toMatchObject({ kind: 'failure', reason: 'badResponse', output: '5' })
    expect(outcome.delays.workgroupDelayMs).toBe(3000)
    expect(errorOf(outcome).startsWith(error)).toBe(true)
  })
})

describe('children', () => {
  test('in the form of crew-go are read with their fields', () => {
    const outcome = read('{"children":[{"id":"c","worker":"w","parentIds":["p"],"input":{"a":1e2},"priority":3}]}')
    expect(outcome).toMatchObject({
      children: [{ id: 'c', worker: 'w', parentIds: ['p'], input: '{"a":1e2}', priority: 3, localName: null }],
    })
  })

  test('in the form of Crew v1 are read with local names', () => {
    const outcome = read('{"children":[{"_child_id":"first one","channel":"w","_parent_ids":["b","b"],"input":[]}]}')
    expect(outcome).toMatchObject({
      children: [{ worker: 'w', parentIds: ['b'], input: '[]', localName: 'first one' }],
    })
    expect(outcome).not.toHaveProperty('children.0.id')
  })

  test('up to 10,000 are taken, one more is refused', () => {
    const children = (count: number) => ({ children: Array(count).fill({ worker: 'w' }) })
    expect(read(children(MAX_CHILDREN))).toMatchObject({ kind: 'success' })
    expect(errorOf(read(children(MAX_CHILDREN + 1)))).toBe('/children: expected at most 10000 children')
  })
})

describe('a refusal', () => {
  test.each([400, 401, 404, 409, 422, 500, 502, 503, 504, 599])('with status %d is a failure', (status) => {
    expect(read('', status)).toEqual({ ...failure, error: `HTTP ${status}` })
  })

  test('shows the first 200 bytes of a body that is no JSON', () => {
    expect(errorOf(read(`  ${'é'.repeat(500)}`, 500))).toBe(`HTTP 500: ${'é'.repeat(99)}`)
  })

  test('tells the error of its body, and keeps output, delays and wishes', () => {
    const body =
      '{"error":"quota","output":{"n":1.0},"workgroupDelayInSeconds":1,"childrenDelayInSeconds":2,"retryable":false,"retryAfterSeconds":3}'
    expect(read(body, 500)).toEqual({
      kind: 'failure',
      reason: 'failed',
      error: 'HTTP 500: quota',
      output: '{"n":1.0}',
      delays: { workgroupDelayMs: 1000, childrenDelayMs: 2000, workgroup: null },
      isRetryable: false,
      retryAfterMs: 3000,
    })
  })

  test('creates no children', () => {
    expect(read('{"children":[{"worker":"w"}]}', 500)).toMatchObject({ kind: 'failure' })
  })

  test.each([300, 301, 302, 303, 304, 307, 308])('with status %d says that redirects are not followed', (status) => {
    expect(errorOf(read('', status, { location: 'http://elsewhere/' }))).toBe(
      `HTTP ${status} (redirects are not followed)`,
    )
  })

  test('of 503 is no rate limit without Retry-After, whatever else it says', () => {
    expect(read('{"workgroupDelayInSeconds":9}', 503, { 'x-ratelimit-reset': '9' })).toMatchObject({ kind: 'failure' })
  })

  test('of 503 is no rate limit when its Retry-After is malformed', () => {
    expect(read('', 503, { 'retry-after': 'soon' })).toMatchObject({ kind: 'failure' })
  })

  test('of another status is no rate limit even with Retry-After', () => {
    expect(read('', 500, { 'retry-after': '9' })).toMatchObject({ kind: 'failure', retryAfterMs: null })
  })
})

describe('a call without an answer', () => {
  test.each([
    ['timeout', 'timeout'],
    ['networkError', 'networkError'],
    ['responseTooLarge', 'badResponse'],
    ['noAddress', 'badResponse'],
  ] as const)('by %s is a failure of the kind %s', (kind, reason) => {
    expect(readReply({ kind, message: 'what happened' }, NOW)).toEqual({ ...failure, reason, error: 'what happened' })
  })
})

describe('a rate limit', () => {
  const inAMinute = new Date(NOW + 60_000).toUTCString()
  test.each([
    ['the body', '{"workgroupDelayInSeconds":1.5}', { 'retry-after': '9' }, 1500, 'workgroupDelayInSeconds'],
    ['Retry-After in seconds', '', { 'retry-after': '9', ratelimit: '"d";r=0;t=5' }, 9000, 'Retry-After'],
    ['Retry-After as a date', '', { 'retry-after': inAMinute }, 60_000, 'Retry-After'],
    ['RateLimit with nothing remaining', '', { ratelimit: '"d";r=0;t=5', 'x-ratelimit-reset': '3' }, 5000, 'RateLimit'],
    ['X-RateLimit-Reset', '', { ratelimit: '"d";r=4;t=5', 'x-ratelimit-reset': '3' }, 3000, 'X-RateLimit-Reset'],
    ['nobody', '', {}, null, 'HTTP 429'],
    ['nobody, when a body delay of 0', '{"workgroupDelayInSeconds":0}', {}, null, 'HTTP 429'],
    [
      'a header, when the body delay is 0',
      '{"workgroupDelayInSeconds":0}',
      { 'retry-after': '4' },
      4000,
      'Retry-After',
    ],
    [
      'the next, when Retry-After is malformed',
      '',
      { 'retry-after': 'soon', 'x-ratelimit-reset': '3' },
      3000,
      'X-RateLimit-Reset',
    ],
  ])('holds as long as %s says', (_, body, headers, holdMs, source) => {
    expect(read(body, 429, headers)).toMatchObject({ kind: 'rateLimited', holdMs, source })
  })

  test('of 503 with Retry-After is one', () => {
    expect(read('busy', 503, { 'retry-after': '2' })).toMatchObject({
      kind: 'rateLimited',
      holdMs: 2000,
      error: 'HTTP 503: busy',
    })
  })

  test.each([86_401, 1e300])('never holds beyond 24 h, whether the body says %d seconds', (seconds) => {
    expect(read({ workgroupDelayInSeconds: seconds }, 429)).toMatchObject({ holdMs: MAX_DELAY_MS })
    expect(read('', 429, { 'retry-after': String(Math.min(seconds, 1e15)) })).toMatchObject({ holdMs: MAX_DELAY_MS })
  })

  test('keeps what else the body says', () => {
    const body = '{"error":"slow down","output":1,"workgroup":"key-7","retryable":false,"retryAfterSeconds":4}'
    expect(read(body, 429)).toMatchObject({
      error: 'HTTP 429: slow down',
      output: '1',
      isRetryable: false,
      retryAfterMs: 4000,
      delays: { workgroup: 'key-7' },
    })
  })
})

describe('durations in the body', () => {
  test.each([
    [1.0005, 1001],
    [0, 0],
    [-5, 0],
    [1e-9, 1],
    [1e9, MAX_DELAY_MS],
  ])('%d seconds are %d ms', (seconds, ms) => {
    expect(read({ error: 'x', retryAfterSeconds: seconds })).toMatchObject({ retryAfterMs: ms })
    expect(read({ childrenDelayInSeconds: seconds })).toMatchObject({ delays: { childrenDelayMs: ms } })
  })

  test('an endless number is cut', () => {
    expect(read('{"workgroupDelayInSeconds":1e999}')).toMatchObject({ delays: { workgroupDelayMs: MAX_DELAY_MS } })
  })
})

test('any answer at all has an outcome whose numbers can be stored', () => {
  const field = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.double(), fc.constant(undefined))
  const body = fc.record({
    output: field,
    error: field,
    children: field,
    workgroup: field,
    workgroupDelayInSeconds: field,
    childrenDelayInSeconds: field,
    retryable: field,
    retryAfterSeconds: field,
  })
  const text = fc.oneof(
    body.map((value) => JSON.stringify(value)),
    fc.string({ unit: 'binary' }),
  )
  const status = fc.oneof(fc.integer({ min: 200, max: 599 }), fc.constantFrom(200, 202, 429, 503))
  const headers = fc.dictionary(fc.constantFrom('retry-after', 'ratelimit', 'x-ratelimit-reset'), fc.string())
  fc.assert(
    fc.property(text, status, headers, (sent, code, sentHeaders) => {
      const outcome = readReply(answer(sent, code, sentHeaders), NOW)
      const { delays } = outcome
      const times = [delays.workgroupDelayMs, delays.childrenDelayMs]
      if (outcome.kind !== 'success') times.push(outcome.retryAfterMs ?? 0)
      if (outcome.kind === 'rateLimited') times.push(outcome.holdMs ?? 0)
      for (const ms of times) {
        expect(Number.isSafeInteger(ms)).toBe(true)
        expect(ms).toBeGreaterThanOrEqual(0)
        expect(ms).toBeLessThanOrEqual(MAX_DELAY_MS)
      }
      if (outcome.kind !== 'success') expect(outcome.error.isWellFormed()).toBe(true)
      if (outcome.output !== null) JSON.parse(outcome.output)
    }),
    { numRuns: 500 },
  )
})
