import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type FeedSocket, GroupRoom } from '../../server/api/live/group-room.ts'
import { viewTasks } from '../../server/services/task-views.ts'
import { systemTimers } from '../../server/system-clock.ts'
import { openSocket } from './listen.ts'
import { makeApi, TOKEN } from './make-api.ts'

async function makeWatched() {
  const api = await makeApi()
  await api.json('POST', '/api/v1/task_groups', { id: 'g', name: 'G' })
  const base = await api.listen()
  const open = async (group = 'g', token = TOKEN) => {
    const socket = await openSocket(`${base}/api/v1/task_group/${group}/stream/${token}`)
    onTestFinished(() => socket.close())
    return socket
  }
  return { api, base, open }
}

describe('the websocket of a group', () => {
  test("tells what happens to its tasks in crew-go's frames", async () => {
    const { api, open } = await makeWatched()
    const socket = await open()
    const task = await api.json('POST', '/api/v1/task_group/g/tasks', { id: 't', worker: 'w', input: { a: 1 } })
    expect(await socket.next()).toEqual({ type: 'create', task })
    const changed = await api.json('PUT', '/api/v1/task/t', { name: 'n' })
    expect(await socket.next()).toEqual({ type: 'update', task: changed })
    await api.json('DELETE', '/api/v1/task/t')
    expect(await socket.next()).toEqual({ type: 'delete', task: { id: 't', taskGroupId: 'g' } })
  })

  test('tells what happens to the group', async () => {
    const { api, open } = await makeWatched()
    const socket = await open()
    const group = await api.json('PUT', '/api/v1/task_group/g', { name: 'after' })
    expect(await socket.next()).toEqual({ type: 'update', taskGroup: group })
    await api.json('DELETE', '/api/v1/task_group/g')
    expect(await socket.next()).toEqual({ type: 'delete', taskGroup: { id: 'g' } })
  })

  test('tells nothing of other groups', async () => {
    const { api, open } = await makeWatched()
    const socket = await open()
    await api.json('POST', '/api/v1/task_groups/graph', { id: 'other', tasks: [{ worker: 'w' }] })
    const task = await api.json('POST', '/api/v1/task_group/g/tasks', { worker: 'w' })
    expect(await socket.next()).toEqual({ type: 'create', task })
  })

  test('tells every client of the group, and the others when one leaves', async () => {
    const { api, open } = await makeWatched()
    const [one, two] = [await open(), await open()]
    await api.json('POST', '/api/v1/task_group/g/tasks', { id: 'a', worker: 'w' })
    expect([await one.next(), await two.next()]).toMatchObject([{ task: { id: 'a' } }, { task: { id: 'a' } }])
    one.close()
    await one.closed
    await api.json('POST', '/api/v1/task_group/g/tasks', { id: 'b', worker: 'w' })
    expect(await two.next()).toMatchObject({ task: { id: 'b' } })
  })

  test('tells all of a batch', async () => {
    const { api, open } = await makeWatched()
    const socket = await open()
    const tasks = Array.from({ length: 1200 }, (_, i) => ({ id: `t${i}`, worker: 'w' }))
    await api.json('POST', '/api/v1/task_group/g/tasks/batch', { tasks })
    const told = []
    for (const _ of tasks) told.push(((await socket.next()) as { task: { id: string } }).task.id)
    expect(told.sort()).toEqual(tasks.map(({ id }) => id).sort())
  })

  test.each([
    ['a wrong token', 'g', 'wrong'],
    ['the token that stands for none', 'g', '-'],
    ['an unknown group', 'none', TOKEN],
  ])('is not opened with %s', async (_name, group, token) => {
    const { open } = await makeWatched()
    await expect(open(group, token)).rejects.toThrow('the upgrade was refused')
  })

  test('is opened with the token that logging in gave', async () => {
    const { api, open } = await makeWatched()
    const { token } = await api.json('POST', '/login', { username: 'admin', password: 'secret' })
    await open('g', token)
  })

  test('is closed when its token is revoked', async () => {
    const { api, open } = await makeWatched()
    const { id, secret } = await api.json('POST', '/api/v1/tokens', { name: 'ci', role: 'viewer' })
    const socket = await open('g', secret)
    await api.json('DELETE', `/api/v1/token/${id}`)
    expect(await socket.closed).toBe(4401)
  })

  test('is opened without one when login is off', async () => {
    const api = await makeApi({ auth: { kind: 'off' } })
    await api.json('POST', '/api/v1/task_groups', { id: 'g' })
    const socket = await openSocket(`${await api.listen()}/api/v1/task_group/g/stream/-`)
    const task = await api.json('POST', '/api/v1/task_group/g/tasks', { worker: 'w' })
    expect(await socket.next()).toEqual({ type: 'create', task })
  })

  test('writes its token nowhere', async () => {
    const { api, base, open } = await makeWatched()
    await open()
    await expect(open('g', `${TOKEN}-almost`)).rejects.toThrow()
    await expect(openSocket(`${base}/api/v1/task_group/g/strem/${TOKEN}`)).rejects.toThrow()
    expect(JSON.stringify(api.log)).not.toContain(TOKEN)
  })

  test('stays open for a client that answers its pings', async () => {
    const { api, open } = await makeWatched()
    const socket = await open()
    for (let beats = 0; beats < 3; beats++) {
      const heard = [...api.app.websocketServer.clients].map((client) => once(client, 'pong'))
      api.tick(15_000)
      expect(await Promise.all(heard)).toHaveLength(1)
    }
    await api.json('PUT', '/api/v1/task_group/g', { name: 'after' })
    expect(await socket.next()).toMatchObject({ taskGroup: { name: 'after' } })
  })

  test('is closed with the server', async () => {
    const { api, open } = await makeWatched()
    const socket = await open()
    await api.app.close()
    expect(await socket.closed).toBe(1001)
  })
})

/** A client at whose side nobody reads. */
function makeSocket(): FeedSocket & {
  readonly sent: string[]
  bufferedAmount: number
  isTerminated: boolean
  pong(): void
} {
  return {
    sent: [],
    pong() {},
    bufferedAmount: 0,
    isTerminated: false,
    send(text) {
      this.sent.push(text)
    },
    ping() {},
    close() {},
    terminate() {
      this.isTerminated = true
    },
    on(event, listener) {
      if (event === 'pong') this.pong = listener
    },
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

async function makeRoom() {
  const api = await makeApi()
  await api.json('POST', '/api/v1/task_groups/graph', { id: 'g', tasks: [{ id: 't', worker: 'w' }] })
  const reads: (readonly string[])[] = []
  const room = new GroupRoom('g', {
    readTasks: async (ids) => {
      reads.push(ids)
      return viewTasks(api.services, await api.storage.getTasks(ids))
    },
    readGroup: async () => null,
    timers: systemTimers,
    logger: false,
  })
  return { room, reads }
}

describe('a room', () => {
  test('reads a task once for all that happened to it meanwhile', async () => {
    const { room, reads } = await makeRoom()
    const socket = makeSocket()
    room.add(socket)
    room.note('create', 't')
    for (let i = 0; i < 100; i++) room.note('update', 't')
    while (socket.sent.length === 0) await turn()
    expect(reads).toEqual([['t']])
    expect(socket.sent.map((text) => JSON.parse(text))).toMatchObject([{ type: 'create', task: { id: 't' } }])
  })

  test('reads nothing when nobody is left', async () => {
    const { room, reads } = await makeRoom()
    const socket = makeSocket()
    room.add(socket)
    room.note('update', 't')
    room.remove(socket)
    for (let i = 0; i < 5; i++) await turn()
    expect(reads).toEqual([])
  })

  test('drops a client that answers no ping, and goes on with the others', async () => {
    const { room } = await makeRoom()
    const [gone, there] = [makeSocket(), makeSocket()]
    for (const socket of [gone, there]) room.add(socket)
    for (let beats = 0; beats < 3; beats++) {
      room.beat()
      there.pong()
    }
    expect([gone.isTerminated, there.isTerminated]).toEqual([true, false])
  })

  test('drops a client that does not read, and goes on with the others', async () => {
    const { room } = await makeRoom()
    const [slow, quick] = [makeSocket(), makeSocket()]
    slow.bufferedAmount = 9 * 1024 * 1024
    for (const socket of [slow, quick]) room.add(socket)
    room.note('update', 't')
    while (quick.sent.length === 0) await turn()
    expect([slow.isTerminated, slow.sent, quick.isTerminated]).toEqual([true, [], false])
  })
})
