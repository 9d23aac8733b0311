import { describe, expect, test } from 'vitest'
import { CrewError } from '../../server/core/errors.ts'
import { createTask } from '../../server/services/tasks.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { answer } from '../support/attempts.ts'
import { type ControllerWorldOptions, openControllerWorld } from '../support/controller-world.ts'
import { LEASE_MS } from '../support/service-world.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'

/** A controller whose storage goes away and comes back, whole. */
async function openWorld(options: ControllerWorldOptions = {}) {
  const outage = { isAway: false, calls: 0 }
  const whenThere =
    <Args extends unknown[], Value>(work: (...args: Args) => Promise<Value>) =>
    async (...args: Args): Promise<Value> => {
      outage.calls++
      if (outage.isAway) throw new CrewError('storage_unavailable', 'The storage does not answer.')
      return work(...args)
    }
  const wrap = (storage: TaskStorage): TaskStorage =>
    wrapStorage(storage, {
      commit: whenThere((changeSets) => storage.commit(changeSets)),
      claim: whenThere((request) => storage.claim(request)),
      renewLeases: whenThere((leases, until) => storage.renewLeases(leases, until)),
      listExpiredLeases: whenThere((limit) => storage.listExpiredLeases(limit)),
      getTasks: whenThere((ids) => storage.getTasks(ids)),
      findGroup: whenThere((id) => storage.findGroup(id)),
      listDuplicates: whenThere((mergeKey) => storage.listDuplicates(mergeKey)),
    })
  return { outage, ...(await openControllerWorld({ ...options, wrap })) }
}

describe('an answer that comes while the storage is away', () => {
  test('is kept with its children, which are checked when it is back', async () => {
    const world = await openWorld()
    await world.graph([{ id: 'a' }])
    await world.advance()
    world.outage.isAway = true
    await world.reply('a', answer({ output: 1, children: [{ id: 'made', worker: 'w' }] }))
    await world.advance(10_000)
    world.outage.isAway = false
    await world.advance(2001)
    expect(await world.load('a')).toMatchObject({ output: '1', givenBack: 0 })
    expect(world.workers.openIds).toEqual(['made'])
  })

  test('is kept for all that share its key', async () => {
    const world = await openWorld()
    await world.graph(['a', 'b', 'c'].map((id) => ({ id, key: 'k' })))
    await world.advance()
    const [running = ''] = world.workers.openIds
    world.outage.isAway = true
    await world.reply(running, answer({ output: 1 }))
    await world.advance(10_000)
    world.outage.isAway = false
    await world.advance(2001)
    for (const id of ['a', 'b', 'c']) expect((await world.load(id)).output).toBe('1')
    expect(world.workers.calls).toHaveLength(1)
  })
})

describe('while the storage is away', () => {
  test('it is asked a few times a second, however often something wakes', async () => {
    const world = await openWorld()
    await world.graph([{ id: 'a' }])
    await world.advance()
    world.outage.isAway = true
    await world.advance(1001)
    world.outage.calls = 0
    for (let time = 0; time < 1000; time++) {
      world.controller.wake()
      await world.advance(10)
    }
    expect(world.outage.calls).toBeLessThan(30)
    expect(world.outage.calls).toBeGreaterThan(5)
    world.outage.isAway = false
    await createTask(world.context, 'g', { id: 'b', worker: 'w' })
    await world.advance(1001)
    expect(world.workers.openIds).toEqual(['a', 'b'])
  })

  test('the log says so once', async () => {
    const world = await openWorld()
    await world.graph([{ id: 'a' }])
    await world.advance()
    for (let outage = 0; outage < 2; outage++) {
      world.outage.isAway = true
      await world.advance(20_000)
      world.outage.isAway = false
      await world.advance(5000)
    }
    const line = 'the storage is away or full; nothing is claimed until it answers again'
    expect(world.logged).toEqual([line, line])
  })
})

describe('after the storage was away for longer than a lease', () => {
  test('what runs here is renewed at once', async () => {
    const world = await openWorld()
    await world.graph([{ id: 'a' }])
    await world.advance()
    world.outage.isAway = true
    await world.advance(2 * LEASE_MS)
    world.outage.isAway = false
    await world.advance(1001)
    const { lease } = await world.load('a')
    expect(lease?.until).toBeGreaterThan(world.clock.now() + LEASE_MS - 1100)
  })

  test('other servers have the time to renew theirs before they are taken for dead, and not for ever', async () => {
    const world = await openWorld({ isStarted: false })
    await world.graph([{ id: 'a' }, { id: 'b' }])
    const claimed = await world.claim()
    await world.controller.start()
    world.outage.isAway = true
    await world.advance(2 * LEASE_MS)
    world.outage.isAway = false
    await world.advance(3000)
    const [a] = claimed.filter(({ task }) => task.id === 'a')
    if (!a) throw new Error('a was not claimed')
    const { token } = a
    expect(await world.storage.renewLeases([{ taskId: 'a', token }], world.clock.now() + LEASE_MS)).toEqual([])
    await world.advance(3000)
    expect(world.workers.openIds).toEqual(['b'])
    expect(await world.finish(a)).toBe('applied')
  })
})

test('a claim that is answered after its lease ended starts nothing', async () => {
  let isSlow = false
  const world = await openControllerWorld({
    wrap: (storage) =>
      wrapStorage(storage, {
        async claim(request) {
          const result = await storage.claim(request)
          // As when the machine sleeps between the answer and its reading.
          if (isSlow && result.tasks.length > 0) {
            isSlow = false
            world.clock.advance(LEASE_MS)
          }
          return result
        },
      }),
  })
  isSlow = true
  await world.graph([{ id: 'a' }])
  await world.advance()
  expect(isSlow).toBe(false)
  expect(world.workers.openIds).toEqual(['a'])
  const { attempts, lease } = await world.load('a')
  expect([attempts, lease?.until]).toEqual([1, world.clock.now() + LEASE_MS])
})
