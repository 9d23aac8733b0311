import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  DEFAULT_GROUP_SETTINGS,
  failurePolicies,
  groupSettingsFrom,
  groupSettingsOf,
  groupSettingsText,
  parseGroupSettings,
} from '../../server/core/group-settings.ts'
import { groupEventTypes } from '../../server/core/receiver.ts'
import { NOTHING_TOLD } from '../../server/core/told.ts'

const policy = { egressAllow: [], signingKeys: { canSeal: true, faultOf: () => null } }
const parse = (body: unknown) => parseGroupSettings(body, policy)

const settings = fc.record(
  {
    onTaskFailure: fc.constantFrom(...failurePolicies),
    notify: fc.array(
      fc.record({
        url: fc.webUrl(),
        events: fc.subarray([...groupEventTypes]),
        worker: fc.string(),
        shownSecrets: fc.array(fc.string()),
      }),
      { maxLength: 3 },
    ),
    finally: fc.option(fc.record({ worker: fc.string(), input: fc.json() })),
    told: fc.option(
      fc.record({ ends: fc.nat(), tasks: fc.array(fc.string()) }).map((some) => ({ ...NOTHING_TOLD, ...some })),
    ),
  },
  { noNullPrototype: true },
)

describe('the settings of a group', () => {
  test('are read again as they were written', () => {
    fc.assert(
      fc.property(settings, (given) => {
        expect(groupSettingsFrom(groupSettingsText(given))).toEqual(given)
      }),
    )
  })

  test('say nothing while they are the defaults', () => {
    expect(groupSettingsText(DEFAULT_GROUP_SETTINGS)).toBe('{}')
    expect(groupSettingsFrom('{}')).toEqual(DEFAULT_GROUP_SETTINGS)
    expect(groupSettingsFrom(undefined)).toEqual(DEFAULT_GROUP_SETTINGS)
  })

  test('keep what a newer server wrote besides', () => {
    const read = groupSettingsFrom('{"later":1}')
    expect(read).toEqual({ ...DEFAULT_GROUP_SETTINGS, later: 1 })
    expect(JSON.parse(groupSettingsText(groupSettingsOf({ onTaskFailure: 'continue' }, read)))).toEqual({
      onTaskFailure: 'continue',
      later: 1,
    })
  })

  test('change only in what is given', () => {
    const before = { ...DEFAULT_GROUP_SETTINGS, onTaskFailure: 'continue', finally: { worker: 'w' } } as const
    expect(groupSettingsOf({ finally: null }, before)).toEqual({ ...before, finally: null })
    expect(groupSettingsOf({}, before)).toEqual(before)
  })

  test.each(failurePolicies)('may be %s', (onTaskFailure) => {
    expect(parse({ onTaskFailure, name: 'n' })).toEqual({ input: { onTaskFailure }, faults: [] })
  })

  test('name the field that is not right and what it may be', () => {
    const detail = 'expected one of "wait", "continue", "failFast"'
    expect(parse({ onTaskFailure: 'stop' }).faults).toEqual([{ pointer: '/onTaskFailure', detail }])
    expect(parse({})).toEqual({ input: {}, faults: [] })
    expect(parse([])).toEqual({ input: {}, faults: [] })
  })

  test('name receivers and a last task, with a pointer to what is wrong in them', () => {
    const { input, faults } = parse({ notify: [{ url: 'https://e.com' }], finally: { worker: 'w', priority: 2 } })
    expect(faults).toEqual([])
    expect(input).toEqual({
      notify: [{ url: 'https://e.com/', events: [...groupEventTypes], secrets: [] }],
      finally: { worker: 'w', priority: 2 },
    })
    expect(parse({ notify: null, finally: null }).input).toEqual({ notify: [], finally: null })
    const wrong = parse({ notify: [{ url: 'e.com' }, 1], finally: { worker: '../w', id: 'x' } })
    expect(wrong.faults.map(({ pointer }) => pointer)).toEqual([
      '/notify/0/url',
      '/notify/1',
      '/finally/worker',
      '/finally/id',
    ])
    expect(parse({ finally: {} }).faults.map(({ pointer }) => pointer)).toEqual(['/finally/worker'])
    expect(parse({ finally: 'w' }).faults.map(({ pointer }) => pointer)).toEqual(['/finally'])
  })
})
