import { describe, expect, test } from 'vitest'
import { WorkerHistory } from '../../server/controller/worker-history.ts'
import { HISTORY_MINUTES, MINUTE_MS } from '../../server/core/worker-history.ts'
import { answer } from '../support/attempts.ts'
import { openControllerWorld } from '../support/controller-world.ts'

const START = 1_000_000 * MINUTE_MS

describe('the history that a server keeps', () => {
  /** What is under way in each of the last minutes. */
  const inFlight = (history: WorkerHistory, worker: string, minute: number, minutes: number) =>
    history.of(worker, { now: START + minute * MINUTE_MS, minutes })?.map((told) => told.inFlight)

  test('tells the most that was under way at once', () => {
    const history = new WorkerHistory()
    for (const ms of [0, 10, 20]) history.began('w', START + ms)
    history.left('w', START + 30)
    history.began('w', START + 40)
    history.left('w', START + 2 * MINUTE_MS)
    expect(inFlight(history, 'w', 3, 4)).toEqual([3, 3, 3, 2])
    expect(history.of('v', { now: START, minutes: 1 })).toBe(null)
  })

  test('uses its places again after an hour', () => {
    const history = new WorkerHistory()
    for (let minute = 0; minute < 3 * HISTORY_MINUTES; minute++) {
      const at = START + minute * MINUTE_MS
      history.began('w', at)
      history.ended('w', { startedAt: at, endedAt: at, isError: minute % 2 === 0 })
      history.left('w', at)
    }
    const now = START + (3 * HISTORY_MINUTES - 1) * MINUTE_MS
    const told = history.of('w', { now, minutes: HISTORY_MINUTES }) ?? []
    expect(told.map(({ attempts }) => attempts)).toEqual(Array(HISTORY_MINUTES).fill(1))
    expect(told.filter(({ errors }) => errors === 1)).toHaveLength(HISTORY_MINUTES / 2)
  })

  test('tells how long attempts took, in each minute those of it alone, also after an hour and after weeks', () => {
    const history = new WorkerHistory()
    const [short, long] = [100, 60 * 24 * 60 * MINUTE_MS]
    for (const [minute, tookMs] of [
      [0, long],
      [1, short],
      [HISTORY_MINUTES, short],
    ] as const) {
      const at = START + minute * MINUTE_MS
      history.began('w', at)
      history.ended('w', { startedAt: at - tookMs, endedAt: at, isError: false })
    }
    const told = history.of('w', { now: START + HISTORY_MINUTES * MINUTE_MS, minutes: HISTORY_MINUTES }) ?? []
    expect([told[0]?.p95Ms, told.at(-1)?.p95Ms]).toEqual([108, 108])
    const anHourAgo = history.of('w', { now: START, minutes: 1 })
    expect(anHourAgo).toMatchObject([{ attempts: 0, p95Ms: null }])
    history.began('v', START)
    history.ended('v', { startedAt: START - long, endedAt: START, isError: false })
    expect(history.of('v', { now: START, minutes: 1 })?.[0]?.p95Ms).toBeGreaterThan(40 * 24 * 60 * MINUTE_MS)
  })

  test('is forgotten of the worker that was called longest ago when there are more than two hundred', () => {
    const history = new WorkerHistory()
    for (let index = 0; index <= 200; index++) history.began(`w${index}`, START)
    // It was under way, and comes back to somebody who has forgotten it.
    history.left('w0', START)
    expect([inFlight(history, 'w0', 0, 1), inFlight(history, 'w1', 0, 1)]).toEqual([undefined, [1]])
  })

  test('of a worker that has the room of a forgotten one tells nothing of that one', () => {
    const history = new WorkerHistory()
    history.began('w0', START)
    history.ended('w0', { startedAt: START - 100, endedAt: START, isError: true })
    for (let index = 1; index <= 200; index++) history.began(`w${index}`, START)
    history.ended('w200', { startedAt: START - 5000, endedAt: START, isError: false })
    const [minute] = history.of('w200', { now: START, minutes: 1 }) ?? []
    expect(minute).toMatchObject({ attempts: 1, errors: 0 })
    expect(minute?.p50Ms).toBeGreaterThan(4000)
  })
})

test('a controller keeps it: attempts that end, fail, and are under way', async () => {
  const world = await openControllerWorld()
  await world.graph([{ id: 'a' }, { id: 'b', remainingAttempts: 1 }, { id: 'c' }])
  await world.advance(10)
  await world.reply('a', answer({}))
  await world.reply('b', answer({ error: 'no' }))
  const [minute] = world.figures.history.of('w', { now: world.clock.now(), minutes: 1 }) ?? []
  expect(minute).toMatchObject({ attempts: 2, errors: 1, inFlight: 3 })
  await world.advance(MINUTE_MS)
  const later = world.figures.history.of('w', { now: world.clock.now(), minutes: 1 })
  expect(later).toMatchObject([{ attempts: 0, inFlight: 1 }])
})
