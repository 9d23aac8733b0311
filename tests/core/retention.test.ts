import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DEFAULT_GROUP_SETTINGS } from '../../server/core/group-settings.ts'
import {
  deletionOf,
  type EndedGroup,
  endedBefore,
  endings,
  excessOf,
  planCleaning,
  type Retention,
} from '../../server/core/retention.ts'
import type { Bucket } from '../../server/core/task.ts'
import { type CountedGroup, taskCount } from '../../server/core/task-group.ts'
import { makeGroup } from '../support/make.ts'

const NOW = 1_000_000
const RETENTION: Retention = { keepMs: 1000, keepFailedMs: 5000, maxBytes: null }
const NO_TASKS = { succeeded: 0, running: 0, failed: 0, paused: 0, blocked: 0, waiting: 0 }

interface World {
  readonly id?: string
  readonly age?: number
  readonly ending?: EndedGroup['ending']
  readonly counts?: Partial<Record<Bucket, number>>
  readonly fields?: Partial<CountedGroup>
}

function ended({ id = 'g', age = 10_000, ending = 'succeeded', counts, fields }: World = {}): EndedGroup {
  const told = counts ?? (ending === 'succeeded' ? { succeeded: 10 } : { succeeded: 9, failed: 1 })
  const books = { waiting: { scheduled: 0, retrying: 0, throttled: 0 }, weightTotal: 0, weightDone: 0 }
  const group = { ...makeGroup({ id, ...fields }), ...books, counts: { ...NO_TASKS, ...told } }
  return { group, ending, endedAt: NOW - age }
}

function plan(groups: readonly EndedGroup[], world: Partial<Retention> & { usedBytes?: number } = {}): string[] {
  const { usedBytes = null, ...retention } = world
  const context = { retention: { ...RETENTION, ...retention }, now: NOW, usedBytes, bytesPerTask: 100 }
  return planCleaning(groups, context).map(({ group }) => group.id)
}

test('a group goes when its time is over, and one with failures later', () => {
  const groups = [
    ended({ id: 'old', age: 1001 }),
    ended({ id: 'young', age: 1000 }),
    ended({ id: 'failed', age: 5001, ending: 'failed' }),
    ended({ id: 'youngFailed', age: 4999, ending: 'failed' }),
  ]
  expect(plan(groups)).toEqual(['old', 'failed'])
})

test.each(['running', 'paused', 'blocked', 'waiting'] as const)(
  'a group with a task that is %s never goes',
  (bucket) => {
    const open = [
      ended({ counts: { succeeded: 5, [bucket]: 1 } }),
      ended({ ending: 'failed', counts: { failed: 5, [bucket]: 1 } }),
    ]
    expect(plan(open, { maxBytes: 1, usedBytes: 1e9 })).toEqual([])
  },
)

test('an empty group, and one that is not what the list said, never goes', () => {
  expect(plan([ended({ counts: {} }), ended({ ending: 'failed', counts: {} })])).toEqual([])
  expect(plan([ended({ counts: { failed: 1 } }), ended({ ending: 'failed', counts: { succeeded: 1 } })])).toEqual([])
})

test('a failed group that somebody paused stays, and one that a failure stopped goes', () => {
  const failed = (id: string, fields: Partial<CountedGroup>) => ended({ id, ending: 'failed', fields })
  const stop = { taskId: 't', at: 1, isPausedToo: false }
  expect(
    plan([
      failed('paused', { isPaused: true }),
      failed('stopped', { isPaused: true, stoppedBy: stop }),
      failed('both', { isPaused: true, stoppedBy: { ...stop, isPausedToo: true } }),
    ]),
  ).toEqual(['stopped'])
})

test('a group of which something is still to be told stays', () => {
  const last = { worker: 'w' } as never
  expect(plan([ended({ fields: { settings: { ...DEFAULT_GROUP_SETTINGS, finally: last } } })])).toEqual([])
})

test('while the store holds too much the oldest go before their time, failed ones last', () => {
  const groups = [
    ended({ id: 'failed', age: 900, ending: 'failed' }),
    ended({ id: 'young', age: 100 }),
    ended({ id: 'older', age: 800 }),
  ]
  const over = (bytes: number) => plan(groups, { maxBytes: 10_000, usedBytes: 10_000 + bytes })
  expect([over(0), over(1), over(1000), over(1001), over(2001), over(1e6)]).toEqual([
    [],
    ['older'],
    ['older'],
    ['older', 'young'],
    ['older', 'young', 'failed'],
    ['older', 'young', 'failed'],
  ])
  expect(plan([...groups, ended({ id: 'old', age: 9000 })], { maxBytes: 10_000, usedBytes: 10_900 })).toEqual(['old'])
})

test('a store that does not tell its size keeps what is young', () => {
  expect(plan([ended({ age: 10 })], { maxBytes: 1 })).toEqual([])
})

test('a deletion asks that the group is still what it was', () => {
  const guards = (ending: EndedGroup['ending']) => deletionOf(ended({ ending })).guards
  expect(guards('succeeded')).toEqual([{ kind: 'group', groupId: 'g', epoch: 1, isFinished: true }])
  expect(guards('failed')).toEqual([{ kind: 'group', groupId: 'g', epoch: 1, isEnded: true }])
})

const count = fc.integer({ min: 0, max: 3 })
const anyGroup = fc
  .record({
    age: fc.integer({ min: 0, max: 10_000 }),
    ending: fc.constantFrom(...endings),
    counts: fc.record({
      succeeded: count,
      failed: count,
      running: fc.constantFrom(0, 0, 1),
      waiting: fc.constantFrom(0, 0, 1),
    }),
    fields: fc.record({ isPaused: fc.boolean() }),
  })
  .map((world) => ended(world))
const anyContext = fc.record({
  retention: fc.record({
    keepMs: fc.integer({ min: 0, max: 12_000 }),
    keepFailedMs: fc.integer({ min: 0, max: 12_000 }),
    maxBytes: fc.option(fc.integer({ min: 0, max: 5000 })),
  }),
  now: fc.constant(NOW),
  usedBytes: fc.option(fc.integer({ min: 0, max: 10_000 })),
  bytesPerTask: fc.integer({ min: 1, max: 500 }),
})

test('nothing goes that may still run, and nothing before its time unless the store holds too much', () => {
  fc.assert(
    fc.property(fc.array(anyGroup, { maxLength: 12 }), anyContext, (groups, context) => {
      const gone = planCleaning(groups, context)
      expect(new Set(gone).size).toBe(gone.length)
      let excess = excessOf(context)
      for (const each of gone) {
        const { counts } = each.group
        expect([counts.running, counts.waiting]).toEqual([0, 0])
        const isOver = each.endedAt < endedBefore(context.retention, each.ending, NOW)
        if (!isOver) expect(excess).toBeGreaterThan(0)
        excess -= taskCount(each.group) * context.bytesPerTask
      }
    }),
  )
})

test('who keeps longer deletes no more', () => {
  fc.assert(
    fc.property(fc.array(anyGroup, { maxLength: 12 }), anyContext, fc.nat(5000), (groups, context, longer) => {
      const { keepMs, keepFailedMs } = context.retention
      const retention = { keepMs: keepMs + longer, keepFailedMs: keepFailedMs + longer, maxBytes: null }
      const fewer = planCleaning(groups, { ...context, retention })
      const more = new Set(planCleaning(groups, { ...context, retention: { ...context.retention, maxBytes: null } }))
      expect(fewer.filter((each) => !more.has(each))).toEqual([])
    }),
  )
})
