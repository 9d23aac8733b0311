import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { calendar } from '../../server/calendar.ts'
import type { CronTimes } from '../../server/core/calendar.ts'
import { editSchedule, newScheduleState, type Schedule, type ScheduleState } from '../../server/core/schedule.ts'
import { dueAt, fired, mergeStates, nextFiringAt, nextInLine, takeDue } from '../../server/core/schedule-plan.ts'

const T = Date.parse('2026-11-22T10:00:00Z')
const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** Created half an hour before ten, and then at every full hour. */
function makeSchedule(fields: Partial<Schedule> = {}): Schedule {
  return { ...editSchedule('s', null, { cron: '0 * * * *' }, T - HOUR / 2), ...fields }
}

function timesOf({ cron, timezone }: Schedule): CronTimes {
  return calendar.read(cron, timezone) as CronTimes
}

function take(schedule: Schedule, now: number, state: Partial<ScheduleState> = {}): ScheduleState {
  return takeDue(schedule, { ...newScheduleState(schedule), ...state }, { now, times: timesOf(schedule) })
}

const hours = (...list: number[]): number[] => list.map((hour) => T + hour * HOUR)

describe('times that have come', () => {
  test('are none before the first', () => {
    const schedule = makeSchedule()
    expect(take(schedule, T - 1)).toEqual(newScheduleState(schedule))
  })

  test('are to be fired when they are on time', () => {
    expect(take(makeSchedule(), T)).toMatchObject({ arrived: [T], queue: [], handledUntil: T, lastSkippedAt: 0 })
    expect(take(makeSchedule({ catchUp: 'none' }), T + 10_000)).toMatchObject({ arrived: [T] })
  })

  test('queue where the policy is to queue', () => {
    const state = take(makeSchedule({ overlap: 'queue' }), T + HOUR, { queue: [T], handledUntil: T })
    expect(state).toMatchObject({ arrived: [], queue: hours(0, 1) })
  })

  test('are decided once', () => {
    expect(take(makeSchedule(), T + 5000, { handledUntil: T })).toMatchObject({ arrived: [], lastSkippedAt: 0 })
  })

  test('of a second each are all taken although the server looked late', () => {
    const schedule = makeSchedule({ cron: '* * * * * *', activeSince: T })
    expect(take(schedule, T + 3500).arrived).toEqual([1000, 2000, 3000].map((ms) => T + ms))
  })
})

describe('after the servers were away', () => {
  const now = T + 5 * HOUR + 20 * MINUTE

  test('nothing is made up for with catchUp none', () => {
    expect(take(makeSchedule({ catchUp: 'none' }), now)).toMatchObject({
      arrived: [],
      queue: [],
      handledUntil: T + 5 * HOUR,
      lastSkippedAt: T + 5 * HOUR,
      lastSkipReason: '2026-11-22T15:00:00.000Z was skipped: missed, and catchUp is "none"; so were 5 before it',
    })
  })

  test('a time that has just come is fired with catchUp none as well', () => {
    const state = take(makeSchedule({ catchUp: 'none' }), T + 5 * HOUR + 3000)
    expect(state).toMatchObject({ arrived: [T + 5 * HOUR], lastSkippedAt: T + 4 * HOUR })
  })

  test('the newest is made up for with catchUp latest', () => {
    expect(take(makeSchedule(), now)).toMatchObject({ arrived: [T + 5 * HOUR], lastSkippedAt: T + 4 * HOUR })
    expect(take(makeSchedule({ overlap: 'queue' }), now)).toMatchObject({ arrived: [], queue: [T + 5 * HOUR] })
  })

  test('with catchUp latest a time that has just come stands for those that were missed', () => {
    expect(take(makeSchedule(), T + 5 * HOUR + 3000)).toMatchObject({ arrived: [T + 5 * HOUR] })
  })

  test('each is made up for in order with catchUp all', () => {
    const all = hours(0, 1, 2, 3, 4, 5)
    expect(take(makeSchedule({ catchUp: 'all', overlap: 'allow' }), now)).toMatchObject({ arrived: all, queue: [] })
    expect(take(makeSchedule({ catchUp: 'all', overlap: 'queue' }), now)).toMatchObject({ arrived: [], queue: all })
  })

  test('what is made up for waits for its turn where the policy is to skip', () => {
    const state = take(makeSchedule({ catchUp: 'all' }), T + 2 * HOUR)
    expect(state).toMatchObject({ queue: hours(0, 1), arrived: hours(2) })
  })

  test('no more than the newest hundred are made up for, however long it was', () => {
    const schedule = makeSchedule({ cron: '* * * * * *', catchUp: 'all', overlap: 'allow' })
    const { arrived, handledUntil, lastSkippedAt } = take(schedule, T + 300 * 24 * HOUR)
    expect(handledUntil).toBe(T + 300 * 24 * HOUR)
    expect(arrived.filter((at) => at < T + 300 * 24 * HOUR - 10_000)).toHaveLength(100)
    expect(lastSkippedAt).toBeLessThan(arrived[0] ?? 0)
  })

  test('what a crash left in line is decided again', () => {
    const left = { arrived: [T], handledUntil: T }
    expect(take(makeSchedule(), T + 2000, left).arrived).toEqual([T])
    expect(take(makeSchedule({ catchUp: 'none' }), T + MINUTE, left)).toMatchObject({ arrived: [], lastSkippedAt: T })
    expect(take(makeSchedule(), T + HOUR, left)).toMatchObject({ arrived: [T + HOUR], lastSkippedAt: T })
  })
})

describe('what nobody missed', () => {
  test('are times from before a schedule was created, resumed or given other times', () => {
    const schedule = makeSchedule({ activeSince: T + 2 * HOUR, catchUp: 'all', overlap: 'allow' })
    expect(take(schedule, T + 3 * HOUR + 1, { handledUntil: T }).arrived).toEqual([T + 3 * HOUR])
  })

  test('are times that queued before that', () => {
    const schedule = makeSchedule({ activeSince: T + 2 * HOUR, overlap: 'queue' })
    const before = { queue: hours(0, 1), arrived: [T + HOUR], handledUntil: T + HOUR }
    expect(take(schedule, T + 2 * HOUR + 1, before)).toMatchObject({ queue: [], arrived: [], lastSkippedAt: 0 })
  })

  test.each([
    [{ cron: '5 * * * *' }, true],
    [{ timezone: 'Europe/Berlin' }, true],
    [{ isPaused: true }, true],
    [{ name: 'other', overlap: 'allow', catchUp: 'all', jitterSeconds: 5 }, false],
    [{ cron: '0 * * * *', timezone: 'UTC' }, false],
  ] as const)('begins anew with the change %j: %s', (edit, isAnew) => {
    const edited = editSchedule('s', makeSchedule(), edit, T + HOUR)
    expect(edited).toMatchObject({ ...edit, createdAt: T - HOUR / 2, updatedAt: T + HOUR })
    expect(edited.activeSince).toBe(isAnew ? T + HOUR : T - HOUR / 2)
  })
})

test('each change has a time of its own, also within one millisecond', () => {
  const first = makeSchedule()
  const second = editSchedule('s', first, { name: 'n' }, first.updatedAt)
  expect(second.updatedAt).toBe(first.updatedAt + 1)
})

test('the queue holds a hundred, and what comes then is skipped', () => {
  const schedule = makeSchedule({ cron: '* * * * *', overlap: 'queue' })
  const queue = Array.from({ length: 100 }, (_, i) => T + i * MINUTE)
  const state = take(schedule, T + 100 * MINUTE, { queue, handledUntil: T + 99 * MINUTE })
  expect(state.queue).toEqual(queue)
  expect(state).toMatchObject({ lastSkippedAt: T + 100 * MINUTE, handledUntil: T + 100 * MINUTE })
  expect(state.lastSkipReason).toMatch(/100 times were queued already/)
})

describe('jitter', () => {
  const schedule = makeSchedule({ cron: '* * * * *', jitterSeconds: 3600 })
  const times = timesOf(schedule)

  test('only ever adds, less than it may and never up to the next time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000 }), fc.constantFrom(0.5, 10, 3600), (minute, jitterSeconds) => {
        const at = T + minute * MINUTE
        const late = dueAt({ ...schedule, jitterSeconds }, at, times) - at
        expect(late).toBeGreaterThanOrEqual(0)
        expect(late).toBeLessThan(Math.min(MINUTE, jitterSeconds * 1000))
      }),
    )
  })

  test('is spread over the whole of it, and differs between schedules', () => {
    const lateBy = (id: string, minute: number) =>
      dueAt({ ...schedule, id, jitterSeconds: 10 }, T + minute * MINUTE, times) - T - minute * MINUTE
    const late = Array.from({ length: 1000 }, (_, minute) => lateBy('s', minute))
    for (let tenth = 0; tenth < 10; tenth++) {
      const within = late.filter((ms) => Math.floor(ms / 1000) === tenth).length
      expect(within).toBeGreaterThan(50)
    }
    expect(lateBy('other', 0)).not.toBe(lateBy('s', 0))
  })

  test('is waited for, and a time that waits for it is not missed', () => {
    const hourly = makeSchedule({ jitterSeconds: 1800, catchUp: 'none' })
    const due = dueAt(hourly, T, timesOf(hourly))
    expect(due).toBeGreaterThan(T + 10_000)
    expect(take(hourly, due - 1)).toMatchObject({ arrived: [], handledUntil: 0 })
    expect(take(hourly, due)).toMatchObject({ arrived: [T], handledUntil: T })
    const context = { now: T + 1, times: timesOf(hourly) }
    expect(nextFiringAt(hourly, newScheduleState(hourly), context)).toBe(due)
  })
})

describe('what comes next', () => {
  test('is the first time ahead, and nothing while it is paused', () => {
    const schedule = makeSchedule()
    const context = { now: T, times: timesOf(schedule) }
    expect(nextFiringAt(schedule, newScheduleState(schedule), context)).toBe(T + HOUR)
    expect(nextFiringAt({ ...schedule, isPaused: true }, newScheduleState(schedule), context)).toBeNull()
  })

  test('is fired from the queue before what has just come', () => {
    const state = { ...newScheduleState(makeSchedule()), queue: hours(0), arrived: hours(1) }
    expect(nextInLine(state)).toBe(T)
    const rest = fired(state, T, { id: 'g', createdAt: T + 5 })
    expect(rest).toMatchObject({ queue: [], arrived: hours(1), lastFiredAt: T + 5, lastGroupId: 'g' })
    expect(nextInLine(rest)).toBe(T + HOUR)
  })
})

describe('of two servers', () => {
  const base = newScheduleState(makeSchedule())

  test('the slower takes nothing back', () => {
    const faster = { ...base, handledUntil: T + HOUR, lastFiredAt: T + HOUR, lastGroupId: 'new', queue: hours(1) }
    const slower = { ...base, handledUntil: T, lastFiredAt: T, lastGroupId: 'old', queue: hours(0) }
    expect(mergeStates(faster, slower)).toEqual(faster)
    expect(mergeStates(slower, faster)).toEqual(faster)
  })

  test('both know the newest group and the last time that was skipped', () => {
    const one = { ...base, handledUntil: T, lastFiredAt: T, lastGroupId: 'g' }
    const other = { ...base, handledUntil: T, lastSkippedAt: T - HOUR, lastSkipReason: 'why' }
    const both = { lastFiredAt: T, lastGroupId: 'g', lastSkippedAt: T - HOUR, lastSkipReason: 'why' }
    expect(mergeStates(one, other)).toMatchObject(both)
    expect(mergeStates(other, one)).toMatchObject(both)
  })

  test('a state of a schedule that was deleted counts for nothing', () => {
    const old = { ...base, of: 1, handledUntil: T + 99 * HOUR }
    expect(mergeStates(old, base)).toEqual(base)
  })
})
