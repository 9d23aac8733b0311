import { expect, onTestFinished, test } from 'vitest'
import { EventLog, LOG_SIZE } from '../../server/api/live/event-log.ts'
import { EventStream } from '../../server/api/live/event-stream.ts'
import type { CrewEvent } from '../../server/core/change-set.ts'
import type { FeedListener, SharedFeed } from '../../storage/task-storage.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'
import { openEvents } from './listen.ts'
import { makeApi, TOKEN } from './make-api.ts'

/** What several servers on one store hear, as the test says. */
function makeFeed() {
  const listeners = new Set<FeedListener>()
  let last = 0
  const feed: SharedFeed = {
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  return {
    feed,
    listeners,
    /** Events of these tasks, which every server hears. */
    tell: (...taskIds: string[]) => {
      for (const listener of listeners) listener(taskIds.map(created), last + 1)
      last += taskIds.length
    },
    /** These are heard by nobody. */
    miss: (count: number) => {
      last += count
    },
  }
}

const created = (taskId: string): CrewEvent => ({ type: 'task.created', groupId: 'g', taskId })

/** A server on that feed; `open` answers a client of its events. */
async function makeServer(feed: SharedFeed) {
  const api = await makeApi({ wrap: (storage) => wrapStorage(storage, { feed }) })
  const base = await api.listen()
  const open = async (lastEventId?: string) => {
    const known = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
    const client = await openEvents(`${base}/api/v1/events`, { authorization: `Bearer ${TOKEN}`, ...known })
    onTestFinished(() => client.close())
    return client
  }
  return { api, open }
}

const told = (sequence: number, taskId: string): string =>
  `id: shared-${sequence}\ndata: {"type":"task.created","taskGroupId":"g","taskId":"${taskId}"}`

const resync = (sequence: number): string => `id: shared-${sequence}\nevent: resync\ndata: {"type":"resync"}`

test('events have the numbers of the store, whichever server made them', async () => {
  const { feed, tell } = makeFeed()
  const server = await makeServer(feed)
  const client = await server.open()
  expect(await client.next()).toBe('retry: 500\nid: shared-0')
  // The server's own commit is heard over the feed, and only there.
  await server.api.json('POST', '/api/v1/task_groups', { id: 'own' })
  tell('a', 'b')
  expect([await client.next(), await client.next()]).toEqual([told(1, 'a'), told(2, 'b')])
})

test('a client resumes at another server where it broke off', async () => {
  const { feed, tell } = makeFeed()
  const [one, two] = [await makeServer(feed), await makeServer(feed)]
  const first = await one.open()
  await first.next()
  tell('a', 'b')
  expect(await first.next()).toBe(told(1, 'a'))
  first.close()
  const second = await two.open('shared-1')
  tell('c')
  expect([await second.next(), await second.next(), await second.next()]).toEqual([
    'retry: 500\nid: shared-1',
    told(2, 'b'),
    told(3, 'c'),
  ])
})

test('a server that started later says resync to who knows what was before it', async () => {
  const { feed, tell } = makeFeed()
  tell('a', 'b', 'c')
  const later = await makeServer(feed)
  tell('d')
  const [before, newest] = [await later.open('shared-2'), await later.open('shared-3')]
  expect(await before.next()).toBe(`retry: 500\n${resync(4)}`)
  expect([await newest.next(), await newest.next()]).toEqual(['retry: 500\nid: shared-3', told(4, 'd')])
})

test('a feed that only says where it stands lets clients with the newest id go on', async () => {
  const { feed, tell, listeners } = makeFeed()
  tell('a', 'b', 'c')
  const later = await makeServer(feed)
  for (const listener of listeners) listener([], 4)
  const [before, newest] = [await later.open('shared-2'), await later.open('shared-3')]
  expect(await before.next()).toBe(`retry: 500\n${resync(3)}`)
  expect(await newest.next()).toBe('retry: 500\nid: shared-3')
  tell('d')
  expect([await before.next(), await newest.next()]).toEqual([told(4, 'd'), told(4, 'd')])
})

test('events that the server missed are told as a resync, at once to who listens and later to who comes back', async () => {
  const { feed, tell, miss } = makeFeed()
  const { open } = await makeServer(feed)
  const client = await open()
  await client.next()
  tell('a')
  expect(await client.next()).toBe(told(1, 'a'))
  miss(3)
  tell('e')
  expect([await client.next(), await client.next()]).toEqual([resync(4), told(5, 'e')])
  const back = await open('shared-1')
  expect(await back.next()).toBe(`retry: 500\n${resync(5)}`)
})

test('numbers that begin again, as of a store that was emptied, are told as a resync', async () => {
  const { feed, tell, listeners } = makeFeed()
  const { open } = await makeServer(feed)
  const client = await open()
  await client.next()
  tell('a', 'b', 'c')
  for (let sequence = 1; sequence <= 3; sequence++) await client.next()
  for (const listener of listeners) listener([created('new')], 1)
  expect([await client.next(), await client.next()]).toEqual([resync(0), told(1, 'new')])
})

test('a client that is busy reading when the server misses events is dropped, and comes back to a resync', () => {
  const log = new EventLog('shared')
  const stream = new EventStream(log, {}, undefined)
  stream.read()
  for (let event = 1; event < LOG_SIZE; event++) log.append(created('t'))
  stream.wake()
  expect(stream.destroyed).toBe(false)
  log.expect(LOG_SIZE + 1)
  stream.wake()
  expect(stream.destroyed).toBe(true)
  expect(log.sequenceOf(`shared-${LOG_SIZE - 1}`)).toBe(null)
})
