import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readCrewGoGroup, readCrewGoTask, readTaskGroupId } from '../../server/core/crew-go-document.ts'
import { isId } from '../../server/core/ids.ts'
import { attemptsLeft, Hold, type Task, withHold } from '../../server/core/task.ts'
import { parseTaskInput } from '../../server/core/task-input.ts'
import { NOW } from '../support/attempts.ts'
import { type CrewGoTaskFields, crewGoGroup, crewGoTask } from '../support/crew-go.ts'
import { makeGroup, makeTask } from '../support/make.ts'

const group = makeGroup({ id: 'g' })
const readText = (text: string, id = 't') => readCrewGoTask({ id, text }, { group, now: NOW })
const read = (fields: Omit<CrewGoTaskFields, 'id'>) => readText(crewGoTask({ id: 't', ...fields }).text)

function taskOf(fields: Omit<CrewGoTaskFields, 'id'>): Task {
  const reading = read(fields)
  if ('unusable' in reading) throw new Error(reading.unusable.reason)
  return reading.value.task
}

const createdAt = Date.parse('2023-05-01T10:00:00.123Z')

describe('a task of crew-go', () => {
  test('becomes one of Crew, with all that it says', () => {
    const fields = {
      name: 'fetch',
      worker: 'ads/fetch',
      workgroup: 'ads',
      key: 'k',
      remainingAttempts: 2,
      runAfter: '2023-05-02T09:30:00.25-07:00',
      isSeed: true,
      errors: ['timeout', 'status 500'],
      parentIds: ['a', 'b', 'a'],
    }
    expect(taskOf(fields)).toEqual(
      makeTask({
        ...fields,
        id: 't',
        groupId: 'g',
        mergeKey: 'g:g k',
        runAfter: Date.parse('2023-05-02T16:30:00.250Z'),
        errorDelayInSeconds: 30,
        parentIds: ['a', 'b'],
        createdAt,
        version: 0,
        run: NOW,
        attempts: 2,
        failures: 2,
      }),
    )
  })

  test('keeps input and output byte for byte', () => {
    const input = '{"n":12345678901234567890,"b":1.0, "a":[ ],"html":"\\u003cb\\u003e","z":"\\u0000"}'
    expect(taskOf({ input, output: '"\\ud83d\\ude00 é"' })).toMatchObject({ input, output: '"\\ud83d\\ude00 é"' })
  })

  test('that was never told a time is due at once', () => {
    expect(taskOf({ runAfter: '0001-01-01T00:00:00Z' }).runAfter).toBe(0)
  })

  test('that executes can be claimed, and it is told that it was executing', () => {
    expect(read({ busyExecuting: true })).toMatchObject({
      value: { wasExecuting: true, task: { holds: 0, lease: null, remainingAttempts: 5 } },
    })
  })

  test.each([
    [{ isComplete: true }, Hold.complete],
    [{ isPaused: true }, Hold.paused],
    [{ remainingAttempts: 0 }, Hold.exhausted],
    [{ remainingAttempts: -3 }, Hold.exhausted],
    [{ isComplete: true, isPaused: true, remainingAttempts: 0 }, Hold.complete | Hold.paused | Hold.exhausted],
  ])('%j is held for the same reasons', (fields, holds) => {
    expect(taskOf(fields).holds).toBe(holds)
  })

  test('keeps its newest 50 errors, and counts all of them', () => {
    const errors = Array.from({ length: 60 }, (_, index) => `error ${index}`)
    const task = taskOf({ errors, isComplete: true })
    expect(task).toMatchObject({ errors: errors.slice(-50), failures: 60, attempts: 61 })
  })

  test('may have errors that are no text', () => {
    expect(taskOf({ errors: [{ code: 7 }, null, 'x'.repeat(5000)] }).errors).toEqual([
      '{"code":7}',
      'null',
      `${'x'.repeat(4093)}…`,
    ])
  })

  test('may lack what crew-go would fill in', () => {
    expect(readText('{"worker":"w","name":null,"errors":null,"parentIds":null,"isPaused":null}')).toMatchObject({
      value: { task: { id: 't', name: '', errors: [], parentIds: [], holds: 0, createdAt: NOW }, changes: [] },
    })
  })

  test('has a name that is too long for Crew cut, and that is told', () => {
    expect(read({ name: 'n'.repeat(1001) })).toMatchObject({
      value: { task: { name: 'n'.repeat(1000) }, changes: ['its name is cut to what Crew takes'] },
    })
  })

  test.each([
    [{ errorDelayInSeconds: -1 }, 0],
    [{ errorDelayInSeconds: 1e12 }, 366 * 24 * 3600],
  ])('with %j waits as long as it may', (fields, errorDelayInSeconds) => {
    expect(taskOf(fields)).toMatchObject({ errorDelayInSeconds })
  })

  test.each([
    ['', /found the end of the text/],
    ['{"id":"t"', /found the end of the text/],
    ['["t"]', 'it is no JSON object'],
    ['"t"', 'it is no JSON object'],
    [`{"worker":"w","input":${'['.repeat(101)}${']'.repeat(101)}}`, /nested deeper than 100 levels/],
  ])('%s is malformed', (text, reason) => {
    expect(readText(text)).toEqual({ unusable: { kind: 'malformed', reason: expect.stringMatching(reason) } })
  })

  test.each([
    [{ worker: '' }, /^worker: expected a worker name/],
    [{ worker: 'https://example.com/a b' }, /^worker: expected a worker name/],
    [{ workgroup: 'x'.repeat(257) }, 'workgroup: expected at most 256 characters'],
    [{ isPaused: 'yes' }, 'isPaused: expected true or false'],
    [{ remainingAttempts: 1.5 }, 'remainingAttempts: expected an integer, 0 or more'],
    [{ runAfter: 'tomorrow' }, /^runAfter: expected an RFC 3339 time/],
    [{ createdAt: 'yesterday' }, 'createdAt: expected an RFC 3339 time'],
    [{ errors: 'none' }, 'errors: expected an array'],
    [{ parentIds: [1] }, 'parentIds: expected an array of at most 10000 strings'],
    [{ parentIds: Array.from({ length: 10_001 }, String) }, 'parentIds: expected an array of at most 10000 strings'],
  ])('%j is refused', (fields, reason) => {
    expect(read(fields)).toEqual({ unusable: { kind: 'refused', reason: expect.stringMatching(reason) } })
  })

  test('has the id that its key says', () => {
    const reason = 'id: expected the one in its key'
    expect(readText('{"id":"other","worker":"w"}')).toEqual({ unusable: { kind: 'refused', reason } })
    expect(readText('{"id":"","worker":"w"}')).toMatchObject({ value: { task: { id: 't' } } })
    expect(readText('{"worker":"w"}', 'a b')).toMatchObject({
      unusable: { reason: expect.stringMatching(/^id: expected 1/) },
    })
  })

  test('says which group it is of', () => {
    expect(readTaskGroupId(crewGoTask({ id: 't', taskGroupId: 'g7' }).text)).toEqual({ value: 'g7' })
    expect(readTaskGroupId('{}')).toMatchObject({ unusable: { kind: 'refused' } })
    expect(readTaskGroupId('{')).toMatchObject({ unusable: { kind: 'malformed' } })
  })
})

describe('a group of crew-go', () => {
  const readGroup = (fields: object) => readCrewGoGroup(crewGoGroup({ id: 'g', ...fields }), NOW)

  test('becomes one of Crew', () => {
    expect(readGroup({ name: 'nightly', isPaused: true })).toEqual({
      value: makeGroup({
        id: 'g',
        name: 'nightly',
        isPaused: true,
        createdAt: Date.parse('2023-05-01T09:59:59.500Z'),
        epoch: 0,
      }),
    })
  })

  test('is not paused when it does not say so', () => {
    expect(readGroup({})).toMatchObject({ value: { isPaused: false } })
  })

  test.each([
    [{ name: 7 }, 'name: expected a string'],
    [{ isPaused: 0 }, 'isPaused: expected true or false'],
    [{ createdAt: 'x' }, 'createdAt: expected an RFC 3339 time'],
    [{ id: 'other' }, 'id: expected the one in its key'],
  ])('%j is refused', (fields, reason) => {
    const { text } = crewGoGroup({ id: 'g', ...fields })
    expect(readCrewGoGroup({ id: 'g', text }, NOW)).toEqual({ unusable: { kind: 'refused', reason } })
  })

  test('whose key holds something else is malformed', () => {
    expect(readCrewGoGroup({ id: 'g', text: 'x' }, NOW)).toMatchObject({ unusable: { kind: 'malformed' } })
  })
})

test('whatever crew-go has stored becomes a task that Crew takes, or a reason', () => {
  const anything = fc.jsonValue()
  const time = fc.oneof(fc.constantFrom('', '0001-01-01T00:00:00Z', '2023-05-01T12:00:00.123456789-07:00'), anything)
  const field = (likely: fc.Arbitrary<unknown>) => fc.oneof({ weight: 9, arbitrary: likely }, anything)
  const record = fc.record(
    {
      name: field(fc.oneof(fc.string({ unit: 'binary' }), fc.constant('n'.repeat(1100)))),
      worker: field(fc.constantFrom('w', 'a/b', '')),
      workgroup: field(fc.string()),
      key: field(fc.string()),
      remainingAttempts: field(fc.integer()),
      isPaused: field(fc.boolean()),
      isComplete: field(fc.boolean()),
      runAfter: time,
      createdAt: time,
      isSeed: field(fc.boolean()),
      errorDelayInSeconds: field(fc.double()),
      input: anything,
      output: anything,
      errors: field(fc.array(anything, { maxLength: 60 })),
      parentIds: field(fc.array(fc.string())),
    },
    { requiredKeys: [] },
  )
  const text = fc.oneof(
    { weight: 9, arbitrary: record.map((fields) => JSON.stringify(fields)) },
    fc.string(),
    fc.json(),
  )
  fc.assert(
    fc.property(fc.oneof(fc.constantFrom('t', 'a.b_c:d-1'), fc.string()), text, (id, json) => {
      const reading = readText(json, id)
      if ('unusable' in reading) expect(reading.unusable.reason).not.toBe('')
      else expectValid(reading.value.task)
    }),
    { numRuns: 500 },
  )
})

function expectValid(task: Task): void {
  const { parentIds, input, output, holds, remainingAttempts, errors, ...fields } = task
  expect(isId(task.id)).toBe(true)
  expect(parseTaskInput({ ...fields, runAfter: '', remainingAttempts }, '').faults).toEqual([])
  for (const text of [input, output]) expect(() => JSON.parse(text)).not.toThrow()
  expect(parentIds.every((id) => typeof id === 'string')).toBe(true)
  expect(errors.length).toBeLessThanOrEqual(50)
  expect(withHold(holds, Hold.exhausted, false)).toBe(holds & (Hold.paused | Hold.complete))
  expect(attemptsLeft(holds, remainingAttempts)).toEqual({ holds, remainingAttempts })
  for (const time of [task.runAfter, task.createdAt]) expect(Number.isSafeInteger(time)).toBe(true)
}
