import { expect, test } from 'vitest'
import type { CrewEvent } from '../../../server/core/change-set.ts'
import { EventFeed } from '../../../storage/redis/event-feed.ts'
import type { RedisConnection } from '../../../storage/redis/redis-connection.ts'

const event: CrewEvent = { type: 'group.created', groupId: 'g' }

/** A feed whose messages arrive when the test says so; `told` are the places and the events of each, `origins` what it tells of. */
function makeFeed() {
  const told: [places: number, events: number][] = []
  const origins: unknown[] = []
  const onWay: (() => void)[] = []
  const runner = {
    run: async (_script: string, _tag: string, args: readonly (string | number)[]) => {
      told.push([Number(args[4]), Number(args[5])])
      origins.push(args[3])
      await new Promise<void>((resolve) => onWay.push(resolve))
    },
    command: () => Promise.reject(new Error('not used')),
    scan: () => Promise.reject(new Error('not used')),
  }
  const connection = { address: { db: 0 } } as unknown as RedisConnection
  const feed = new EventFeed({ runner, connection, bootId: 'one' })
  const arrive = async () => {
    onWay.shift()?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { feed, told, origins, arrive }
}

test('what is lost while a message is on its way that tells of another loss is told by the next', async () => {
  const { feed, told, arrive } = makeFeed()
  feed.noteLost()
  feed.publish([event], 'commit')
  feed.noteLost()
  await arrive()
  feed.publish([event], 'commit')
  await arrive()
  feed.publish([event], 'commit')
  expect(told).toEqual([
    [2, 1],
    [2, 1],
    [1, 1],
  ])
})

test('what waits behind a message goes in one, and tells of a commit when there was any', async () => {
  const { feed, told, origins, arrive } = makeFeed()
  feed.publish([event], 'claim')
  feed.publish([event], 'claim')
  feed.publish([event, event], 'commit')
  feed.publish([event], 'claim')
  await arrive()
  await arrive()
  feed.publish([event], 'claim')
  expect(told).toEqual([
    [1, 1],
    [4, 4],
    [1, 1],
  ])
  expect(origins).toEqual(['claim', 'commit', 'claim'])
})
