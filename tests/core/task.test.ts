import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  attemptsLeft,
  bucketOf,
  Hold,
  type Surroundings,
  stateOf,
  type Task,
  withHold,
} from '../../server/core/task.ts'
import { completedPercent, countsByState, groupStateOf, taskCount, weightUnits } from '../../server/core/task-group.ts'
import { NOW, runningTask } from '../support/attempts.ts'
import { makeGroup, makeTask } from '../support/make.ts'

const calm: Surroundings = { now: NOW, isGroupPaused: false, heldUntil: 0 }
const state = (fields: Partial<Task>, around: Partial<Surroundings> = {}) =>
  stateOf(makeTask(fields), { ...calm, ...around })

describe('the state of a task', () => {
  test('is ready when nothing holds it', () => {
    expect(state({})).toBe('ready')
  })

  test('is succeeded once complete, whatever else', () => {
    expect(state({ holds: 7, unfinishedParents: 1 }, { isGroupPaused: true })).toBe('succeeded')
  })

  test('is running while a lease is held, paused or not', () => {
    expect(stateOf(runningTask({ holds: Hold.paused }), { ...calm, isGroupPaused: true })).toBe('running')
  })

  test('is failed without attempts, paused or not', () => {
    expect(state({ holds: Hold.exhausted | Hold.paused }, { isGroupPaused: true })).toBe('failed')
  })

  test('is paused by itself or its group, parents or not', () => {
    expect(state({ holds: Hold.paused, unfinishedParents: 1 })).toBe('paused')
    expect(state({ unfinishedParents: 1 }, { isGroupPaused: true })).toBe('paused')
  })

  test('is blocked while a parent is not complete, due or not', () => {
    expect(state({ unfinishedParents: 1, runAfter: NOW + 5 })).toBe('blocked')
  })

  test('is scheduled before its time, and retrying when it failed before', () => {
    expect(state({ runAfter: NOW + 1 }, { heldUntil: NOW + 9 })).toBe('scheduled')
    expect(state({ runAfter: NOW + 1, failures: 1 }, { heldUntil: NOW + 9 })).toBe('retrying')
    expect(state({ runAfter: NOW, failures: 1 })).toBe('ready')
  })

  test('is throttled while its workgroup or worker is held', () => {
    expect(state({}, { heldUntil: NOW + 1 })).toBe('throttled')
    expect(state({}, { heldUntil: NOW })).toBe('ready')
  })
})

describe('a hold', () => {
  test('is set and cleared without touching the others', () => {
    fc.assert(
      fc.property(fc.nat(7), fc.constantFrom(Hold.paused, Hold.complete, Hold.exhausted), (holds, bit) => {
        expect(withHold(holds, bit, true)).toBe(holds | bit)
        expect(withHold(holds, bit, false)).toBe(holds & ~bit)
      }),
    )
  })

  test('for want of attempts moves with their number', () => {
    expect(attemptsLeft(Hold.paused, 0)).toEqual({ remainingAttempts: 0, holds: Hold.paused | Hold.exhausted })
    expect(attemptsLeft(Hold.exhausted, 1)).toEqual({ remainingAttempts: 1, holds: 0 })
  })
})

/** A group counted by a scan, as the engine keeps it incrementally. */
function count(tasks: readonly Task[], isPaused: boolean, heldUntil: number) {
  const counts = { succeeded: 0, running: 0, failed: 0, paused: 0, blocked: 0, waiting: 0 }
  const waiting = { scheduled: 0, retrying: 0, throttled: 0 }
  for (const task of tasks) {
    const bucket = bucketOf({ ...task, isLeased: task.lease !== null })
    counts[bucket]++
    if (bucket !== 'waiting') continue
    const known = stateOf(task, { now: NOW, isGroupPaused: false, heldUntil })
    if (known === 'scheduled' || known === 'retrying' || known === 'throttled') waiting[known]++
  }
  return { ...makeGroup({ isPaused }), counts, waiting, weightTotal: 0, weightDone: 0 }
}

const anyTask = fc
  .record({
    holds: fc.nat(7),
    unfinishedParents: fc.nat(1),
    runAfter: fc.constantFrom(0, NOW + 1),
    failures: fc.nat(1),
    isRunning: fc.boolean(),
  })
  .map(({ isRunning, ...fields }) => (isRunning ? runningTask(fields) : makeTask(fields)))
const anyTasks = fc.array(anyTask, { maxLength: 12 })
const anyHold = fc.constantFrom(0, NOW + 1)

describe('the counts of a group', () => {
  test('say of every state how many tasks have it', () => {
    fc.assert(
      fc.property(anyTasks, fc.boolean(), anyHold, (tasks, isPaused, heldUntil) => {
        const group = count(tasks, isPaused, heldUntil)
        const counts = countsByState(group)
        for (const [name, number] of Object.entries(counts)) {
          const of = tasks.filter((task) => stateOf(task, { now: NOW, isGroupPaused: isPaused, heldUntil }) === name)
          expect([name, number]).toEqual([name, of.length])
        }
        expect(taskCount(group)).toBe(tasks.length)
      }),
    )
  })
})

describe('the state of a group', () => {
  const stateOfGroup = (tasks: readonly Partial<Task>[], isPaused = false) =>
    groupStateOf(
      count(
        tasks.map((fields) => makeTask(fields)),
        isPaused,
        0,
      ),
    )
  const done = { holds: Hold.complete }
  const failed = { holds: Hold.exhausted }
  const blocked = { unfinishedParents: 1 }

  test('is empty without tasks, even when paused', () => {
    expect(stateOfGroup([])).toBe('empty')
    expect(stateOfGroup([], true)).toBe('empty')
  })

  test('is succeeded when all tasks are, even when paused', () => {
    expect(stateOfGroup([done, done], true)).toBe('succeeded')
  })

  test('is active while anything runs or waits for its time', () => {
    expect(stateOfGroup([failed, { runAfter: NOW + 5 }])).toBe('active')
    expect(groupStateOf(count([runningTask(), makeTask(failed)], true, 0))).toBe('active')
  })

  test('is failed when a failure stopped it, and paused when it only was stopped once', () => {
    const stoppedBy = { taskId: 't', at: NOW, isPausedToo: false }
    const waiting = count([makeTask(failed), makeTask()], true, 0)
    expect(groupStateOf({ ...waiting, stoppedBy })).toBe('failed')
    expect(groupStateOf({ ...waiting, stoppedBy: null })).toBe('paused')
    expect(groupStateOf({ ...waiting, stoppedBy, isPaused: false })).toBe('active')
  })

  test('is failed when nothing can move because of what failed', () => {
    expect(stateOfGroup([done, failed, blocked])).toBe('failed')
  })

  test('is paused when its flag is set or all that could move is paused', () => {
    expect(stateOfGroup([{}, done], true)).toBe('paused')
    expect(stateOfGroup([{ holds: Hold.paused }, blocked])).toBe('paused')
  })
})

describe('the progress of a group', () => {
  test('is the weighted share that is complete', () => {
    expect(completedPercent({ weightTotal: weightUnits(4), weightDone: weightUnits(1) })).toBe(0.25)
  })

  test('of an empty group is nothing', () => {
    expect(completedPercent({ weightTotal: 0, weightDone: 0 })).toBe(0)
  })

  test('does not drift with weights that have no exact binary fraction', () => {
    const tenth = weightUnits(0.1)
    expect(completedPercent({ weightTotal: tenth * 10, weightDone: tenth * 3 })).toBe(0.3)
  })
})
