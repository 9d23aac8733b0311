import { describe, expect, onTestFinished, test } from 'vitest'
import type { CrewEvent } from '../../server/core/change-set.ts'
import type { FeedListener, SharedFeed, TaskStorage } from '../../storage/task-storage.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'
import { openSocket } from './listen.ts'
import { type Api, type ApiOptions, expectProblem, makeApi, TOKEN } from './make-api.ts'

const ROUND = 250
const BEAT = 15_000

describe('the websocket of the web UI', () => {
  test('tells what happens to what it follows', async () => {
    const { api, open } = await makeWatched()
    const socket = await open()
    const hello = (await socket.next()) as { seq: string }
    socket.send(JSON.stringify({ sub: ['group:g', 'schedules'], since: hello.seq }))
    expect(await round(api, socket)).toMatchObject({ sub: ['group:g', 'schedules'] })
    await api.json('POST', '/api/v1/task_group/g/tasks', { id: 't', worker: 'w' })
    expect(await round(api, socket)).toMatchObject({
      deltas: [{ topic: 'group:g', tasks: ['t'], isListChanged: true }],
    })
  })

  test('beats every 15 s with the time of the server', async () => {
    const { api, open } = await makeWatched()
    const socket = await open()
    await socket.next()
    api.clock.advance(BEAT)
    api.tick(BEAT)
    expect(await socket.next()).toMatchObject({ now: new Date(api.clock.now()).toISOString() })
  })

  test('is opened with the cookie by a page of this server only', async () => {
    const { api, base, open } = await makeWatched()
    const cookie = await logIn(api)
    await open({ cookie, origin: base })
    for (const headers of [{ cookie, origin: 'https://evil.example' }, { cookie }]) {
      await expect(open(headers)).rejects.toThrow('the upgrade was refused')
      expectProblem(await api.app.inject({ url: '/api/v1/live', headers }), 403, 'forbidden')
    }
  })

  test('is not opened by who is not logged in', async () => {
    const { open } = await makeWatched()
    await expect(open({ authorization: 'Bearer wrong' })).rejects.toThrow('the upgrade was refused')
  })

  test('is opened from this machine where login is off, and by no page of another site', async () => {
    const { base, open } = await makeWatched({ auth: { kind: 'off' } })
    await open({ origin: base })
    await expect(open({ origin: 'https://evil.example' })).rejects.toThrow('the upgrade was refused')
  })

  test('closes at the logout', async () => {
    const { api, base, open } = await makeWatched()
    const [cookie, other] = [await logIn(api), await logIn(api)]
    const [gone, stays] = [await open({ cookie, origin: base }), await open({ cookie: other, origin: base })]
    await api.app.inject({ method: 'POST', url: '/logout', headers: { cookie, 'sec-fetch-site': 'same-origin' } })
    expect(await gone.closed).toBe(4401)
    await stays.next()
    api.tick(BEAT)
    expect(await stays.next()).toHaveProperty('now')
  })

  test('closes when its session is over, at the next beat', async () => {
    const { api, base, open } = await makeWatched()
    const socket = await open({ cookie: await logIn(api), origin: base })
    api.clock.advance(24 * 3600 * 1000)
    api.tick(BEAT)
    expect(await socket.closed).toBe(4401)
  })

  test('goes on at another server of the same store', async () => {
    const { feed, tell } = makeSharedFeed()
    const wrap = (storage: TaskStorage) => wrapStorage(storage, { feed })
    const [one, two] = [await makeWatched({ wrap }), await makeWatched({ wrap })]
    const first = await one.open()
    const { seq } = (await first.next()) as { seq: string }
    first.close()
    tell(task('t'))
    const second = await two.open()
    expect(await second.next()).toMatchObject({ seq: 'shared-1' })
    second.send(JSON.stringify({ sub: ['group:g'], since: seq }))
    expect(await round(two.api, second)).toEqual({
      seq: 'shared-1',
      sub: ['group:g'],
      deltas: [{ topic: 'group:g', tasks: ['t'] }],
    })
  })

  test('closes with the server', async () => {
    const { api, open } = await makeWatched()
    const socket = await open()
    await api.app.close()
    expect(await socket.closed).toBe(1001)
  })
})

/** A server with a group; `open` answers a client as a program has it, or with these headers alone. */
async function makeWatched(options: ApiOptions = {}) {
  const api = await makeApi(options)
  await api.json('POST', '/api/v1/task_groups', { id: 'g', name: 'G' })
  const base = await api.listen()
  const open = async (headers: Record<string, string> = { authorization: `Bearer ${TOKEN}` }) => {
    const socket = await openSocket(`${base}/api/v1/live`, headers)
    onTestFinished(() => socket.close())
    return socket
  }
  return { api, base, open }
}

/** What several servers on one store hear. */
function makeSharedFeed() {
  const listeners = new Set<FeedListener>()
  let last = 0
  const feed: SharedFeed = {
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const tell = (...events: CrewEvent[]): void => {
    for (const listener of listeners) listener(events, last + 1)
    last += events.length
  }
  return { feed, tell }
}

/** Rounds until the socket is told something: what it sent is under way. */
async function round(api: Api, socket: { next(): Promise<unknown> }): Promise<unknown> {
  const told = socket.next()
  const timer = setInterval(() => api.tick(ROUND), 5)
  return told.finally(() => clearInterval(timer))
}

async function logIn(api: Api): Promise<string> {
  const answer = await api.call('POST', '/login', { body: { username: 'admin', password: 'secret' } })
  return String(answer.headers['set-cookie']).split(';')[0] ?? ''
}

const task = (taskId: string, groupId = 'g'): CrewEvent => ({ type: 'task.updated', groupId, taskId })
