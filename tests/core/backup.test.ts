import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  BACKUP_FORMAT,
  backupHead,
  readBackupEnd,
  readBackupHead,
  TaskBatch,
  tasksOfOneMoment,
} from '../../server/core/backup.ts'
import { Hold, type Task } from '../../server/core/task.ts'
import { makeWorld } from '../support/make.ts'
import { simulatedClock } from '../support/simulated-clock.ts'

const { task } = makeWorld(simulatedClock())
const idsOf = (tasks: readonly Task[]) => tasks.map(({ id }) => id)
const complete = { holds: Hold.complete }

describe('the tasks of one moment', () => {
  test('a task whose creator had not answered yet goes, with what came of it', () => {
    const tasks = [
      task({ id: 'p', createdAt: 1 }),
      task({ id: 'c', createdAt: 5, createdBy: 'p', ...complete }),
      task({ id: 'cc', createdAt: 6, createdBy: 'c' }),
      task({ id: 'other', createdAt: 6 }),
    ]
    expect(idsOf(tasksOfOneMoment(tasks, 5))).toEqual(['p', 'other'])
  })

  test('what was there before the reading began stays, whatever its creator did since', () => {
    const tasks = [task({ id: 'p', createdAt: 1 }), task({ id: 'c', createdAt: 4, createdBy: 'p' })]
    expect(idsOf(tasksOfOneMoment(tasks, 5))).toEqual(['p', 'c'])
  })

  test('what a client hung below it keeps it', () => {
    const tasks = [
      task({ id: 'p', createdAt: 1 }),
      task({ id: 'c', createdAt: 5, createdBy: 'p' }),
      task({ id: 'own', createdAt: 6, parentIds: ['c', 'gone'] }),
    ]
    const kept = tasksOfOneMoment(tasks, 5)
    expect(idsOf(kept)).toEqual(['p', 'c', 'own'])
    expect(kept.at(-1)?.parentIds).toEqual(['c'])
  })

  test('nobody of those that clients made is lost, and no parent is missing or behind its child', () => {
    const seeds = fc.array(
      fc.record({
        by: fc.nat(),
        parents: fc.array(fc.nat(), { maxLength: 3 }),
        isComplete: fc.boolean(),
        at: fc.nat(9),
      }),
      { maxLength: 30 },
    )
    fc.assert(
      fc.property(seeds, fc.nat(9), (all, since) => {
        const tasks = all.map(({ by, parents, isComplete, at }, index) =>
          task({
            id: `t${index}`,
            createdAt: at,
            createdBy: by % 2 === 0 && index > 0 ? `t${by % index}` : '',
            parentIds: index === 0 ? [] : [...new Set(parents.map((parent) => `t${parent % index}`))],
            holds: isComplete ? Hold.complete : 0,
          }),
        )
        const kept = idsOf(tasksOfOneMoment(tasks, since))
        for (const each of tasks) if (each.createdBy === '') expect(kept).toContain(each.id)
        for (const each of tasksOfOneMoment(tasks, since))
          for (const parentId of each.parentIds) expect(kept.slice(0, kept.indexOf(each.id))).toContain(parentId)
      }),
    )
  })
})

describe('a batch of tasks', () => {
  test('puts attempts in the order they were made, and an attempt that ran as a lost one', () => {
    const batch = new TaskBatch()
    const lease = { token: 'x', holder: 'boot', startedAt: 3, until: 9 }
    const running = task({ id: 'a', attempts: 2, run: 1, remainingAttempts: 4, lease })
    const first = { number: 1, deliveryId: 'a_1', instance: 'i', startedAt: 1, endedAt: 2 }
    const failed = { ...first, outcome: 'failed', statusCode: 500, bytes: 0, error: 'no', retryAt: 3 } as const
    batch.add(running, [failed], 10)
    const [inserted, ...attempts] = batch.take()
    expect(inserted).toEqual({ kind: 'insertTask', task: { ...running, lease: null } })
    expect(attempts).toEqual([
      { kind: 'addAttempt', taskId: 'a', attempt: failed },
      {
        kind: 'addAttempt',
        taskId: 'a',
        attempt: expect.objectContaining({ number: 2, instance: 'boot', startedAt: 3, endedAt: 10, outcome: 'lost' }),
      },
    ])
    expect(batch.take()).toEqual([])
  })

  test('is full after a hundred tasks, or a few that are large', () => {
    const batch = new TaskBatch()
    const full = Array.from({ length: 100 }, () => batch.add(task(), [], 0))
    expect(full.indexOf(true)).toBe(99)
    batch.take()
    expect(batch.add(task({ input: `"${'x'.repeat(5_000_000)}"` }), [], 0)).toBe(true)
  })
})

test('a head and an end are known by what they say', () => {
  const head = backupHead({ version: '1', engine: 'redis', createdAt: 5 })
  expect(readBackupHead(JSON.stringify(head))).toEqual({
    kind: 'crew-backup',
    format: BACKUP_FORMAT,
    version: '1',
    engine: 'redis',
    createdAt: 5,
  })
  for (const line of ['', 'null', '{}', '[1]', '{"kind":"group"}', 'SQLite format 3']) {
    expect(readBackupHead(line)).toBeNull()
    expect(readBackupEnd(line)).toBeNull()
  }
})
