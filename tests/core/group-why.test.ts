import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Reason, ReasonCode } from '../../server/core/eligibility.ts'
import {
  type ExplainedTask,
  explainGroup as explainInSteps,
  type GroupFacts,
  MIN_SAMPLES,
} from '../../server/core/group-why.ts'
import type { StageSpeed } from '../../server/core/stage-speed.ts'
import { allSteps } from '../../server/core/steps.ts'
import { Hold, type Task } from '../../server/core/task.ts'
import { NOW, runningTask } from '../support/attempts.ts'
import { makeTask } from '../support/make.ts'

const waiting = (id: string, reason: Reason, fields: Partial<Task> = {}): ExplainedTask => ({
  task: makeTask({ id, worker: 'w', ...fields }),
  reason,
})
const because = (code: ReasonCode, more: Partial<Reason> = {}): Reason => ({ code, message: 'why', ...more })
const running = (id: string, fields: Partial<Task> = {}): ExplainedTask => ({
  task: runningTask({ id, worker: 'w', ...fields }),
  reason: null,
})
const speed: StageSpeed = { p50Ms: 1000, concurrency: 10, heldMs: 0, limit: '10 at once' }
const facts = (stages: Record<string, Partial<StageSpeed>>, more: Partial<GroupFacts> = {}, samples = MIN_SAMPLES) => ({
  now: NOW,
  isPaused: false,
  stages: new Map(Object.entries(stages).map(([name, own]) => [name, { samples, speed: { ...speed, ...own } }])),
  ...more,
})
const explainGroup = (...given: Parameters<typeof explainInSteps>) => allSteps(explainInSteps(...given))
const reasonsOf = (tasks: readonly ExplainedTask[]) => explainGroup(tasks, facts({ w: {} })).reasons

describe('the reasons of a group', () => {
  test('are those of its tasks with how many each holds, most first; what runs has none', () => {
    const held = because('workgroup_held', {
      message: 'Its workgroup ads is held: HTTP 429.',
      until: NOW + 9,
      ref: 'ads',
    })
    const tasks = [running('r'), waiting('a', because('ready')), waiting('b', held), waiting('c', held)]
    expect(reasonsOf(tasks)).toEqual([
      { code: 'workgroup_held', message: 'Workgroup ads is held: HTTP 429.', until: NOW + 9, ref: 'ads', count: 2 },
      { code: 'ready', message: '1 task may start, and waits for the next turn of the worker.', count: 1 },
    ])
  })

  test('tell which failure stopped the group', () => {
    const message =
      'Its group was stopped when task a failed for good: retry that task or the group, or resume the group.'
    const stopped = because('group_stopped', { message, ref: 'a' })
    expect(reasonsOf([waiting('b', stopped), waiting('c', stopped)])).toEqual([
      { code: 'group_stopped', message: `The${message.slice(3)}`, ref: 'a', count: 2 },
    ])
  })

  test('blame no task that was passed over', () => {
    const passed = waiting('a', because('no_attempts_left'), { holds: Hold.exhausted | Hold.passed })
    const below = waiting('c', because('parent_unfinished'), { parentIds: ['a', 'b'] })
    const reasons = reasonsOf([passed, waiting('b', because('ready')), below])
    expect(reasons.find(({ code }) => code === 'parent_unfinished')).toEqual({
      code: 'parent_unfinished',
      message: 'They wait for parents that are not complete.',
      count: 1,
    })
  })

  test('tell gates of different names apart, and name no task that is one of many', () => {
    const full = (ref: string) => because('worker_full', { message: `Worker ${ref} is full.`, ref })
    const tasks = [
      waiting('a', full('v')),
      waiting('b', full('w')),
      waiting('c', because('paused', { ref: 'c' })),
      waiting('d', because('paused', { ref: 'd' })),
    ]
    expect(reasonsOf(tasks)).toEqual([
      { code: 'paused', message: '2 tasks are paused: resume.', count: 2 },
      { code: 'worker_full', message: 'Worker v is full.', ref: 'v', count: 1 },
      { code: 'worker_full', message: 'Worker w is full.', ref: 'w', count: 1 },
    ])
  })

  test('end when the first of their tasks may go on', () => {
    const tasks = [3, 1, 2].map((at) => waiting(`${at}`, because('retrying', { until: NOW + at })))
    expect(reasonsOf(tasks)).toMatchObject([{ code: 'retrying', until: NOW + 1, count: 3 }])
  })

  test('tell what waits behind a failure, however far, from what only waits', () => {
    const blocked = because('parent_unfinished', { message: 'Its parent.', ref: 'p' })
    const tasks = [
      waiting('bad', because('no_attempts_left'), { holds: Hold.exhausted }),
      waiting('b', blocked, { parentIds: ['bad'] }),
      waiting('c', blocked, { parentIds: ['b'] }),
      waiting('d', blocked, { parentIds: ['r'] }),
      running('r'),
    ]
    expect(reasonsOf(tasks)).toEqual([
      {
        code: 'parent_unfinished',
        message: 'They wait behind bad, which failed for good: retry or reset it.',
        ref: 'bad',
        count: 2,
      },
      { code: 'no_attempts_left', message: '1 task failed and has no attempts left: retry or reset.', count: 1 },
      { code: 'parent_unfinished', message: 'They wait for parents that are not complete.', count: 1 },
    ])
  })

  test('count every task that does not run once', () => {
    const reasons = fc.constantFrom<Reason | null>(null, because('ready'), because('paused'), because('worker_full'))
    fc.assert(
      fc.property(fc.array(reasons), (given) => {
        const tasks = given.map((reason, at) => (reason ? waiting(`${at}`, reason) : running(`${at}`)))
        const counted = reasonsOf(tasks).reduce((sum, { count }) => sum + count, 0)
        expect(counted).toBe(given.filter((reason) => reason !== null).length)
      }),
    )
  })
})

const ready = (id: string, worker: string, parentIds: string[] = []) =>
  waiting(id, because(parentIds.length > 0 ? 'parent_unfinished' : 'ready'), { worker, parentIds })
const many = (count: number, worker: string) =>
  Array.from({ length: count }, (_, at) => ready(`${worker}${at}`, worker))

describe('the stages of a group', () => {
  test('tell what each worker has to do, what bounds it, and how long that takes', () => {
    const tasks = [
      ...many(30, 'fetch'),
      running('r', { worker: 'fetch' }),
      ready('m', 'merge', ['fetch0']),
      waiting('bad', because('no_attempts_left'), { worker: 'fetch', holds: Hold.exhausted }),
    ]
    const { stages, secondsLeft, bottleneck } = explainGroup(tasks, facts({ fetch: {}, merge: {} }))
    expect(stages).toEqual([
      { worker: 'fetch', waiting: 30, running: 1, limit: '10 at once', secondsLeft: 4 },
      { worker: 'merge', waiting: 1, running: 0, limit: 'waits for parents', secondsLeft: 1 },
    ])
    expect(secondsLeft).toBe(5)
    expect(bottleneck).toEqual({
      worker: 'fetch',
      share: 3100 / 4100,
      message: 'fetch has 76 % of the work left: 10 at once.',
    })
  })

  test('are estimated by nobody with too few samples', () => {
    const tasks = [...many(3, 'a'), ...many(3, 'b')]
    const few = explainGroup(tasks, facts({ a: {}, b: {} }, {}, MIN_SAMPLES / 2 - 1))
    expect(few).toMatchObject({ bottleneck: null, secondsLeft: null })
    // Together they have enough for the whole, and none for itself.
    const enough = explainGroup(tasks, facts({ a: {}, b: {} }, {}, MIN_SAMPLES / 2))
    expect(enough).toMatchObject({ secondsLeft: 1, bottleneck: { share: 0.5 } })
    expect(enough.stages.map((stage) => 'secondsLeft' in stage)).toEqual([false, false])
  })

  test('of a paused group go on when somebody resumes it', () => {
    const paused = explainGroup(many(3, 'a'), facts({ a: {} }, { isPaused: true }))
    expect(paused).toMatchObject({
      stages: [{ worker: 'a', limit: 'the group is paused' }],
      bottleneck: null,
      secondsLeft: null,
    })
  })

  test('that are held for ever are the bottleneck, and nobody knows the end', () => {
    const held = { heldMs: Number.POSITIVE_INFINITY, limit: 'held' }
    const why = explainGroup([...many(300, 'a'), ...many(1, 'b')], facts({ a: {}, b: held }))
    expect(why).toMatchObject({ secondsLeft: null, bottleneck: { worker: 'b', share: 1 } })
    expect(why.stages[0]).toEqual({ worker: 'b', waiting: 1, running: 0, limit: 'held' })
  })

  test('of a group that only failed tasks are left of are none', () => {
    const failed = waiting('a', because('no_attempts_left'), { holds: Hold.exhausted })
    expect(explainGroup([failed], facts({ w: {} }))).toMatchObject({ stages: [], bottleneck: null, secondsLeft: null })
    expect(explainGroup([], facts({}))).toEqual({ reasons: [], stages: [], bottleneck: null, secondsLeft: null })
  })

  test('share all of the work', () => {
    const counts = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 200 }), { minKeys: 1 })
    fc.assert(
      fc.property(counts, fc.integer({ min: 1, max: 50 }), (given, concurrency) => {
        const tasks = Object.entries(given).flatMap(([worker, count]) => many(count, worker))
        const known = facts({ a: { concurrency }, b: { concurrency }, c: { concurrency } })
        const { bottleneck, secondsLeft, stages } = explainGroup(tasks, known)
        const share = bottleneck?.share ?? 0
        expect(share).toBeGreaterThanOrEqual(1 / Object.keys(given).length - 1e-9)
        expect(share).toBeLessThanOrEqual(1)
        expect(stages[0]?.worker).toBeDefined()
        const longest = Math.max(...stages.map((stage) => stage.secondsLeft ?? 0))
        expect(secondsLeft).toBe(longest)
      }),
    )
  })
})
