import { describe, expect, test } from 'vitest'
import { DEFAULT_GROUP_SETTINGS } from '../../server/core/group-settings.ts'
import { editSchedule, firingId, MAX_SCHEDULE_ID_LENGTH, manualRunId } from '../../server/core/schedule.ts'
import { decideFiring, hasEnded } from '../../server/core/schedule-firing.ts'
import { refusalOfTemplate, type ScheduleTemplate } from '../../server/core/schedule-template.ts'
import type { Task } from '../../server/core/task.ts'
import type { CountedGroup } from '../../server/core/task-group.ts'
import { makeGroup } from '../support/make.ts'

const T = Date.parse('2026-11-22T10:00:00Z')
const schedule = editSchedule('nightly', null, { cron: '0 * * * *', name: 'Nightly' }, T - 1)

function makeTemplate(fields: Partial<ScheduleTemplate> = {}): ScheduleTemplate {
  return { name: '', metadata: {}, keyScope: 'group', isPaused: false, tasks: [], ...fields }
}

function fire(template: ScheduleTemplate, groupId = firingId('nightly', T)) {
  const changeSet = decideFiring({ schedule, template, groupId, scheduledFor: T, now: T + 7 })
  const tasks = changeSet.changes.flatMap((change): Task[] => (change.kind === 'insertTask' ? [change.task] : []))
  const [group] = changeSet.changes.flatMap((change) => (change.kind === 'putGroup' ? [change.group] : []))
  return { changeSet, tasks, group, ids: tasks.map(({ id, parentIds }) => [id, parentIds]) }
}

describe('the group of a firing', () => {
  test('has an id made of the schedule and the second, and is created only if there is none', () => {
    const { changeSet, group } = fire(makeTemplate())
    expect(group?.id).toBe('nightly-20261122T100000Z')
    expect(changeSet.guards).toEqual([{ kind: 'group', groupId: 'nightly-20261122T100000Z', epoch: null }])
    expect(changeSet.events).toEqual([{ type: 'group.created', groupId: 'nightly-20261122T100000Z' }])
    expect(firingId('nightly', T + 1000)).toBe('nightly-20261122T100001Z')
  })

  test('is what the template says, and tells its schedule and its time', () => {
    const fields = {
      keyScope: 'worker',
      onTaskFailure: 'continue',
      isPaused: true,
      metadata: { team: 'a', schedule: 'x' },
    } as const
    expect(fire(makeTemplate({ ...fields, name: 'Own' })).group).toEqual({
      id: 'nightly-20261122T100000Z',
      name: 'Own',
      createdAt: T + 7,
      isPaused: true,
      stoppedBy: null,
      metadata: { team: 'a', schedule: 'nightly', scheduledFor: '2026-11-22T10:00:00.000Z' },
      keyScope: 'worker',
      settings: { ...DEFAULT_GROUP_SETTINGS, onTaskFailure: 'continue' },
      epoch: 0,
    })
    expect(fire(makeTemplate()).group).toMatchObject({ name: 'Nightly' })
  })

  test('asked for by hand has an id of its own', () => {
    const id = manualRunId('nightly', T, '01990000-0000-7000-8000-0123456789ab')
    expect(id).toBe('nightly-20261122T100000Z-0123456789ab')
  })

  test.each([
    ['succeeded', { succeeded: 1 }, true],
    ['failed', { failed: 1, blocked: 2 }, true],
    ['empty', {}, true],
    ['active', { waiting: 1 }, false],
    ['running', { running: 1, failed: 1 }, false],
    ['paused', { paused: 1 }, false],
  ])('that is %s has ended: %j, %s', (_, some, expected) => {
    const counts = { succeeded: 0, running: 0, failed: 0, paused: 0, blocked: 0, waiting: 0, ...some }
    const waiting = { scheduled: 0, retrying: 0, throttled: 0 }
    const group: CountedGroup = { ...makeGroup(), counts, waiting, weightTotal: 0, weightDone: 0 }
    expect(hasEnded(group)).toBe(expected)
  })

  test('that is deleted has ended', () => {
    expect(hasEnded(null)).toBe(true)
  })
})

describe('the tasks of a firing', () => {
  const family = [
    { id: 'child', worker: 'w', parentIds: ['parent'] },
    { id: 'parent', worker: 'w', input: '{"b":1,"a":[]}' },
    { worker: 'w', parentIds: ['child'] },
  ]

  test('have ids of their own, also as parents, and come with parents first', () => {
    expect(fire(makeTemplate({ tasks: family })).ids).toEqual([
      ['nightly-20261122T100000Z.parent', []],
      ['nightly-20261122T100000Z.child', ['nightly-20261122T100000Z.parent']],
      ['nightly-20261122T100000Z:2', ['nightly-20261122T100000Z.child']],
    ])
  })

  test('are the same again when a firing is repeated, and others in the next', () => {
    const template = makeTemplate({ tasks: family })
    expect(fire(template)).toEqual(fire(template))
    const next = fire(template, firingId('nightly', T + 1000)).tasks.map(({ id }) => id)
    expect(fire(template).tasks.filter(({ id }) => next.includes(id))).toEqual([])
  })

  test('keep their input as it came and are due at once', () => {
    const [parent] = fire(makeTemplate({ tasks: family })).tasks
    expect(parent).toMatchObject({ input: '{"b":1,"a":[]}', runAfter: T + 7, createdAt: T + 7, createdBy: '' })
  })

  test('have ids that are allowed, however long those of the schedule and the template are', () => {
    const long = 'x'.repeat(128)
    const groupId = manualRunId('s'.repeat(MAX_SCHEDULE_ID_LENGTH), T, '0123456789abcdef')
    const tasks = Array.from({ length: 10_000 }, (_, i) => ({ worker: 'w', id: i === 9999 ? long : `local-${i}` }))
    const { ids } = fire(makeTemplate({ tasks }), groupId)
    expect(new Set(ids.map(([id]) => id)).size).toBe(10_000)
    expect(ids.filter(([id]) => !/^[A-Za-z0-9._:-]{1,128}$/.test(String(id)))).toEqual([])
    expect(ids.at(-1)?.[0]).toBe(`${groupId}:9999`)
  })
})

describe('a template', () => {
  test('is taken when its tasks can be created together', () => {
    expect(refusalOfTemplate(makeTemplate({ tasks: [{ worker: 'w' }, { worker: 'w', id: '' }] }))).toBeNull()
  })

  test.each([
    ['duplicate_id', [{ id: 'a' }, { id: 'a' }], '/tasks/1/id'],
    ['unknown_parent', [{ id: 'a', parentIds: ['b'] }], '/tasks/0/parentIds/0'],
    [
      'cycle',
      [
        { id: 'a', parentIds: ['b'] },
        { id: 'b', parentIds: ['a'] },
      ],
      '/tasks/0/parentIds',
    ],
  ])('is refused with %s', (code, tasks, pointer) => {
    const refusal = refusalOfTemplate(makeTemplate({ tasks: tasks.map((task) => ({ worker: 'w', ...task })) }))
    expect(refusal).toMatchObject({ code, faults: [{ pointer }] })
  })
})
