import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Bucket, buckets } from '../../server/core/task.ts'
import {
  type CountedGroup,
  countInStates,
  groupStateOf,
  groupStates,
  isFailing,
  letterOf,
  lettersByShape,
  shapeOf,
} from '../../server/core/task-group.ts'
import { makeGroup } from '../support/make.ts'

const none = { succeeded: 0, running: 0, failed: 0, paused: 0, blocked: 0, waiting: 0 }

const groupWith = (counts: Partial<Record<Bucket, number>>, fields: Partial<CountedGroup> = {}): CountedGroup => ({
  ...makeGroup(),
  counts: { ...none, ...counts },
  waiting: { scheduled: 0, retrying: 0, throttled: 0 },
  weightTotal: 0,
  weightDone: 0,
  ...fields,
})

const anyGroup = fc
  .record({
    counts: fc.record(Object.fromEntries(buckets.map((bucket) => [bucket, fc.nat({ max: 3 })]))),
    isPaused: fc.boolean(),
    stoppedBy: fc.option(fc.constant({ taskId: 't', at: 1, isPausedToo: false })),
  })
  .map(({ counts, ...flags }) => groupWith(counts, flags))

describe('the shape of a group', () => {
  test('decides its state', () => {
    const looksUp = (group: CountedGroup) => lettersByShape[shapeOf(group)] === letterOf(groupStateOf(group))
    fc.assert(fc.property(anyGroup, looksUp), { numRuns: 2000 })
  })

  test('is a number for every choice of counters, and no two states share a letter', () => {
    expect(lettersByShape).toHaveLength(256)
    expect(new Set(groupStates.map(letterOf)).size).toBe(groupStates.length)
    expect([...new Set(lettersByShape)].sort()).toEqual(groupStates.map(letterOf).sort())
  })

  test('of an empty group says so, paused or not', () => {
    expect([lettersByShape[0], lettersByShape[64]]).toEqual(['e', 'e'])
  })
})

describe('a failing group', () => {
  test('holds a failed task', () => {
    expect(isFailing(groupWith({ failed: 1, waiting: 5 }))).toBe(true)
    expect(isFailing(groupWith({ waiting: 5 }))).toBe(false)
  })
})

describe('a count in states', () => {
  const waiting = { scheduled: 1, retrying: 2, throttled: 0 }
  const group = groupWith({ succeeded: 5, failed: 3, waiting: 4 }, { waiting })

  test('without states is of all', () => {
    expect(countInStates(group, { skipCompleted: false })).toBe(12)
    expect(countInStates(group, { skipCompleted: true })).toBe(7)
  })

  test('adds up each state once', () => {
    const states = ['failed', 'retrying', 'failed'] as const
    expect(countInStates(group, { states, skipCompleted: false })).toBe(5)
  })

  test('skips what is complete even when it is asked for', () => {
    expect(countInStates(group, { states: ['succeeded', 'ready'], skipCompleted: true })).toBe(1)
  })
})
