import { describe, expect, test } from 'vitest'
import type { Worker } from '../../../ui/src/api/operations.ts'
import type { Gate } from '../../../ui/src/api/traffic.ts'
import { escapePointer, faultAt, faultsElsewhere } from '../../../ui/src/lib/faults.ts'
import { fieldTime, holdIn } from '../../../ui/src/lib/hold-form.ts'
import { changedIn, limitsIn } from '../../../ui/src/lib/limits-form.ts'
import { headerLines, testBody } from '../../../ui/src/lib/test-call.ts'
import {
  boundText,
  isForever,
  isHeldAt,
  isLost,
  lastHourOf,
  meantBy,
  perTime,
  rateText,
} from '../../../ui/src/lib/traffic.ts'
import { workerEditIn } from '../../../ui/src/lib/worker-form.ts'

const NOW = Date.parse('2026-11-22T10:00:00Z')
const at = (ms: number): string => new Date(NOW + ms).toISOString()

function makeForm(fields: Readonly<Record<string, string | readonly string[]>>): FormData {
  const form = new FormData()
  for (const [name, values] of Object.entries(fields)) for (const value of [values].flat()) form.append(name, value)
  return form
}

const open: Gate = {
  maxConcurrent: null,
  rateLimit: null,
  ramp: { stepSeconds: 1 },
  window: null,
  pace: null,
  nextStartAt: null,
  bound: null,
}

describe('what bounds starts', () => {
  test.each([
    [{}, null],
    [{ bound: 'concurrency', maxConcurrent: 20 }, '▶ full: all 20 under way'],
    [{ bound: 'rate', rateLimit: { count: 60, perSeconds: 60, burst: 1 } }, '❄ rate limit of 60 per minute'],
    [{ bound: 'pace', pace: { perSecond: 2.5, until: at(0) } }, '❄ paced at 2.5/s'],
    [{ bound: 'ramp', window: 4 }, '↻ opens step by step, 4 at once'],
    [{ bound: 'breaker' }, '✕ breaker open'],
  ] as const)('of %j is told as %s', (change, text) => expect(boundText({ ...open, ...change })).toBe(text))

  test('is a rate in the unit that people use', () => {
    expect([perTime(41.6227), perTime(2.5), perTime(0.2), perTime(0.001)]).toEqual([
      '41.6/s',
      '2.5/s',
      '12/min',
      '3.6/h',
    ])
    expect(rateText({ count: 5, perSeconds: 90, burst: 3 })).toBe('5 per 1 m 30 s, 3 at once')
  })

  test('ends at a time, or when somebody resumes', () => {
    expect([isHeldAt(at(1), NOW), isHeldAt(at(0), NOW), isHeldAt('0001-01-01T00:00:00Z', NOW)]).toEqual([
      true,
      false,
      false,
    ])
    expect(isForever('9999-12-31T23:59:59.999Z')).toBe(true)
  })
})

test('the last hour counts what began in it, as long as it has lasted', () => {
  const holds = [
    { since: at(-60_000), until: at(60_000), endedAt: null },
    { since: at(-600_000), until: at(-300_000), endedAt: at(-580_000) },
    { since: at(-7_200_000), until: at(-7_100_000), endedAt: null },
  ]
  expect(lastHourOf(holds, NOW)).toEqual({ count: 2, averageMs: 40_000 })
  expect(lastHourOf([], NOW)).toEqual({ count: 0, averageMs: 0 })
})

test('a worker without an address is lost, unless it fetches its tasks or is a rule', () => {
  const worker = { address: null, mode: 'push', isRule: false } as const
  expect(isLost(worker)).toBe(true)
  expect(isLost({ ...worker, mode: 'pull' })).toBe(false)
  expect(isLost({ ...worker, isRule: true })).toBe(false)
  expect(isLost({ ...worker, address: 'https://shop.example.com/' })).toBe(false)
})

test('a refusal tells the name that was meant', () => {
  expect(meantBy('No settings, task or hold name a worker "send-mial" (did you mean shop/send-mail?).')).toBe(
    'shop/send-mail',
  )
  expect(meantBy('No settings, task or hold name a worker "x".')).toBeNull()
})

describe('a hold that is asked for', () => {
  test.each([
    [
      { length: '300', reason: ' tea ' },
      { seconds: 300, reason: 'tea' },
    ],
    [{ length: 'ever', reason: '' }, {}],
    [{ length: 'until', until: '2026-11-22T12:30' }, { until: '2026-11-22T12:30:00.000Z' }],
    [{ length: 'until', until: '' }, { until: '' }],
  ])('as %j is %j', (fields, body) => expect(holdIn(makeForm(fields), true)).toEqual(body))

  test('begins at a time that the field reads back as the same', () => {
    for (const isUtc of [true, false])
      expect(holdIn(makeForm({ length: 'until', until: fieldTime(NOW, isUtc) }), isUtc)).toEqual({ until: at(0) })
  })
})

describe('a form of settings', () => {
  const worker = {
    url: null,
    headers: { 'x-team': 'mail' },
    mode: 'push',
    timeoutSeconds: null,
    retry: null,
    breaker: { failures: 10, openSeconds: 10 },
    maxConcurrent: 5,
    rateLimit: { count: 60, perSeconds: 60, burst: 1 },
    ramp: { stepSeconds: 1 },
    signingSecret: null,
  } as unknown as Worker
  const untouched = {
    url: '',
    headerName: ['x-team', ''],
    headerValue: ['mail', ''],
    mode: 'push',
    timeoutSeconds: '',
    strategy: '',
    failures: '10',
    openSeconds: '10',
    maxConcurrent: '5',
    count: '60',
    perSeconds: '60',
    burst: '1',
    stepSeconds: '1',
  }

  test('sends nothing when nothing was changed', () => expect(workerEditIn(makeForm(untouched), worker)).toEqual({}))

  test('sends what was changed, and null for what was emptied', () => {
    const form = makeForm({
      ...untouched,
      maxConcurrent: '',
      count: '',
      perSeconds: '',
      burst: '',
      headerName: ['X-Team', 'Authorization'],
      headerValue: ['mail', 'Bearer secret:SHOP'],
      strategy: 'exponential',
      factor: '3',
      maxSeconds: '',
      jitter: '0.5',
    })
    expect(workerEditIn(form, worker)).toEqual({
      maxConcurrent: null,
      rateLimit: null,
      headers: { 'x-team': 'mail', authorization: 'Bearer secret:SHOP' },
      retry: { strategy: 'exponential', factor: 3, maxSeconds: null, jitter: 0.5 },
    })
  })

  test('keeps signing secrets as they are shown, beside a new one', () => {
    const shown = { ...worker, signingSecret: 'whsec_****abcd' } as Worker
    const form = (signingSecret: string, signingSecretBefore: string) =>
      makeForm({ ...untouched, signingSecret, signingSecretBefore })
    expect(workerEditIn(form('whsec_****abcd', ''), shown)).toEqual({})
    expect(workerEditIn(form(' whsec_new ', 'whsec_****abcd'), shown)).toEqual({
      signingSecret: ['whsec_new', 'whsec_****abcd'],
    })
    expect(workerEditIn(form('', ''), shown)).toEqual({ signingSecret: null })
    const two = { ...worker, signingSecret: ['whsec_****new=', 'whsec_****abcd'] } as Worker
    expect(workerEditIn(form('whsec_****new=', 'whsec_****abcd'), two)).toEqual({})
    expect(workerEditIn(form('whsec_****new=', ''), two)).toEqual({ signingSecret: 'whsec_****new=' })
  })

  test('leaves it to the server to say which part of a rate is missing', () => {
    expect(limitsIn(makeForm({ count: '5', stepSeconds: '0' }))).toEqual({
      maxConcurrent: null,
      rateLimit: { count: 5 },
      ramp: { stepSeconds: 0 },
    })
  })

  test('takes fields in another order for the same', () => {
    expect(changedIn({ a: { x: 1, y: 2 } }, { a: { y: 2, x: 1 } })).toEqual({})
  })
})

test('a fault stands at its field, and one that no field shows stands apart', () => {
  const faults = [
    { pointer: '/headers/x~1y', detail: 'is there twice' },
    { pointer: '/name', detail: 'is none' },
  ]
  expect(faultAt(faults, `/headers/${escapePointer('x/y')}`)).toBe('is there twice')
  expect(faultAt(faults, '/head')).toBeNull()
  expect(faultsElsewhere(faults, ['/headers'])).toEqual([faults[1]])
})

test('a test call sends its input digit by digit', () => {
  expect(testBody({ input: '{"id":9007199254740993}', seconds: ' 5 ' })).toBe(
    '{"input":{"id":9007199254740993},"timeoutSeconds":5}',
  )
  expect(testBody({ input: 'null', seconds: '' })).toBe('{"input":null}')
  expect(headerLines({ a: 'x', b: ['y', 'z'] })).toEqual(['a: x', 'b: y', 'b: z'])
})
