import { describe, expect, test } from 'vitest'
import { parseCrewGoAddress } from '../../server/cli/crew-go-address.ts'
import { findingLine, progressLine, reportLines } from '../../server/cli/import-report.ts'
import type { ImportCount } from '../../server/services/import-crew-go.ts'

describe('the address of crew-go', () => {
  test.each([
    ['redis://localhost', { host: 'localhost', port: 6379, database: 1, username: '', password: '', hasTls: false }],
    ['redis://10.0.0.7:6380/0', { host: '10.0.0.7', port: 6380, database: 0, shown: 'redis://10.0.0.7:6380/0' }],
    ['redis://:p%40ss%2Fword@h/3', { password: 'p@ss/word', database: 3, shown: 'redis://h:6379/3' }],
    ['rediss://me:secret@h', { username: 'me', password: 'secret', hasTls: true, shown: 'rediss://h:6379/1' }],
    ['redis://[::1]:7/', { host: '::1', port: 7, database: 1, shown: 'redis://[::1]:7/1' }],
  ])('%s is understood', (text, parts) => {
    expect(parseCrewGoAddress(text)).toMatchObject(parts)
  })

  test.each([
    ...['', 'localhost:6379', 'http://localhost', 'redis://', 'redis://h/one', 'redis://h/1/2', 'redis://h/1?x=1'],
    ...['redis://:pa#ss@h', 'redis://:secret%@h', 'redis://h:70000'],
  ])('"%s" is refused without being shown', (text) => {
    expect(() => parseCrewGoAddress(text)).toThrow(/^--from is not understood: write redis:\/\/\[:PASSWORD@\]HOST/)
    expect(() => parseCrewGoAddress(text)).not.toThrow(/secret/)
  })
})

describe('the report', () => {
  const nothing: ImportCount = {
    groups: 0,
    tasks: { complete: 0, unfinished: 0, paused: 0, exhausted: 0, executing: 0 },
    groupsPresent: 0,
    groupsSkipped: 0,
    tasksSkipped: new Map(),
  }

  test('is one line when nothing is to be told', () => {
    expect(reportLines(nothing, false)).toEqual([
      'Imported 0 groups with 0 tasks (0 complete, 0 unfinished, 0 paused).',
    ])
  })

  test('tells what is left alone, skipped, or has to be looked after', () => {
    const tasks = { complete: 3, unfinished: 4, paused: 1, exhausted: 2, executing: 1 }
    const tasksSkipped = new Map([['malformed', 1] as const, ['groupless', 2] as const])
    expect(reportLines({ groups: 1, tasks, groupsPresent: 2, groupsSkipped: 1, tasksSkipped }, true)).toEqual([
      'Would import 1 group with 8 tasks (3 complete, 4 unfinished, 1 paused).',
      '1 task of these was executing, and will be POSTed again.',
      '2 tasks of these have no attempts left: retry or reset what shall go on.',
      'Left alone 2 groups that Crew has already.',
      'Skipped 1 group.',
      'Skipped 3 tasks: 1 malformed, 2 without a group.',
    ])
  })

  test('tells imported groups in a dry run only', () => {
    const finding = { kind: 'groupImported', id: 'g', name: 'n', tasks: nothing.tasks } as const
    expect(findingLine(finding, true)).toBe('group g "n": 0 tasks (0 complete, 0 unfinished, 0 paused)')
    expect(findingLine(finding, false)).toBeNull()
  })

  test('keeps control characters of names from the terminal', () => {
    const finding = { kind: 'taskSkipped', id: '\u001b[31mred\n', reason: 'r' } as const
    expect(findingLine(finding, false)).toBe('task [31mred is skipped: r')
  })

  test('tells how far it is', () => {
    expect(progressLine({ tasksRead: 1, groupsDone: 20 })).toBe('1 task read, 20 groups done')
  })
})
