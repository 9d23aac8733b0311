import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CAREFUL_MS, RestartWindows } from '../../server/controller/restart-windows.ts'
import { createGraph } from '../../server/services/groups.ts'
import { answer } from '../support/attempts.ts'
import { type ControllerWorld, openControllerWorld } from '../support/controller-world.ts'

const BOOT = 1_000_000
const LIMIT = 20

/** The window of a worker that has old work, claimed as the server started. */
function oldWindow() {
  const windows = new RestartWindows(LIMIT)
  windows.begin(BOOT)
  windows.claimed('w', BOOT - 1, BOOT)
  return windows
}

describe('the window of a worker with old work', () => {
  test('is 1 at first, and doubles each second', () => {
    const windows = oldWindow()
    expect([0, 999, 1000, 2000, 3000, 4000, 5000].map((ms) => windows.sizeOf('w', BOOT + ms))).toEqual([
      1, 1, 2, 4, 8, 16, 20,
    ])
  })

  test('grows by one with each clean answer, is halved by a bad one, and is left alone by others', () => {
    const windows = oldWindow()
    const tell = (tone: 'clean' | 'bad' | 'neither') => {
      windows.answered('w', tone, BOOT)
      return windows.sizeOf('w', BOOT)
    }
    expect((['clean', 'clean', 'clean', 'neither', 'bad', 'bad', 'bad'] as const).map(tell)).toEqual([
      2, 3, 4, 4, 2, 1, 1,
    ])
  })

  test('doubles no sooner than a second after a bad answer', () => {
    const windows = oldWindow()
    windows.answered('w', 'bad', BOOT + 900)
    expect([1899, 1900].map((ms) => windows.sizeOf('w', BOOT + ms))).toEqual([1, 2])
  })

  test('once it has reached the limit is not narrowed again: gates do that', () => {
    const windows = oldWindow()
    expect(windows.sizeOf('w', BOOT + 10_000)).toBe(LIMIT)
    windows.answered('w', 'bad', BOOT + 10_000)
    expect(windows.sizeOf('w', BOOT + 10_000)).toBe(LIMIT)
  })

  test('is open after a minute, whatever was answered', () => {
    const windows = oldWindow()
    for (let ms = 0; ms < CAREFUL_MS; ms += 500) windows.answered('w', 'bad', BOOT + ms)
    expect(windows.sizeOf('w', BOOT + CAREFUL_MS - 1)).toBe(1)
    expect(windows.sizeOf('w', BOOT + CAREFUL_MS)).toBe(LIMIT)
  })

  test('is no narrower by a clock that is set back, and open a minute later by that clock', () => {
    const windows = oldWindow()
    expect(windows.sizeOf('w', BOOT + 2000)).toBe(4)
    const back = BOOT - 3_600_000
    expect([0, 1000].map((ms) => windows.sizeOf('w', back + ms))).toEqual([4, 8])
    expect(windows.isCareful(back + CAREFUL_MS)).toBe(false)
  })

  test('stays between 1 and the limit, whatever comes and whatever clocks do', () => {
    const ms = fc.oneof(fc.nat(1500), fc.integer({ min: -10_000, max: 0 }))
    const step = fc.record({ tone: fc.constantFrom('clean', 'bad', 'neither'), ms })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const windows = oldWindow()
        let now = BOOT
        for (const { tone, ms } of steps) {
          now += ms
          windows.answered('w', tone as 'clean', now)
          const size = windows.sizeOf('w', now)
          expect(Number.isInteger(size) && size >= 1 && size <= LIMIT).toBe(true)
        }
      }),
    )
  })
})

test('a worker whose first task is new is open, also for what is older', () => {
  const windows = new RestartWindows(LIMIT)
  windows.begin(BOOT)
  expect(windows.claimed('w', BOOT, BOOT)).toBe(true)
  expect(windows.claimed('w', BOOT - 1, BOOT)).toBe(false)
  expect(windows.sizeOf('w', BOOT)).toBe(LIMIT)
})

describe('after a restart', () => {
  const batch = (prefix: string, worker: string) =>
    Array.from({ length: 60 }, (_, at) => ({ id: `${prefix}${at}`, worker }))

  /** A server that starts a second after work was made for the worker `old`. */
  async function openRestarted(): Promise<ControllerWorld> {
    const world = await openControllerWorld({ isStarted: false })
    await world.graph(batch('o', 'old'))
    world.clock.advance(1000)
    await world.controller.start()
    await world.advance()
    return world
  }

  const openOf = (world: ControllerWorld, worker: string) => world.workers.open.filter((call) => call.worker === worker)

  test('a worker with a backlog gets one task, then twice as many with each round of answers', async () => {
    const world = await openRestarted()
    const rounds: number[] = []
    for (let round = 0; round < 6; round++) {
      rounds.push(openOf(world, 'old').length)
      for (const call of openOf(world, 'old')) call.reply()
      await world.advance(5)
    }
    expect(rounds).toEqual([1, 2, 4, 8, 16, 20])
  })

  test('a worker that does not answer gets twice as many each second', async () => {
    const world = await openRestarted()
    const seconds: number[] = []
    for (let second = 0; second < 6; second++) {
      seconds.push(openOf(world, 'old').length)
      await world.advance(1000)
    }
    expect(seconds).toEqual([1, 2, 4, 8, 16, 20])
  })

  test('a worker that is refused gets less', async () => {
    const world = await openRestarted()
    await world.advance(2000)
    expect(openOf(world, 'old')).toHaveLength(4)
    for (const call of openOf(world, 'old')) call.reply(answer('', 503))
    await world.advance(5)
    expect(openOf(world, 'old')).toHaveLength(1)
  })

  test('a worker of new work is open at once', async () => {
    const world = await openRestarted()
    await createGraph(world.context, { id: 'h', name: '', tasks: batch('n', 'new') })
    await world.advance()
    expect(openOf(world, 'new')).toHaveLength(20)
    expect(openOf(world, 'old')).toHaveLength(1)
    expect(world.controller.slotsOf('old')).toEqual({ inFlight: 1, limit: 1 })
  })

  test('everything is as always after a minute', async () => {
    const world = await openRestarted()
    for (const call of openOf(world, 'old')) call.reply(answer('', 404))
    await world.advance(61_000)
    await createGraph(world.context, { id: 'h', name: '', tasks: batch('n', 'new') })
    await world.advance()
    expect(openOf(world, 'new')).toHaveLength(20)
    expect(openOf(world, 'old')).toHaveLength(20)
  })
})
