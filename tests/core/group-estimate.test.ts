import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NO_LIMITS } from '../../server/core/gate.ts'
import { estimateMs as estimateInSteps, levelsOf as levelsInSteps, workLeft } from '../../server/core/group-estimate.ts'
import { type StageSpeed, speedOf, workMs } from '../../server/core/stage-speed.ts'
import { allSteps } from '../../server/core/steps.ts'
import { Hold, type Task } from '../../server/core/task.ts'
import { FOREVER } from '../../server/core/time.ts'
import { NOW, runningTask } from '../support/attempts.ts'
import { makeGate, makeTask } from '../support/make.ts'

const worker = makeGate({ scope: 'worker', name: 'w' })
const limited = (maxConcurrent: number | null, rate: [count: number, perMs: number] | null = null) =>
  makeGate({
    ...worker,
    limits: { ...NO_LIMITS, maxConcurrent, rate: rate && { count: rate[0], perMs: rate[1], burst: 1 } },
  })

describe('the speed of a stage', () => {
  test.each([
    ['the slots of the server', [worker], { concurrency: 20, limit: '20 at once' }],
    ['a limit', [limited(5)], { concurrency: 5, limit: '5 at once' }],
    ['the tightest of several', [limited(50), limited(3), limited(7)], { concurrency: 3, limit: '3 at once' }],
    ['a rate that keeps fewer busy', [limited(5, [60, 60_000])], { concurrency: 2, limit: '60 starts in 60 s' }],
    ['a limit below its rate', [limited(1, [60, 60_000])], { concurrency: 1, limit: '1 at once' }],
    [
      'a pace',
      [makeGate({ pace: { intervalMs: 4000, until: NOW + 1, laterIntervalMs: 0, expiresAt: NOW + 1 } })],
      { concurrency: 0.5, limit: 'paced at 15 starts a minute' },
    ],
  ])('is that of %s', (_what, gates, speed) => {
    expect(speedOf({ gates, slots: 20 }, 2000, NOW)).toEqual({ p50Ms: 2000, heldMs: 0, ...speed })
  })

  test.each([
    ['a hold', { heldUntil: NOW + 5000 }, 5000, 'held'],
    ['a hold that ended', { heldUntil: NOW }, 0, '20 at once'],
    ['a hold without an end', { heldUntil: FOREVER }, Number.POSITIVE_INFINITY, 'held'],
    ['a breaker', { heldUntil: NOW + 5000, probeMs: 1000 }, 5000, 'its breaker is open'],
    ['a workgroup', { scope: 'workgroup', name: 'ads', heldUntil: NOW + 5 } as const, 5, 'its workgroup ads is held'],
  ])('waits for %s', (_what, fields, heldMs, limit) => {
    const gates = [makeGate({ ...worker, ...fields })]
    expect(speedOf({ gates, slots: 20 }, 2000, NOW)).toMatchObject({ heldMs, limit })
  })
})

const speed = (fields: Partial<StageSpeed> = {}): StageSpeed => ({
  p50Ms: 1000,
  concurrency: 10,
  heldMs: 0,
  limit: '',
  ...fields,
})

test('work is the number of tasks times how long one takes, by how many run at once', () => {
  expect(workMs(7777, speed({ p50Ms: 1100, concurrency: 20 }))).toBe(427_735)
  expect(workMs(3, speed())).toBe(1000)
  expect(workMs(0, speed())).toBe(0)
})

test('more tasks, slower ones or fewer at once never take less', () => {
  const ms = fc.integer({ min: 1, max: 100_000 })
  const concurrency = fc.double({ min: 0.01, max: 1000, noNaN: true })
  fc.assert(
    fc.property(fc.nat(50_000), ms, concurrency, (count, p50Ms, atOnce) => {
      const work = workMs(count, { p50Ms, concurrency: atOnce })
      expect(workMs(count + 1, { p50Ms, concurrency: atOnce })).toBeGreaterThanOrEqual(work)
      expect(workMs(count, { p50Ms: p50Ms + 1, concurrency: atOnce })).toBeGreaterThanOrEqual(work)
      expect(workMs(count, { p50Ms, concurrency: atOnce / 2 })).toBeGreaterThanOrEqual(work)
    }),
  )
})

const levelsOf = (...given: Parameters<typeof levelsInSteps>) => allSteps(levelsInSteps(...given))
const estimateMs = (...given: Parameters<typeof estimateInSteps>) => allSteps(estimateInSteps(...given))
const task = (id: string, parentIds: string[] = [], fields: Partial<Task> = {}) =>
  makeTask({ id, parentIds, worker: id.charAt(0), ...fields })
const idsOf = (levels: readonly (readonly { id: string }[])[]) => levels.map((level) => level.map(({ id }) => id))

describe('levels', () => {
  test('wait for the ones before them; parents that are complete are not waited for', () => {
    expect(idsOf(levelsOf([task('c', ['a', 'b']), task('a', ['done']), task('b', ['a'])]))).toEqual([
      ['a'],
      ['b'],
      ['c'],
    ])
  })

  test('go on below what was passed over, which is not done again', () => {
    const tasks = [task('a', [], { holds: Hold.exhausted | Hold.passed }), task('b', ['a'])]
    expect(idsOf(levelsOf(tasks))).toEqual([['b']])
  })

  test('hold nothing that waits behind what failed or is paused', () => {
    const tasks = [
      task('a', [], { holds: Hold.exhausted }),
      task('b', ['a']),
      task('c', ['b', 'e']),
      task('d', [], { holds: Hold.paused }),
      task('e'),
      runningTask({ id: 'f', holds: Hold.paused }),
    ]
    expect(idsOf(levelsOf(tasks))).toEqual([['e', 'f']])
  })
})

describe('an estimate', () => {
  const estimate = (tasks: readonly Task[], speeds: Record<string, StageSpeed>) =>
    estimateMs(levelsOf(tasks), new Map(Object.entries(speeds)), NOW)
  const fan = (count: number, parent: string) => Array.from({ length: count }, (_, at) => task(`f${at}`, [parent]))

  test('is the longest path through the stages', () => {
    const tasks = [task('a'), ...fan(100, 'a'), task('m', ['f0', 'f1']), task('x', ['a'])]
    const speeds = { a: speed(), f: speed(), m: speed(), x: speed({ p50Ms: 5000 }) }
    expect(estimate(tasks, speeds)).toBe(1000 + 10_000 + 1000)
    expect(estimate(tasks, { ...speeds, x: speed({ p50Ms: 50_000 }) })).toBe(51_000)
  })

  test('of a chain is one after the other', () => {
    const chain = Array.from({ length: 50 }, (_, at) => task(`c${at}`, at === 0 ? [] : [`c${at - 1}`]))
    expect(estimate(chain, { c: speed() })).toBe(50_000)
  })

  test('counts a hold once, however long the path', () => {
    expect(estimate([task('a'), task('b', ['a'])], { a: speed(), b: speed({ heldMs: 60_000 }) })).toBe(61_000)
  })

  test('is never less than what one worker has to do', () => {
    // On each path a tenth of the work of f, at a time at which the others work as well.
    const tasks = Array.from({ length: 10 }, (_, at) => [task(`a${at}`), task(`f${at}`, [`a${at}`])]).flat()
    const later = fan(10, 'd2').map((one) => ({ ...one, id: `later-${one.id}` }))
    const deep = [...tasks, task('d1'), task('d2', ['d1']), ...later]
    expect(estimate(deep, { a: speed(), f: speed({ concurrency: 1 }), d: speed() })).toBe(20_000)
  })

  test('waits for what is due later', () => {
    expect(estimate([task('a', [], { runAfter: NOW + 3_600_000 })], { a: speed() })).toBe(3_601_000)
  })

  test('has no end where somebody must act, or nothing is known', () => {
    expect(estimate([task('a')], { a: speed({ heldMs: Number.POSITIVE_INFINITY }) })).toBe(Number.POSITIVE_INFINITY)
    expect(estimate([task('a')], {})).toBe(Number.POSITIVE_INFINITY)
  })

  test('of no tasks is no time', () => {
    expect(estimate([], {})).toBe(0)
  })

  test('is at least the work of each worker, and at most all of it one after the other', () => {
    const graphs = fc.array(fc.record({ worker: fc.constantFrom('a', 'b', 'c'), parents: fc.array(fc.nat(30)) }), {
      maxLength: 30,
    })
    fc.assert(
      fc.property(graphs, fc.integer({ min: 1, max: 5 }), (nodes, concurrency) => {
        const tasks = nodes.map(({ worker: name, parents }, at) => {
          const parentIds = [...new Set(parents.filter((parent) => parent < at))].map((parent) => `t${parent}`)
          return makeTask({ id: `t${at}`, worker: name, parentIds })
        })
        const speeds = new Map(['a', 'b', 'c'].map((name) => [name, speed({ concurrency })]))
        const levels = levelsOf(tasks)
        expect(levels.flat()).toHaveLength(tasks.length)
        const all = estimateMs(levels, speeds, NOW)
        for (const left of workLeft(levels, speeds).values()) expect(all).toBeGreaterThanOrEqual(left)
        expect(all).toBeLessThanOrEqual(tasks.length * 1000)
        expect(all).toBeGreaterThanOrEqual(levels.length * 1000)
      }),
    )
  })
})
