import { describe, expect, test } from 'vitest'
import type { BulkOrder } from '../../server/core/bulk.ts'
import { CrewError } from '../../server/core/errors.ts'
import { isExhausted } from '../../server/core/task.ts'
import { continueBulk, getBulk, startBulk, stopBulk } from '../../server/services/bulk.ts'
import { failedTasks, heldCommits, inGroup, openBulk } from '../support/bulk-world.ts'
import { refusalOf } from '../support/service-world.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'

describe('an operation under way', () => {
  async function openHalfway(tasks = 1000, action: BulkOrder['action'] = 'retry', spreadMs = 0) {
    const world = await openBulk()
    await world.graph(failedTasks(tasks))
    const { id } = await world.order({ action, spreadMs }, inGroup)
    const held = heldCommits(world.storage)
    const server = world.server(held.storage)
    await startBulk(server, id, '')
    await held.reached()
    return { world, id, held, server }
  }

  test('stops when it is told to, after what is being written', async () => {
    const { world, id, held, server } = await openHalfway()
    expect(await getBulk(server, id)).toMatchObject({ state: 'running', operation: { next: 0 } })
    const stopping = stopBulk(server, id)
    held.open()
    expect(await stopping).toMatchObject({ state: 'stopped', operation: { done: 200, endedAt: world.clock.now() } })
    expect([...(await world.loadAll()).values()].filter(isExhausted)).toHaveLength(800)
    expect(await stopBulk(server, id)).toMatchObject({ state: 'stopped' })
    await refusalOf('conflict', continueBulk(server, id))
  })

  test('is interrupted when its server ends, and another one goes on with the rest', async () => {
    const { world, id, held, server } = await openHalfway()
    const closing = server.bulk.close()
    held.open()
    await closing
    const next = world.server()
    expect(await getBulk(next, id)).toMatchObject({ state: 'interrupted', operation: { done: 200, endedAt: null } })
    expect(await startBulk(next, id, '')).toMatchObject({ state: 'interrupted' })
    // The list outlives its preview.
    world.clock.advance(10 * 3_600_000)
    expect(await continueBulk(next, id)).toMatchObject({ state: 'running' })
    expect(await continueBulk(next, id)).toMatchObject({ state: 'running' })
    await next.bulk.ended(id)
    expect(await getBulk(next, id)).toMatchObject({ state: 'finished', operation: { done: 1000, skipped: 0 } })
    expect([...(await world.loadAll()).values()].filter(isExhausted)).toHaveLength(0)
  })

  test('spreads what was left, however late it goes on', async () => {
    const spreadMs = 1_000_000
    const { world, id, held, server } = await openHalfway(1000, 'retry', spreadMs)
    const closing = server.bulk.close()
    held.open()
    await closing
    world.clock.advance(10 * 3_600_000)
    const [next, now] = [world.server(), world.clock.now()]
    await continueBulk(next, id)
    await next.bulk.ended(id)
    const dueAt = async (task: string) => (await world.load(task)).runAfter - now
    expect(await Promise.all(['t201', 't600', 't999'].map(dueAt))).toEqual([1_000, 400_000, 799_000])
  })

  test('that was interrupted can be stopped for good', async () => {
    const { world, id, held, server } = await openHalfway()
    const closing = server.bulk.close()
    held.open()
    await closing
    const next = world.server()
    expect(await stopBulk(next, id)).toMatchObject({ state: 'stopped', operation: { done: 200 } })
  })

  test.each(['retry', 'reset'] as const)(
    'of the action %s is interrupted by an outage, which is told once',
    async (action) => {
      const { world, id } = await openHalfway(1, action)
      const away = new CrewError('storage_unavailable', 'away')
      let isAway = true
      const server = world.server(
        wrapStorage(world.storage, {
          commit: (changeSets) => (isAway ? Promise.reject(away) : world.storage.commit(changeSets)),
        }),
      )
      expect(await continueBulk(server, id)).toMatchObject({ state: 'running' })
      await server.bulk.ended(id)
      expect(world.errors).toEqual([away])
      expect(await getBulk(server, id)).toMatchObject({ state: 'interrupted', operation: { next: 0 } })
      isAway = false
      await continueBulk(server, id)
      await server.bulk.ended(id)
      expect(await getBulk(server, id)).toMatchObject({ state: 'finished' })
    },
  )

  test('is stopped from another server at its next chunk', async () => {
    const world = await openBulk()
    await world.graph(failedTasks(1000))
    const { id } = await world.order({}, inGroup)
    const held = heldCommits(world.storage)
    const feed = { subscribe: () => () => {} }
    const [one, two] = [held.storage, world.storage].map((storage) => world.server(wrapStorage(storage, { feed })))
    if (!one || !two) throw new Error('two servers')
    await startBulk(one, id, '')
    await held.reached()
    expect(await stopBulk(two, id)).toMatchObject({ state: 'running' })
    held.open()
    await one.bulk.ended(id)
    expect(await getBulk(two, id)).toMatchObject({ state: 'stopped', operation: { done: 200 } })
  })

  test('has nothing left to write once it says that it has ended', async () => {
    const world = await openBulk()
    await world.graph(failedTasks(300))
    const { id } = await world.order({}, inGroup)
    const keys: string[] = []
    const server = world.server(
      wrapStorage(world.storage, {
        putRecord(key, value, expiresAt) {
          keys.push(key)
          return world.storage.putRecord(key, value, expiresAt)
        },
      }),
    )
    await startBulk(server, id, '')
    await server.bulk.ended(id)
    expect(await getBulk(server, id)).toMatchObject({ state: 'finished' })
    expect(keys.at(-1)).toBe(`bulk/${id}`)
    expect(keys).toContain(`bulk-stop/${id}`)
  })

  test('is given up by a server that was taken for dead', async () => {
    const world = await openBulk()
    await world.graph(failedTasks(1000))
    const { id } = await world.order({}, inGroup)
    const held = heldCommits(world.storage)
    const feed = { subscribe: () => () => {} }
    const [frozen, other] = [held.storage, world.storage].map((storage) => world.server(wrapStorage(storage, { feed })))
    if (!frozen || !other) throw new Error('two servers')
    await startBulk(frozen, id, '')
    await held.reached()
    expect(await getBulk(other, id)).toMatchObject({ state: 'running' })
    world.clock.advance(60_000)
    await continueBulk(other, id)
    await other.bulk.ended(id)
    held.open()
    await frozen.bulk.ended(id)
    expect(await getBulk(other, id)).toMatchObject({
      state: 'finished',
      operation: { next: 1000, instance: other.bulk.instance },
    })
  })

  test('is one of ten at most', async () => {
    const world = await openBulk()
    await world.graph(failedTasks(1))
    const held = heldCommits(world.storage)
    const server = world.server(held.storage)
    const orders = await Promise.all(Array.from({ length: 11 }, () => world.order({}, inGroup)))
    for (const { id } of orders.slice(0, 10)) await startBulk(server, id, '')
    await refusalOf('too_many_requests', startBulk(server, orders.at(-1)?.id ?? '', ''))
    held.open()
    await server.bulk.close()
  })
})
