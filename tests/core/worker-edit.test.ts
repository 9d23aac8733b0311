import { describe, expect, test } from 'vitest'
import { isSettingsName, parseWorkerEdit, workerFields } from '../../server/core/worker-edit.ts'
import { DEFAULT_BREAKER, noSettings, settingsFrom, settingsText } from '../../server/core/worker-settings.ts'

const signingKeys = { canSeal: true, faultOf: (text: string) => (text === 'bad' ? 'is bad' : null) }
const policy = { hasSecret: (name: string) => name === 'A', egressAllow: [], signingKeys }
const parse = (body: unknown, name = 'w') => parseWorkerEdit(body, name, policy)
const pointersOf = (body: unknown, name?: string) => parse(body, name).faults.map(({ pointer }) => pointer)

describe('a change of a worker', () => {
  test('says what is given and nothing else', () => {
    expect(parse({})).toEqual({ edit: { settings: {}, limits: {} }, faults: [] })
    expect(parse({ timeoutSeconds: 5, maxConcurrent: 2, isPaused: true })).toEqual({
      edit: { settings: { timeoutSeconds: 5 }, limits: { maxConcurrent: 2 }, isPaused: true },
      faults: [],
    })
  })

  test('may have every field', () => {
    const body = {
      url: 'https://example.com/hook',
      headers: { 'X-A': 'secret:A' },
      signingSecret: ['whsec_new', 'secret:A'],
      mode: 'both',
      timeoutSeconds: 0.5,
      maxConcurrent: 3,
      rateLimit: { count: 10, perSeconds: 1, burst: 5 },
      retry: { strategy: 'exponential', factor: 3 },
      breaker: { failures: 4, openSeconds: 2.5 },
      ramp: { stepSeconds: 0 },
      isPaused: false,
    }
    expect(Object.keys(body).sort()).toEqual([...workerFields].sort())
    expect(parse(body)).toEqual({
      edit: {
        settings: {
          url: 'https://example.com/hook',
          headers: { 'x-a': 'secret:A' },
          mode: 'both',
          timeoutSeconds: 0.5,
          retry: { strategy: 'exponential', factor: 3, maxSeconds: null, jitter: 0 },
          breaker: { failures: 4, openSeconds: 2.5 },
        },
        signingSecrets: [
          { kind: 'plain', text: 'whsec_new' },
          { kind: 'named', name: 'A' },
        ],
        limits: { maxConcurrent: 3, rate: { count: 10, perMs: 1000, burst: 5 }, rampStepMs: 0 },
        isPaused: false,
      },
      faults: [],
    })
  })

  test('makes of null what nobody set', () => {
    const body = Object.fromEntries(workerFields.map((field) => [field, null]))
    const { name: _name, signingSecrets, ...none } = noSettings('w')
    expect(parse(body)).toEqual({
      edit: {
        settings: none,
        signingSecrets,
        limits: { maxConcurrent: null, rate: null, rampStepMs: 1000 },
        isPaused: false,
      },
      faults: [],
    })
  })

  test('of a breaker fills in what is left out', () => {
    expect(parse({ breaker: { failures: 0 } }).edit.settings.breaker).toEqual({ ...DEFAULT_BREAKER, failures: 0 })
  })

  test.each([
    [{ url: 5 }, '/url'],
    [{ url: 'ftp://x' }, '/url'],
    [{ url: 'http://127.0.0.1/' }, '/url'],
    [{ headers: { host: 'x' } }, '/headers/host'],
    [{ headers: 'x' }, '/headers'],
    [{ headers: { 'x-a': 'secret:B' } }, '/headers/x-a'],
    [{ signingSecret: 'bad' }, '/signingSecret'],
    [{ signingSecret: ['whsec_a', 'bad'] }, '/signingSecret/1'],
    [{ mode: 'poll' }, '/mode'],
    [{ mode: 5 }, '/mode'],
    [{ timeoutSeconds: 0 }, '/timeoutSeconds'],
    [{ timeoutSeconds: -1 }, '/timeoutSeconds'],
    [{ timeoutSeconds: '5' }, '/timeoutSeconds'],
    [{ timeoutSeconds: 1e9 }, '/timeoutSeconds'],
    [{ maxConcurrent: 0 }, '/maxConcurrent'],
    [{ maxConcurrent: 1.5 }, '/maxConcurrent'],
    [{ rateLimit: { count: 0, perSeconds: 1 } }, '/rateLimit/count'],
    [{ rateLimit: { count: 1, perSeconds: 1, burst: 0.5 } }, '/rateLimit/burst'],
    [{ retry: 5 }, '/retry'],
    [{ retry: { strategy: 'other' } }, '/retry/strategy'],
    [{ retry: { 'max~Seconds': 5 } }, '/retry/max~0Seconds'],
    [{ breaker: 5 }, '/breaker'],
    [{ breaker: { failures: -1 } }, '/breaker/failures'],
    [{ breaker: { failures: 1.5 } }, '/breaker/failures'],
    [{ breaker: { failures: 1001 } }, '/breaker/failures'],
    [{ breaker: { openSeconds: 0 } }, '/breaker/openSeconds'],
    [{ breaker: { openSeconds: '1' } }, '/breaker/openSeconds'],
    [{ breaker: { opens: 1 } }, '/breaker/opens'],
    [{ ramp: { stepSeconds: -1 } }, '/ramp/stepSeconds'],
    [{ isPaused: 'true' }, '/isPaused'],
    [{ isPaused: 1 }, '/isPaused'],
    [{ name: 'x' }, '/name'],
    [{ heldUntil: '2026-11-22T10:00:00Z' }, '/heldUntil'],
    [{ maxconcurrent: 1 }, '/maxconcurrent'],
    [5, ''],
    [[], ''],
  ])('is not %j', (body, pointer) => expect(pointersOf(body)).toEqual([pointer]))

  test('tells all its faults at once', () => {
    expect(pointersOf({ url: 5, mode: 5, maxConcurrent: -1, other: 1 }).sort()).toEqual([
      ...['/maxConcurrent', '/mode', '/other', '/url'],
    ])
  })

  test('of a rule does not pause it', () => {
    expect(pointersOf({ isPaused: true }, 'a/*')).toEqual(['/isPaused'])
    expect(pointersOf({ isPaused: false }, 'a/*')).toEqual([])
  })
})

describe('the name of settings', () => {
  test.each(['w', 'shop/orders', '*', 'shop/*', 'a/b/*'])('may be %s', (name) => {
    expect(isSettingsName(name)).toBe(true)
    expect(pointersOf({}, name)).toEqual([])
  })

  test.each(['', '/w', 'a..b', 'a b', 'a?b', '**', 'a*', 'a/*/b', '*/a', '/*', '../*', 'ä', 'x'.repeat(257)])(
    'is not %j',
    (name) => {
      expect(isSettingsName(name)).toBe(false)
      expect(pointersOf({}, name)).toEqual(['/name'])
    },
  )
})

describe('stored settings', () => {
  test('are read as they were written', () => {
    const settings = {
      ...noSettings('a/b'),
      url: 'https://e.com/',
      headers: { 'x-a': 'secret:A' },
      mode: 'pull' as const,
    }
    expect(settingsFrom('a/b', settingsText(settings))).toEqual(settings)
    expect(settingsText(settings)).not.toContain('a/b')
  })

  test('of an older server have the default of what it did not know', () => {
    expect(settingsFrom('w', '{"url":"https://e.com/"}')).toEqual({ ...noSettings('w'), url: 'https://e.com/' })
  })
})
