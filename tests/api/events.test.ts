import { describe, expect, onTestFinished, test } from 'vitest'
import { EventLog, LOG_SIZE } from '../../server/api/live/event-log.ts'
import { EventStream } from '../../server/api/live/event-stream.ts'
import type { CrewEvent } from '../../server/core/change-set.ts'
import { openEvents } from './listen.ts'
import { expectProblem, makeApi, TOKEN } from './make-api.ts'

async function makeLive() {
  const api = await makeApi()
  const base = await api.listen()
  const open = async (query = '', headers: Record<string, string> = {}) => {
    const client = await openEvents(`${base}/api/v1/events${query}`, { authorization: `Bearer ${TOKEN}`, ...headers })
    onTestFinished(() => client.close())
    return client
  }
  return { api, base, open }
}

const idOf = (message: string): string => /^id: (.+)$/m.exec(message)?.[1] ?? ''
const dataOf = (message: string) => JSON.parse(/^data: (.+)$/m.exec(message)?.[1] ?? 'null')

describe('server-sent events', () => {
  test('tell what happens, each with an id and the ids of what it happened to', async () => {
    const { api, open } = await makeLive()
    const client = await open()
    expect(client.status).toBe(200)
    const hello = await client.next()
    expect(hello).toMatch(/^retry: 500\nid: \w+-0$/)

    await api.json('POST', '/api/v1/task_groups', { id: 'g' })
    const message = await client.next()
    expect(message).toBe(`id: ${idOf(hello).replace('-0', '-1')}\ndata: {"type":"group.created","taskGroupId":"g"}`)
    await api.json('POST', '/api/v1/task_group/g/tasks', { id: 't', worker: 'w' })
    expect(dataOf(await client.next())).toEqual({ type: 'task.created', taskGroupId: 'g', taskId: 't' })
    await api.json('PUT', '/api/v1/task/t', { name: 'n' })
    expect(dataOf(await client.next())).toEqual({ type: 'task.updated', taskGroupId: 'g', taskId: 't' })
    await api.json('POST', '/api/v1/workgroup/x/pause', { seconds: 5 })
    expect(dataOf(await client.next())).toEqual({ type: 'workgroup.held', workgroup: 'x' })
    await api.json('DELETE', '/api/v1/task/t')
    expect(dataOf(await client.next())).toEqual({ type: 'task.deleted', taskGroupId: 'g', taskId: 't' })
  })

  test('tell only of the group and the types that were asked for', async () => {
    const { api, open } = await makeLive()
    const client = await open('?taskGroup=g&types=task.created,%20group.deleted')
    await client.next()
    for (const id of ['other', 'g']) {
      await api.json('POST', '/api/v1/task_groups', { id })
      await api.json('POST', `/api/v1/task_group/${id}/tasks`, { id: `t-${id}`, worker: 'w' })
    }
    await api.json('POST', '/api/v1/workgroup/x/pause', { seconds: 5 })
    await api.json('DELETE', '/api/v1/task_group/other')
    await api.json('DELETE', '/api/v1/task_group/g')
    expect(dataOf(await client.next())).toEqual({ type: 'task.created', taskGroupId: 'g', taskId: 't-g' })
    expect(dataOf(await client.next())).toEqual({ type: 'group.deleted', taskGroupId: 'g' })
  })

  test('tell what happened to workgroups, workers and schedules by their names, and only what was asked for', async () => {
    const { api, open } = await makeLive()
    const all = await open()
    const some = await open('?types=worker.held,schedule.deleted,workgroup.updated')
    await all.next()
    await some.next()
    const events: CrewEvent[] = [
      { type: 'workgroup.held', workgroup: 'x' },
      { type: 'workgroup.resumed', workgroup: 'x' },
      { type: 'workgroup.updated', workgroup: 'x' },
      { type: 'worker.held', worker: 'w' },
      { type: 'worker.resumed', worker: 'w' },
      { type: 'worker.updated', worker: 'w' },
      { type: 'worker.deleted', worker: 'w' },
      { type: 'schedule.updated', schedule: 's' },
      { type: 'schedule.deleted', schedule: 's' },
    ]
    await api.storage.commit([{ guards: [], changes: [], events }])
    for (const event of events) expect(dataOf(await all.next())).toEqual(event)
    const told = [dataOf(await some.next()), dataOf(await some.next()), dataOf(await some.next())]
    expect(told).toEqual([
      { type: 'workgroup.updated', workgroup: 'x' },
      { type: 'worker.held', worker: 'w' },
      { type: 'schedule.deleted', schedule: 's' },
    ])
  })

  test('of a group leave out what is of none', async () => {
    const { api, open } = await makeLive()
    const client = await open('?taskGroup=g')
    await client.next()
    await api.storage.commit([{ guards: [], changes: [], events: [{ type: 'worker.held', worker: 'g' }] }])
    await api.json('POST', '/api/v1/task_groups', { id: 'g' })
    expect(dataOf(await client.next())).toEqual({ type: 'group.created', taskGroupId: 'g' })
  })

  test('go on where a connection broke off', async () => {
    const { api, open } = await makeLive()
    const first = await open()
    await first.next()
    await api.json('POST', '/api/v1/task_groups', { id: 'a' })
    const last = idOf(await first.next())
    first.close()
    for (const id of ['b', 'c']) await api.json('POST', '/api/v1/task_groups', { id })
    const second = await open('', { 'last-event-id': last })
    expect(idOf(await second.next())).toBe(last)
    expect([dataOf(await second.next()), dataOf(await second.next())]).toMatchObject([
      { taskGroupId: 'b' },
      { taskGroupId: 'c' },
    ])
  })

  test.each(['boot-of-another-server-7', 'otherboot-1', 'nonsense', ' ', '-1'])(
    'say resync to who knows an event that is not here: %j',
    async (id) => {
      const { api, open } = await makeLive()
      const client = await open('', { 'last-event-id': id })
      expect(await client.next()).toMatch(/^retry: 500\nid: \w+-0\nevent: resync\ndata: \{"type":"resync"\}$/)
      await api.json('POST', '/api/v1/task_groups', { id: 'g' })
      expect(dataOf(await client.next())).toMatchObject({ taskGroupId: 'g' })
    },
  )

  test('say resync to who was away for more events than are kept, and to who is ahead', async () => {
    const { api, open } = await makeLive()
    const client = await open()
    const boot = idOf(await client.next()).split('-')[0]
    for (let i = 0; i < 2; i++) {
      const tasks = Array.from({ length: LOG_SIZE / 2 }, () => ({ worker: 'w' }))
      await api.json('POST', '/api/v1/task_groups/graph', { tasks })
    }
    for (const [sequence, isHere] of [
      [1, false],
      [2, true],
      [LOG_SIZE + 2, true],
      [LOG_SIZE + 3, false],
    ] as const) {
      const again = await open('', { 'last-event-id': `${boot}-${sequence}` })
      expect([sequence, (await again.next()).includes('event: resync')]).toEqual([sequence, !isHere])
    }
  })

  test('beat every so often, with how far a client has come', async () => {
    const { api, open } = await makeLive()
    const client = await open('?taskGroup=none')
    const start = idOf(await client.next())
    await api.json('POST', '/api/v1/task_groups', { id: 'g' })
    api.tick()
    expect(await client.next()).toBe(`: heartbeat\nid: ${start.replace('-0', '-1')}`)
  })

  test('need a token, in the header', async () => {
    const { base } = await makeLive()
    expect((await openEvents(`${base}/api/v1/events`, {})).status).toBe(401)
    expect((await openEvents(`${base}/api/v1/events?token=${TOKEN}`, {})).status).toBe(401)
  })

  test('end when the server closes', async () => {
    const { api, open } = await makeLive()
    const clients = [await open(), await open()]
    for (const client of clients) await client.next()
    await api.app.close()
    expect(await Promise.all(clients.map((client) => client.ended))).toEqual([false, false])
  })

  test('are heard by two hundred clients and no more, until one leaves', async () => {
    const { api, open } = await makeLive()
    const clients = []
    for (let i = 0; i < 200; i++) clients.push(await open())
    const refused = await api.call('GET', '/api/v1/events')
    expectProblem(refused, 429, 'too_many_requests')
    expect(refused.headers['retry-after']).toBe('10')
    clients[0]?.close()
    let status = 429
    while (status === 429) status = (await open()).status
    expect(status).toBe(200)
  })
})

const created = (taskId: string): CrewEvent => ({ type: 'task.created', groupId: 'g', taskId })

describe('a client that does not keep up', () => {
  test('is written to until its buffer is full, and dropped when its place is lost', () => {
    const log = new EventLog('boot')
    const stream = new EventStream(log, {}, undefined)
    stream.read()
    for (let i = 0; i < LOG_SIZE; i++) {
      log.append(created(`${i}`))
      stream.wake()
    }
    expect([stream.destroyed, stream.readableLength < 100_000]).toEqual([false, true])
    for (let i = 0; i < LOG_SIZE; i++) {
      log.append(created(`${i}`))
      stream.wake()
    }
    expect(stream.destroyed).toBe(true)
  })

  test('gets everything in order when it reads again in time', () => {
    const log = new EventLog('boot')
    const stream = new EventStream(log, {}, undefined)
    let text = String(stream.read())
    for (let i = 1; i <= LOG_SIZE; i++) {
      log.append(created(`${i}`))
      stream.wake()
    }
    for (let part = stream.read(); part !== null; part = stream.read()) text += part
    const ids = [...text.matchAll(/"taskId":"(\d+)"/g)].map(([, id]) => Number(id))
    expect(ids).toEqual(Array.from({ length: LOG_SIZE }, (_, i) => i + 1))
  })

  test('is sent no heartbeat', () => {
    const log = new EventLog('boot')
    const stream = new EventStream(log, {}, undefined)
    for (let i = 0; i < LOG_SIZE / 2; i++) log.append(created(`${i}`))
    stream.read(0)
    stream.wake()
    const before = stream.readableLength
    stream.beat()
    expect(stream.readableLength).toBe(before)
  })
})
