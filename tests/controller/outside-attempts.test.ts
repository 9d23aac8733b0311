import { describe, expect, test } from 'vitest'
import { MAX_GIVEN_BACK } from '../../server/core/attempt.ts'
import { CrewError } from '../../server/core/errors.ts'
import { resetTask, updateTask } from '../../server/services/tasks.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { answer } from '../support/attempts.ts'
import {
  type ControllerWorld,
  type ControllerWorldOptions,
  CREW_URL,
  openControllerWorld,
} from '../support/controller-world.ts'
import { LEASE_MS } from '../support/service-world.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'
import { makeSigningKeys } from '../support/worker-directory.ts'

const TIMEOUT_MS = 300_000

/** A task whose worker answered 202, and the token it was sent. */
async function accepted(world: ControllerWorld, reply = answer('', 202)): Promise<string> {
  await world.graph([{ id: 'a' }])
  await world.advance()
  const { callback } = JSON.parse(world.workers.call('a').body)
  expect(callback.url).toBe(`${CREW_URL}api/v1/attempt/${callback.token}`)
  await world.reply('a', reply)
  return callback.token
}

const outcomesOf = async (world: ControllerWorld) =>
  (await world.storage.listAttempts('a')).map(({ outcome, statusCode, error }) => [outcome, statusCode, error])

const complete = (body: object | string = {}) =>
  ({ kind: 'complete', body: typeof body === 'string' ? body : JSON.stringify(body) }) as const

describe('an attempt that was answered with 202', () => {
  test('goes on, takes no slot of this server, and ends by its callback', async () => {
    const world = await openControllerWorld({ limits: { maxInFlight: 1 } })
    const token = await accepted(world)
    expect((await world.load('a')).lease).not.toBeNull()
    expect(world.controller.inFlight).toBe(0)
    await world.advance(TIMEOUT_MS - LEASE_MS)
    expect(await world.controller.outside.end(token, complete({ output: 12345678901234567890n.toString() }))).toBe(
      'done',
    )
    expect(await world.load('a')).toMatchObject({ output: '"12345678901234567890"', lease: null, remainingAttempts: 5 })
    expect(await outcomesOf(world)).toEqual([['succeeded', 202, null]])
  })

  test('leaves no secret of its worker in what its callback says', async () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
    const world = await openControllerWorld({
      secrets: { SHOP: 'sk-live-1234567890' },
      settings: {
        w: { headers: { 'x-key': 'secret:SHOP' }, signingSecrets: [makeSigningKeys().seal(secret)] },
      },
    })
    const token = await accepted(world)
    const output = { key: 'sk-live-1234567890', secret, encoded: secret.slice(6) }
    expect(await world.controller.outside.end(token, complete({ output }))).toBe('done')
    expect((await world.load('a')).output).toBe('{"key":"***","secret":"***","encoded":"***"}')
  })

  test('may be finished before its 202 arrives', async () => {
    const world = await openControllerWorld()
    await world.graph([{ id: 'a' }])
    await world.advance()
    const { token } = JSON.parse(world.workers.call('a').body).callback
    const end = world.controller.outside.end(token, complete({ output: 1 }))
    await world.advance(2)
    expect(await end).toBe('done')
    await world.reply('a', answer('', 202))
    expect(await world.load('a')).toMatchObject({ output: '1', lease: null })
    expect(await outcomesOf(world)).toEqual([['succeeded', 202, null]])
  })

  test('is concluded once however often its worker tells of its end to a storage that is full', async () => {
    let isFull = false
    const wrap = (storage: TaskStorage) =>
      wrapStorage(storage, {
        commit: async (changeSets) => {
          if (isFull) throw new CrewError('storage_full', 'The disk is full.')
          return storage.commit(changeSets)
        },
      })
    const world = await openControllerWorld({ wrap })
    const token = await accepted(world)
    isFull = true
    const ends: Promise<string>[] = []
    for (let n = 0; n < 3; n++) {
      ends.push(world.controller.outside.end(token, complete({ output: n })))
      await world.advance(5)
    }
    isFull = false
    await world.advance(1001)
    expect(await Promise.all(ends)).toEqual(['done', 'done', 'done'])
    expect((await world.load('a')).output).toBe('0')
    expect(world.figures.of('w', world.clock.now())).toMatchObject({ attempts: 1 })
  })

  test('has its whole time from when a storage that was away takes it', async () => {
    let isAway = false
    const wrap = (storage: TaskStorage) =>
      wrapStorage(storage, {
        renewLeases: async (...renewal) => {
          if (isAway) throw new CrewError('storage_unavailable', 'away')
          return storage.renewLeases(...renewal)
        },
      })
    const world = await openControllerWorld({ wrap, leaseMs: 3 * TIMEOUT_MS })
    isAway = true
    const token = await accepted(world)
    await world.advance(2 * TIMEOUT_MS)
    isAway = false
    await world.advance(TIMEOUT_MS - 1000)
    expect(await outcomesOf(world)).toEqual([])
    expect(await world.controller.outside.end(token, complete({ output: 1 }))).toBe('done')
  })

  test('ends once however often it is told, and what is told later changes nothing', async () => {
    const world = await openControllerWorld()
    const token = await accepted(world)
    const { outside } = world.controller
    const ends = [outside.end(token, complete({ output: 1 })), outside.end(token, complete({ output: 2 }))]
    await world.advance(2)
    expect(await Promise.all(ends)).toEqual(['done', 'done'])
    expect(await outside.end(token, { kind: 'fail', body: '{}' })).toBe('done')
    expect(await outcomesOf(world)).toEqual([['succeeded', 202, null]])
    expect((await world.load('a')).output).toBe('1')
  })

  test('is a timeout that uses an attempt when no heartbeat comes, and a late end is refused', async () => {
    const world = await openControllerWorld()
    const token = await accepted(world)
    await world.advance(TIMEOUT_MS + 1000)
    const why = 'accepted with 202, and then no heartbeat came in time'
    expect(await outcomesOf(world)).toEqual([['timeout', null, why]])
    expect(await world.load('a')).toMatchObject({ remainingAttempts: 4, errors: [why], lease: null })
    expect(await world.controller.outside.end(token, complete({ output: 1 }))).toBe('superseded')
    expect(await world.controller.outside.heartbeat(token)).toBeNull()
    await world.advance(60_000)
    expect(world.workers.calls).toHaveLength(2)
    expect(await world.controller.outside.end(token, complete({ output: 1 }))).toBe('superseded')
    await world.reply('a', answer({ output: 2 }))
    expect((await world.load('a')).output).toBe('2')
  })

  test('counts in the figures of its worker however it ends: by its callback, or by silence', async () => {
    const world = await openControllerWorld()
    const token = await accepted(world)
    await world.advance(TIMEOUT_MS + 1000)
    const now = () => world.figures.of('w', world.clock.now())
    expect(now()).toMatchObject({ attempts: 1, errors: 1, lastError: { taskId: 'a', statusCode: null } })
    expect(await world.controller.outside.end(token, complete())).toBe('superseded')
    await world.advance(60_000)
    const { callback } = JSON.parse(world.workers.call('a').body)
    await world.reply('a', answer('', 202))
    expect(await world.controller.outside.end(callback.token, complete())).toBe('done')
    expect(now()).toMatchObject({ attempts: 2, errors: 1 })
  })

  test('goes on as long as heartbeats come, also when its server died', async () => {
    const world = await openControllerWorld()
    const token = await accepted(world)
    for (let n = 0; n < 5; n++) {
      await world.advance(TIMEOUT_MS - 1000)
      expect(await world.controller.outside.heartbeat(token)).toMatchObject({ until: world.clock.now() + TIMEOUT_MS })
    }
    expect(await world.storage.listExpiredLeases(10)).toEqual([])
    expect((await world.load('a')).lease?.holder).toMatch(/^outside:callback /)
  })

  test('holds what its 202 asks to be held', async () => {
    const world = await openControllerWorld()
    await accepted(world, answer({ workgroupDelayInSeconds: 60, workgroup: 'ads' }, 202))
    expect(await world.storage.listHolds('workgroup')).toMatchObject([{ name: 'ads', taskId: 'a', kind: 'delay' }])
  })

  test('fails as its worker says, with what it says about trying again', async () => {
    const world = await openControllerWorld()
    const token = await accepted(world)
    const body = JSON.stringify({ error: 'the export broke', retryable: false, output: { rows: 3 } })
    expect(await world.controller.outside.end(token, { kind: 'fail', body })).toBe('done')
    expect(await world.load('a')).toMatchObject({
      errors: ['the export broke'],
      remainingAttempts: 0,
      output: '{"rows":3}',
    })
  })

  test('that is rate limited uses up no attempt, and holds its worker', async () => {
    const world = await openControllerWorld()
    const token = await accepted(world)
    const body = JSON.stringify({ error: 'slow down', rateLimited: true, workgroupDelayInSeconds: 20 })
    expect(await world.controller.outside.end(token, { kind: 'fail', body })).toBe('done')
    expect(await world.load('a')).toMatchObject({ remainingAttempts: 5, errors: [] })
    expect(await world.storage.listHolds('worker')).toMatchObject([
      { until: world.clock.now() + 20_000, kind: 'rateLimit' },
    ])
    await world.advance(20_000)
    expect(world.workers.openIds).toEqual(['a'])
  })

  test('that fails without a word of why is a failure all the same', async () => {
    const world = await openControllerWorld()
    const token = await accepted(world)
    expect(await world.controller.outside.end(token, { kind: 'fail', body: '{}' })).toBe('done')
    expect((await world.load('a')).errors).toEqual(['the worker says that it failed'])
  })

  test('is fenced by a reset, and an edit meanwhile does not lose its result', async () => {
    const world = await openControllerWorld()
    const first = await accepted(world)
    await resetTask(world.context, { taskId: 'a' }, { remainingAttempts: 5, descendants: false })
    expect(await world.controller.outside.end(first, complete())).toBe('superseded')
    await world.advance()
    const second = JSON.parse(world.workers.call('a').body).callback.token
    expect(second).not.toBe(first)
    await world.reply('a', answer('', 202))
    await updateTask(world.context, { taskId: 'a' }, { isPaused: true })
    expect(await world.controller.outside.end(second, complete({ output: 7 }))).toBe('done')
    expect((await world.load('a')).output).toBe('7')
  })

  test('is ended by its own token alone', async () => {
    const world = await openControllerWorld()
    const token = await accepted(world)
    const { outside } = world.controller
    for (const forged of [`${token}x`, token.slice(0, -1), 'a~', `a~${'A'.repeat(43)}`])
      expect(await outside.end(forged, complete())).toBe('superseded')
    for (const unknown of ['', '~', 'a', token.replace('a~', 'b~')]) {
      expect(await outside.end(unknown, complete())).toBe('unknown')
      expect(await outside.heartbeat(unknown)).toBeUndefined()
    }
    expect((await world.load('a')).lease).not.toBeNull()
  })
})

describe('a polling worker', () => {
  const request = { channel: 'w', workerId: 'p1', leaseMs: 60_000, waitMs: 0 }

  async function pollWorld(
    tasks: { id: string; priority?: number; key?: string; parentIds?: string[] }[],
    more: ControllerWorldOptions = {},
  ) {
    const world = await openControllerWorld({ baseUrl: null, ...more })
    if (tasks.length > 0) await world.graph(tasks.map((task) => ({ worker: 'w', ...task })))
    await world.advance()
    const acquire = async (more: Partial<typeof request> = {}) => {
      const polled = world.controller.polls.acquire({ ...request, ...more })
      await world.advance(5)
      return (await polled)?.claimed.task.id ?? null
    }
    return { ...world, acquire }
  }

  test('gets tasks in the order of their priority, and nothing when there is none', async () => {
    const world = await pollWorld([{ id: 'a' }, { id: 'b', priority: 5 }])
    expect([await world.acquire(), await world.acquire(), await world.acquire()]).toEqual(['b', 'a', null])
    expect(await world.acquire({ channel: 'other' })).toBeNull()
  })

  test('waits for a task that comes later, for no longer than it wants to', async () => {
    const world = await pollWorld([])
    const polled = world.controller.polls.acquire({ ...request, waitMs: 10_000 })
    await world.advance(3000)
    await world.graph([{ id: 'late', worker: 'w' }])
    await world.advance(5)
    expect((await polled)?.claimed.task.id).toBe('late')
    const started = world.clock.now()
    const nothing = world.controller.polls.acquire({ ...request, waitMs: 10_000 })
    await world.advance(10_000)
    expect(await nothing).toBeNull()
    expect(world.clock.now() - started).toBe(10_000)
  })

  test('hands its task back with children in the form of Crew v1', async () => {
    const world = await pollWorld([{ id: 'a' }])
    await world.acquire()
    const children = [
      { _child_id: 'x', channel: 'w', input: 1 },
      { _child_id: 'y', _parent_ids: ['x'], channel: 'w', input: 2 },
    ]
    const released = world.controller.outside.release('a', { workerId: 'p1' }, complete({ output: { n: 1 }, children }))
    await world.advance(5)
    expect(await released).toBe('done')
    const x = await world.acquire()
    expect((await world.load(x ?? '')).input).toBe('1')
    expect(await world.acquire()).toBeNull()
    expect(await outcomesOf(world)).toEqual([['succeeded', null, null]])
  })

  test('hands back only what it holds; again is fine', async () => {
    const world = await pollWorld([{ id: 'a' }])
    await world.acquire()
    const { outside } = world.controller
    expect(await outside.release('a', { workerId: 'p2' }, complete())).toBe('superseded')
    expect(await outside.release('nothing', { workerId: 'p1' }, complete())).toBe('unknown')
    expect(await outside.release('a', { workerId: 'p1' }, complete({ output: 1 }))).toBe('done')
    expect(await outside.release('a', { workerId: 'p1' }, complete({ output: 2 }))).toBe('done')
    expect((await world.load('a')).output).toBe('1')
  })

  test('counts in the figures of its channel with what it releases', async () => {
    const world = await pollWorld([{ id: 'a' }, { id: 'b' }])
    const { outside } = world.controller
    await world.acquire()
    await world.acquire()
    await world.advance(1000)
    await outside.release('a', { workerId: 'p1' }, complete())
    await outside.release('b', { workerId: 'p1' }, complete({ error: 'no' }))
    const tally = world.figures.of('w', world.clock.now())
    expect(tally).toMatchObject({ attempts: 2, errors: 1, lastError: { taskId: 'b', message: 'no' } })
  })

  test('that vanishes loses its task to another one, without an attempt used up, and not for ever', async () => {
    const world = await pollWorld([{ id: 'a' }])
    for (let n = 0; n < MAX_GIVEN_BACK; n++) {
      expect(await world.acquire()).toBe('a')
      expect(await world.acquire({ workerId: 'p2' })).toBeNull()
      await world.advance(61_000)
    }
    expect(await world.load('a')).toMatchObject({ remainingAttempts: 5, givenBack: MAX_GIVEN_BACK })
    expect(await world.acquire()).toBe('a')
    await world.advance(61_000)
    expect(await world.load('a')).toMatchObject({ remainingAttempts: 4, failures: 1 })
    expect(await world.controller.outside.release('a', { workerId: 'p1' }, complete())).toBe('superseded')
  })

  test('ends by a release that comes late no later attempt than the one it names', async () => {
    const world = await pollWorld([{ id: 'a' }])
    const { outside } = world.controller
    await world.acquire()
    await world.advance(61_000)
    expect(await world.acquire()).toBe('a')
    expect(await outside.release('a', { workerId: 'p1', attempt: 1 }, complete({ output: 1 }))).toBe('superseded')
    expect((await world.load('a')).lease).not.toBeNull()
    expect(await outside.release('a', { workerId: 'p1', attempt: 2 }, complete({ output: 2 }))).toBe('done')
    expect(await outside.release('a', { workerId: 'p1', attempt: 2 }, complete({ output: 3 }))).toBe('done')
    expect(await outside.release('a', { workerId: 'p1', attempt: 1 }, complete({ output: 3 }))).toBe('superseded')
    expect((await world.load('a')).output).toBe('2')
  })

  test('that had the task before does not pass for having ended it when it lost it the second time', async () => {
    const world = await pollWorld([{ id: 'a' }])
    await world.acquire()
    const { outside } = world.controller
    const failed = JSON.stringify({ error: 'once', retryAfterSeconds: 0 })
    expect(await outside.release('a', { workerId: 'p1' }, complete(failed))).toBe('done')
    expect(await world.acquire()).toBe('a')
    await world.advance(61_000)
    expect(await outside.release('a', { workerId: 'p1' }, complete({ output: 1 }))).toBe('superseded')
    expect(await world.load('a')).toMatchObject({ output: 'null', lease: null })
  })

  test('keeps its task by the heartbeats of its callback', async () => {
    const world = await pollWorld([{ id: 'a' }])
    const polled = world.controller.polls.acquire(request)
    await world.advance(5)
    const { callbacks } = world
    const { token } = callbacks.of('a', (await polled)?.claimed.token ?? '')
    await world.advance(59_000)
    expect(await world.controller.outside.heartbeat(token)).toMatchObject({ until: world.clock.now() + 60_000 })
    await world.advance(59_000)
    expect(await world.controller.outside.release('a', { workerId: 'p1' }, complete())).toBe('done')
  })

  test('gets the task that there is, when another one asks with it and gets nothing', async () => {
    const world = await pollWorld([{ id: 'a' }])
    const polls = ['p1', 'p2'].map((workerId) => world.controller.polls.acquire({ ...request, workerId }))
    await world.advance(5)
    expect((await Promise.all(polls)).map((polled) => polled?.claimed.task.id)).toEqual(['a', undefined])
    expect((await world.load('a')).lease?.holder).toBe('outside:poll 60000 p1')
  })

  test.each([
    ['its time is over', (world: ControllerWorld) => world.advance(10_000)],
    ['the server closes', async (world: ControllerWorld) => world.controller.polls.close()],
  ])('that waited gets the task that is on its way to it when %s', async (_, pass) => {
    const handOver = Promise.withResolvers<void>()
    const wrap = (storage: TaskStorage) =>
      wrapStorage(storage, {
        renewLeases: async (...args) => {
          await handOver.promise
          return storage.renewLeases(...args)
        },
      })
    const world = await pollWorld([], { wrap })
    const polled = world.controller.polls.acquire({ ...request, waitMs: 10_000 })
    await world.graph([{ id: 'a', worker: 'w' }])
    await world.advance(5)
    await pass(world)
    handOver.resolve()
    await world.advance(5)
    expect((await polled)?.claimed.task.id).toBe('a')
  })

  test.each([true, false])('loses no task by a hand-over that nobody answered, %j: it was done', async (isDone) => {
    let isAway = false
    const away = () => new CrewError('storage_unavailable', 'The storage does not answer.')
    const wrap = (storage: TaskStorage) =>
      wrapStorage(storage, {
        renewLeases: async (...args) => {
          isAway = true
          if (isDone) await storage.renewLeases(...args)
          throw away()
        },
        commit: async (changeSets) => {
          if (isAway) throw away()
          return storage.commit(changeSets)
        },
      })
    const world = await pollWorld([{ id: 'a' }], { wrap })
    const polled = world.controller.polls.acquire(request).catch((error) => error.code)
    await world.advance(5)
    expect(await polled).toBe('storage_unavailable')
    expect((await world.load('a')).lease).not.toBeNull()
    isAway = false
    await world.advance(1001)
    expect(await world.load('a')).toMatchObject({ lease: null, remainingAttempts: 5 })
  })

  test('that went away while it waited leaves the task to others', async () => {
    const world = await pollWorld([])
    const gone = new AbortController()
    const polled = world.controller.polls.acquire({ ...request, waitMs: 10_000, signal: gone.signal })
    const other = world.controller.polls.acquire({ ...request, workerId: 'p2', waitMs: 10_000 })
    gone.abort()
    await world.graph([{ id: 'a', worker: 'w' }])
    await world.advance(5)
    expect([await polled, (await other)?.claimed.task.id]).toEqual([null, 'a'])
  })

  test('gets one of the tasks with one key, and the others get its result', async () => {
    const world = await pollWorld([
      { id: 'a', key: 'k' },
      { id: 'b', key: 'k' },
    ])
    expect([await world.acquire(), await world.acquire({ workerId: 'p2' })]).toEqual(['a', null])
    await world.controller.outside.release('a', { workerId: 'p1' }, complete({ output: 5 }))
    expect(await world.load('b')).toMatchObject({ output: '5' })
  })

  test('holds its workgroup by its answer, and gets nothing of it while it is held', async () => {
    const world = await openControllerWorld({ baseUrl: null })
    await world.graph([
      { id: 'a', worker: 'w', workgroup: 'g' },
      { id: 'b', worker: 'w', workgroup: 'g' },
    ])
    const acquire = async () => {
      const polled = world.controller.polls.acquire(request)
      await world.advance(5)
      return (await polled)?.claimed.task.id ?? null
    }
    expect(await acquire()).toBe('a')
    await world.controller.outside.release('a', { workerId: 'p1' }, complete({ workgroupDelayInSeconds: 30 }))
    expect(await acquire()).toBeNull()
    await world.advance(30_000)
    expect(await acquire()).toBe('b')
  })

  test('gets nothing any more from a server that drains', async () => {
    const world = await pollWorld([])
    const polled = world.controller.polls.acquire({ ...request, waitMs: 10_000 })
    await world.controller.drain(0)
    expect([await polled, await world.controller.polls.acquire(request)]).toEqual([null, null])
  })
})

describe('a worker that is called and polls', () => {
  test('has each task once, either way', async () => {
    const world = await openControllerWorld({ settings: { w: { mode: 'both' } }, limits: { maxInFlightPerWorker: 1 } })
    await world.graph(['a', 'b', 'c'].map((id) => ({ id, worker: 'w' })))
    await world.advance()
    expect(world.workers.openIds).toEqual(['a'])
    const polled = world.controller.polls.acquire({ channel: 'w', workerId: 'p1', leaseMs: 60_000, waitMs: 0 })
    await world.advance(5)
    expect((await polled)?.claimed.task.id).toBe('b')
    expect(world.workers.openIds).toEqual(['a'])
    await world.reply('a', answer({ output: 1 }))
    // It is in flight wherever it runs.
    expect(world.workers.openIds).toEqual([])
    await world.controller.outside.release('b', { workerId: 'p1' }, complete())
    await world.advance(5)
    expect(world.workers.openIds).toEqual(['c'])
  })
})
