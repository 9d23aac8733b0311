import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  advanceBulk,
  BULK_GONE_MS,
  type BulkAction,
  type BulkOutcome,
  type BulkSnapshot,
  beginBulk,
  bulkSlot,
  bulkStateOf,
  decideBulk,
  groupSkipReason,
  MAX_BULK_FAULTS,
  type SingleAction,
  takeOverBulk,
  taskSkipReason,
} from '../../server/core/bulk.ts'
import { type BulkItem, censusOf, frozenIds } from '../../server/core/bulk-preview.ts'
import { Hold, isComplete, isPaused, type Task } from '../../server/core/task.ts'
import type { CountedGroup } from '../../server/core/task-group.ts'
import { NOW, patchOf, runningTask } from '../support/attempts.ts'
import { makeGroup, makeTask } from '../support/make.ts'

const failed = { holds: Hold.exhausted, remainingAttempts: 0, failures: 3, runAfter: NOW + 60_000 }

describe('an order leaves a task as it is', () => {
  test.each<[BulkAction, string, Partial<Task>, string | null]>([
    ['pause', 'one that waits', {}, null],
    ['pause', 'a complete one', { holds: Hold.complete }, 'is complete'],
    ['pause', 'a paused one', { holds: Hold.paused }, 'is paused already'],
    ['resume', 'a paused one', { holds: Hold.paused }, null],
    ['resume', 'one that waits', {}, 'is not paused itself'],
    ['retry', 'a failed one', failed, null],
    ['retry', 'one that succeeded meanwhile', { holds: Hold.complete }, 'is complete'],
    ['runNow', 'one that is due later', { runAfter: NOW + 1 }, null],
    ['runNow', 'one that is due', { runAfter: NOW }, 'is due already'],
    ['runNow', 'a failed one', failed, 'has no attempts left'],
    ['runNow', 'a complete one', { holds: Hold.complete, runAfter: NOW + 1 }, 'is complete'],
    ['reset', 'a complete one', { holds: Hold.complete }, null],
    ['delete', 'a complete one', { holds: Hold.complete }, null],
  ])('%s: %s', (action, _what, fields, reason) => {
    expect(taskSkipReason(action, makeTask(fields), NOW)).toBe(reason)
  })

  test('run now: a running one', () => {
    expect(taskSkipReason('runNow', runningTask({ runAfter: NOW + 1 }), NOW)).toBe('is running')
  })
})

const none = { succeeded: 0, running: 0, failed: 0, paused: 0, blocked: 0, waiting: 0 }
const counted = (counts: Partial<CountedGroup['counts']>, isPaused = false): CountedGroup => ({
  ...makeGroup({ isPaused }),
  counts: { ...none, ...counts },
  waiting: { scheduled: 0, retrying: 0, throttled: 0 },
  weightTotal: 0,
  weightDone: 0,
})

describe('an order leaves a group as it is', () => {
  test.each<[BulkAction, string, CountedGroup, string | null]>([
    ['pause', 'one that works', counted({ waiting: 1 }), null],
    ['pause', 'a paused one', counted({}, true), 'is paused already'],
    ['resume', 'a paused one', counted({}, true), null],
    ['resume', 'one with paused tasks', counted({ paused: 1 }), null],
    ['resume', 'one that works', counted({ waiting: 1 }), 'is not paused'],
    ['retry', 'one that failed', counted({ failed: 1, succeeded: 1 }), null],
    ['retry', 'one that succeeded', counted({ succeeded: 1 }), 'has nothing to retry'],
    ['reset', 'one that succeeded', counted({ succeeded: 1 }), null],
    ['reset', 'an empty one', counted({}), 'is empty'],
    ['delete', 'an empty one', counted({}), null],
  ])('%s: %s', (action, _what, group, reason) => {
    expect(groupSkipReason(action, group)).toBe(reason)
  })
})

const decide = (task: Task, action: SingleAction, slot = NOW) =>
  decideBulk(task, { action, remainingAttempts: 7 }, { now: NOW, slot })

describe('an order changes a task', () => {
  test('by a pause that touches nothing else', () => {
    expect(patchOf(decide(makeTask(), 'pause') ?? never())).toEqual({ holds: Hold.paused, remainingAttempts: 5 })
  })

  test('by a resume in its slot, if it is that which frees it', () => {
    const paused = makeTask({ holds: Hold.paused })
    expect(patchOf(decide(paused, 'resume') ?? never())).toEqual({ holds: 0, remainingAttempts: 5 })
    expect(patchOf(decide(paused, 'resume', NOW + 9) ?? never())).toMatchObject({ holds: 0, runAfter: NOW + 9 })
    const later = makeTask({ holds: Hold.paused, runAfter: NOW + 10 })
    expect(patchOf(decide(later, 'resume', NOW + 9) ?? never())).not.toHaveProperty('runAfter')
  })

  test('by a retry that makes it due at once, or in its slot', () => {
    expect(patchOf(decide(makeTask(failed), 'retry') ?? never())).toEqual({
      holds: 0,
      remainingAttempts: 7,
      runAfter: NOW,
    })
    expect(patchOf(decide(makeTask(failed), 'retry', NOW + 9) ?? never())).toMatchObject({ runAfter: NOW + 9 })
  })

  test('by running it now, or in its slot, with the attempts that it has', () => {
    const later = makeTask({ runAfter: NOW + 60_000, failures: 1 })
    expect(patchOf(decide(later, 'runNow') ?? never())).toEqual({ runAfter: NOW })
    expect(patchOf(decide(later, 'runNow', NOW + 9) ?? never())).toEqual({ runAfter: NOW + 9 })
  })
})

test('what is left as it is has no change, and what has one is not left', () => {
  const tasks = fc.record({ holds: fc.nat(7), runAfter: fc.constantFrom(0, NOW, NOW + 1), failures: fc.nat(2) })
  const actions = fc.constantFrom<SingleAction>('pause', 'resume', 'retry', 'runNow')
  fc.assert(
    fc.property(tasks, fc.boolean(), actions, (fields, isRunning, action) => {
      const task = isRunning ? runningTask(fields) : makeTask(fields)
      const change = decide(task, action)
      expect(change === null).toBe(taskSkipReason(action, task, NOW) !== null)
      if (change === null) return
      const { holds = task.holds } = patchOf(change) as Partial<Task>
      expect(isComplete({ holds })).toBe(isComplete(task))
      if (action === 'pause' || action === 'resume') expect(isPaused({ holds })).toBe(action === 'pause')
    }),
  )
})

const snapshot: BulkSnapshot = {
  id: 's',
  action: 'retry',
  target: 'tasks',
  remainingAttempts: 5,
  spreadMs: 0,
  total: 3,
  expiresAt: NOW + 1,
}
const begun = (total = 3) => beginBulk({ ...snapshot, total }, { actor: 'dana', instance: 'boot', now: NOW })

describe('an operation', () => {
  test('begins with nothing done', () => {
    const { expiresAt: _expiresAt, ...order } = snapshot
    expect(begun()).toEqual({
      ...order,
      next: 0,
      done: 0,
      skipped: 0,
      failed: 0,
      faults: [],
      startedAt: NOW,
      endedAt: null,
      actor: 'dana',
      state: 'running',
      instance: 'boot',
      seenAt: NOW,
    })
  })

  test('counts what became of each, and finishes with the last', () => {
    const fault = { id: 'b', message: 'why' }
    const half = advanceBulk(begun(), [{ kind: 'done' }, { kind: 'failed', fault }], NOW + 1)
    expect(half).toMatchObject({ next: 2, done: 1, failed: 1, faults: [fault], state: 'running', endedAt: null })
    const whole = advanceBulk(half, [{ kind: 'skipped' }], NOW + 2)
    expect(whole).toMatchObject({ next: 3, done: 1, skipped: 1, failed: 1, state: 'finished', endedAt: NOW + 2 })
  })

  test('for nobody finishes at once', () => {
    expect(advanceBulk(begun(0), [], NOW)).toMatchObject({ state: 'finished', next: 0 })
  })

  test('whatever happens, what is counted adds up, and only the first faults are kept', () => {
    const outcome = fc.constantFrom<BulkOutcome>(
      { kind: 'done' },
      { kind: 'skipped' },
      { kind: 'failed', fault: { id: 'x', message: 'why' } },
    )
    fc.assert(
      fc.property(fc.array(fc.array(outcome, { maxLength: 40 })), (chunks) => {
        const total = chunks.flat().length + 1
        const operation = chunks.reduce((before, chunk) => advanceBulk(before, chunk, NOW), begun(total))
        expect(operation.done + operation.skipped + operation.failed).toBe(operation.next)
        expect(operation.next).toBe(total - 1)
        expect(operation.faults).toHaveLength(Math.min(operation.failed, MAX_BULK_FAULTS))
        expect(operation.state).toBe('running')
      }),
    )
  })

  test.each([
    ['runs here', true, false, 0, 'running'],
    ['runs on another server', false, true, 0, 'running'],
    ['ran on a server that said nothing for long', false, true, BULK_GONE_MS, 'interrupted'],
    ['ran on this server before it ended', false, false, 0, 'interrupted'],
  ])('that %s', (_what, isHere, isElsewhere, later, state) => {
    expect(bulkStateOf(begun(), { now: NOW + later, isHere, isElsewhere })).toBe(state)
  })

  test('that has ended is never interrupted', () => {
    const ended = { ...begun(), state: 'stopped' as const }
    expect(bulkStateOf(ended, { now: NOW, isHere: false, isElsewhere: false })).toBe('stopped')
  })
})

test('slots are even, in order, and within the time', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.nat(86_400_000), (total, spreadMs) => {
      const slots = Array.from({ length: total }, (_, index) => bulkSlot(index, { total, spreadMs, startedAt: NOW }))
      expect(slots[0]).toBe(NOW)
      const gaps = slots.slice(1).map((slot, index) => slot - (slots[index] ?? 0))
      for (const gap of gaps) expect(Math.abs(gap - spreadMs / total)).toBeLessThan(1)
      expect(slots.at(-1)).toBeLessThanOrEqual(NOW + spreadMs)
    }),
  )
})

test('slots that passed while nobody worked come again, those ahead stay', () => {
  const halfway = { ...begun(10), spreadMs: 10_000, next: 5 }
  const slotsFrom = (now: number) => {
    const taken = takeOverBulk(halfway, { instance: 'other', now })
    return [5, 9].map((index) => bulkSlot(index, taken) - NOW)
  }
  expect(slotsFrom(NOW + 2_000)).toEqual([5_000, 9_000])
  expect(slotsFrom(NOW + 60_000)).toEqual([60_000, 64_000])
})

const item = (fields: Partial<BulkItem>): BulkItem => ({
  id: 'a',
  name: '',
  state: 'failed',
  groupId: 'g',
  priority: 0,
  size: 1,
  skipReason: null,
  ...fields,
})

describe('a preview', () => {
  test('counts those that it is for by state and group, and the others by reason', () => {
    const items = [
      item({ id: 'a', name: 'A' }),
      item({ id: 'b', groupId: 'h' }),
      item({ id: 'c', groupId: 'h', state: 'retrying' }),
      item({ id: 'd', skipReason: 'is complete', state: 'succeeded' }),
    ]
    expect(censusOf(items)).toEqual({
      count: 3,
      byState: { failed: 2, retrying: 1 },
      byGroup: [
        { id: 'h', count: 2 },
        { id: 'g', count: 1 },
      ],
      skipped: [{ reason: 'is complete', count: 1 }],
      samples: [
        { id: 'a', name: 'A', state: 'failed' },
        { id: 'b', name: '', state: 'failed' },
        { id: 'c', name: '', state: 'retrying' },
      ],
    })
  })

  test('freezes those alone, higher priority first, else as they came', () => {
    const items = [
      item({ id: 'a' }),
      item({ id: 'b', priority: 1 }),
      item({ id: 'c' }),
      item({ id: 'd', skipReason: 'x' }),
    ]
    expect(frozenIds(items)).toEqual(['b', 'a', 'c'])
  })

  test('whatever it meets, everything is in one count', () => {
    const items = fc.array(
      fc.record({ groupId: fc.constantFrom('g', 'h', 'i'), skipReason: fc.constantFrom(null, null, 'x', 'y') }),
    )
    fc.assert(
      fc.property(items, (given) => {
        const all = given.map((fields, index) => item({ ...fields, id: `${index}` }))
        const { count, byState, byGroup, skipped } = censusOf(all)
        const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0)
        expect(frozenIds(all)).toHaveLength(count)
        expect(sum(Object.values(byState))).toBe(count)
        expect(sum(byGroup.map((group) => group.count))).toBe(count)
        expect(count + sum(skipped.map((skip) => skip.count))).toBe(all.length)
      }),
    )
  })
})

function never(): never {
  throw new Error('expected a change')
}
