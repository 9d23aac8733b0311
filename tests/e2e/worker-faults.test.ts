import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { awakeMs } from '../support/awake.ts'
import { readAttempts, readTask } from './support/api-client.ts'
import { residentBytes } from './support/crew.ts'
import { answerBytes, type Delivery, type Respond, startWorker } from './support/recording-worker.ts'
import { eventually, once } from './support/waiting.ts'
import { makeWorld } from './support/world.ts'

const TOLERANCE_MS = 250
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'
const KIBIBYTE = 1024
const MEBIBYTE = KIBIBYTE * KIBIBYTE

/** A function that takes the connection and writes raw bytes, or whatever else it likes to do. */
const raw =
  (write: (socket: Parameters<Respond>[1]) => void): Respond =>
  (_, socket) => {
    write(socket)
    return 'taken'
  }

/** Writes again and again until the other side has had enough. */
const trickle = (head: string, text: string): Respond =>
  raw((socket) => {
    socket.write(head)
    const timer = setInterval(() => socket.write(text), 50)
    socket.once('close', () => clearInterval(timer))
  })

describe('the timeout of a task is kept to, and its slot is free, when the worker', () => {
  test.each<[string, Respond]>([
    ['hangs', () => 'taken'],
    ['trickles its headers', trickle('HTTP/1.1 200 OK\r\nx-slow: ', 'x')],
    ['falls silent after its headers', raw((socket) => socket.write(`${HEAD}content-length: 2\r\n\r\n`))],
    ['trickles its body', trickle(`${HEAD}content-length: 100000\r\n\r\n`, ' ')],
  ])('%s', async (_, misbehave) => {
    const { api, worker, createTask } = await makeWorld({
      respond: (delivery, socket) => (delivery.taskId.startsWith('slow') ? misbehave(delivery, socket) : { body: {} }),
      env: { CREW_MAX_IN_FLIGHT_PER_WORKER: '1' },
    })
    /** How long the attempt lasted, its connection, and until the next one began. */
    const lasted = async (time: number) => {
      const id = `slow${time}`
      await createTask({ id, timeoutSeconds: 1, errorDelayInSeconds: 3600 })
      const [slow] = await worker.arrived(id)
      await createTask({ id: `next${time}` })
      const [next] = await worker.arrived(`next${time}`)
      const [attempt] = await readAttempts(api, id)
      expect(attempt).toMatchObject({
        outcome: 'timeout',
        statusCode: null,
        error: expect.stringContaining('within 1 s'),
      })
      await eventually('the connection is closed', () => slow?.closedAt !== null)
      const ends = [slow?.closedAt, next?.firstByteAt]
      const all = [attempt?.durationMs ?? 0, ...ends.map((at) => (at ?? 0) - (slow?.firstByteAt ?? 0))]
      expect(Math.min(...all)).toBeGreaterThan(1000 - TOLERANCE_MS)
      return Math.max(...all)
    }
    expect(await once(lasted, (ms) => ms < 1000 + TOLERANCE_MS)).toBeLessThan(1000 + TOLERANCE_MS)
  })
})

describe('an attempt fails, and the server goes on, when the worker', () => {
  test.each<[string, Respond, string, RegExp]>([
    ['resets before its headers', raw((socket) => socket.resetAndDestroy()), 'networkError', /no answer/],
    ['closes without an answer', raw((socket) => socket.end()), 'networkError', /no answer/],
    [
      'resets after its headers',
      raw((socket) => socket.write(`${HEAD}content-length: 50\r\n\r\n{`, () => socket.resetAndDestroy())),
      'networkError',
      /no answer/,
    ],
    [
      'ends its body too early',
      raw((socket) => socket.end(`${HEAD}content-length: 50\r\n\r\n{"output":1}`)),
      'networkError',
      /no answer/,
    ],
    ['sends garbage', raw((socket) => socket.end('\x00\xff\x13 what?\r\n\r\n{}')), 'networkError', /no answer/],
    [
      'sends 200 KB of headers',
      raw((socket) => socket.write(`${HEAD}x-big: ${'x'.repeat(200 * KIBIBYTE)}\r\ncontent-length: 2\r\n\r\n{}`)),
      'networkError',
      /no answer/,
    ],
    [
      'says two lengths',
      raw((socket) =>
        socket.write(`${HEAD}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`),
      ),
      'networkError',
      /no answer/,
    ],
    [
      'sends bytes that are no text',
      () => ({ body: Buffer.from([0x7b, 0xff, 0xfe, 0x7d]) }),
      'networkError',
      /not valid UTF-8/,
    ],
    ['sends no JSON', () => ({ body: '<html>Welcome</html>' }), 'badResponse', /not a JSON object.*<html>Welcome/],
    ['sends null', () => ({ body: 'null' }), 'badResponse', /not a JSON object.*null/],
    ['sends a list', () => ({ body: '[{"output":1}]' }), 'badResponse', /not a JSON object/],
    ['sends more JSON than one', () => ({ body: '{}{}' }), 'badResponse', /not a JSON object/],
    [
      'has two children in a circle',
      () => ({ body: { children: [child('a', ['b']), child('b', ['a'])] } }),
      'badResponse',
      /\/children\//,
    ],
  ])('%s', async (_, misbehave, outcome, error) => {
    const { api, worker, createTask, groupId } = await makeWorld({
      respond: (delivery, socket) => (delivery.taskId === 'bad' ? misbehave(delivery, socket) : { body: {} }),
      env: { CREW_MAX_IN_FLIGHT_PER_WORKER: '1' },
    })
    await createTask({ id: 'bad', remainingAttempts: 1 })
    const task = await eventually('the attempt failed', async () => {
      const read = await readTask(api, 'bad')
      return read.state === 'failed' && read
    })
    expect(task).toMatchObject({ remainingAttempts: 0, output: null, errors: [expect.stringMatching(error)] })
    expect(await readAttempts(api, 'bad')).toMatchObject([{ outcome, error: expect.stringMatching(error) }])
    expect(worker.of('bad')).toHaveLength(1)
    await createTask({ id: 'next' })
    await eventually('the slot is free', async () => (await readTask(api, 'next')).state === 'succeeded')
    expect(await api.get(`/api/v1/task_group/${groupId}/tasks`)).toMatchObject({ count: 2 })
  })
})

const child = (id: string, parentIds: string[]) => ({ id, parentIds, worker: 'any' })

test.each([301, 302, 303, 307, 308])('a %i is not followed', async (status) => {
  const target = await startWorker()
  const { api, worker, createTask } = await makeWorld({
    respond: () => ({ status, headers: { location: `${target.url}/secret` } }),
    env: { CREW_WORKER_AUTHORIZATION_HEADER: 'Bearer of-the-worker' },
  })
  const { id } = await createTask({ errorDelayInSeconds: 0, remainingAttempts: 3 })
  await eventually('no attempts are left', async () => (await readTask(api, id)).state === 'failed')
  expect(worker.of(id)).toHaveLength(3)
  expect(await readTask(api, id)).toMatchObject({ errors: Array(3).fill(expect.stringContaining('redirects')) })
  expect(target.deliveries).toEqual([])
})

const LIMIT = 64 * KIBIBYTE
/** What systems keep for a connection that nobody reads: bytes that leave the worker and never reach the server's memory. */
const SOCKET_BUFFERS = 12 * MEBIBYTE
const ENDLESS = 200 * MEBIBYTE
const ATTEMPTS = 10

test('an answer over the limit is cut off there, and costs the server no memory', async () => {
  const sent: number[] = []
  const flood = (_: Delivery, socket: Parameters<Respond>[1]): 'taken' => {
    const at = sent.push(0) - 1
    const chunk = Buffer.alloc(64 * KIBIBYTE, 'x')
    const more = (): void => {
      while (!socket.destroyed && (sent[at] ?? 0) < ENDLESS) {
        sent[at] = (sent[at] ?? 0) + chunk.length
        if (!socket.write(chunk)) return
      }
    }
    socket.on('drain', more)
    socket.write(`${HEAD}content-length: ${ENDLESS}\r\n\r\n{"output":"`)
    more()
    return 'taken'
  }
  const { crew, api, worker, createTask } = await makeWorld({
    respond: flood,
    env: { CREW_MAX_RESPONSE_BYTES: String(LIMIT) },
  })
  await createTask({ id: 'warm-up', remainingAttempts: 1 })
  await eventually('the attempt failed', async () => (await readTask(api, 'warm-up')).state === 'failed')
  const before = residentBytes(crew.pid)
  await createTask({ id: 'flooded', remainingAttempts: ATTEMPTS, errorDelayInSeconds: 0 })
  await eventually('no attempts are left', async () => (await readTask(api, 'flooded')).state === 'failed')
  const grownBytes = (residentBytes(crew.pid) ?? 0) - (before ?? 0)

  expect(worker.of('flooded')).toHaveLength(ATTEMPTS)
  for (const attempt of await readAttempts(api, 'flooded'))
    expect(attempt).toMatchObject({ outcome: 'badResponse', error: expect.stringContaining(`larger than ${LIMIT}`) })
  await eventually('the connections are closed', () => worker.deliveries.every(({ closedAt }) => closedAt !== null))
  expect(Math.max(...sent)).toBeLessThan(SOCKET_BUFFERS)
  expect(grownBytes).toBeLessThan(20 * MEBIBYTE)
})

test('a compressed answer is not inflated', async () => {
  const bomb = gzipSync(Buffer.alloc(100 * MEBIBYTE, ' '))
  const { crew, api, worker, createTask } = await makeWorld({
    respond: () => ({ headers: { 'content-encoding': 'gzip' }, body: bomb }),
  })
  const before = residentBytes(crew.pid)
  const { id } = await createTask({ remainingAttempts: 3, errorDelayInSeconds: 0 })
  await eventually('no attempts are left', async () => (await readTask(api, id)).state === 'failed')
  expect(worker.of(id)).toHaveLength(3)
  expect(worker.of(id)[0]?.headers.has('accept-encoding')).toBe(false)
  expect((residentBytes(crew.pid) ?? 0) - (before ?? 0)).toBeLessThan(20 * MEBIBYTE)
})

test('an answer that comes twice counts once', async () => {
  const answer = Buffer.concat([answerBytes({ body: { output: 1 } }), answerBytes({ body: { output: 2 } })])
  const { api, createTask } = await makeWorld({
    respond: (delivery, socket) => {
      if (delivery.taskId !== 'twice') return { body: { output: delivery.taskId } }
      socket.write(answer)
      return 'taken'
    },
  })
  await createTask({ id: 'twice' })
  await eventually('it succeeded', async () => (await readTask(api, 'twice')).state === 'succeeded')
  await createTask({ id: 'next' })
  await eventually('it succeeded', async () => (await readTask(api, 'next')).state === 'succeeded')
  expect(await readTask(api, 'twice')).toMatchObject({ output: 1 })
  expect(await readTask(api, 'next')).toMatchObject({ output: 'next' })
})

/** Bun's own client lets a process have 256 requests in flight; the one in use must not. */
const HUNG = 300

test('three hundred workers that hang do not hold up another one', async () => {
  const { api, worker, createTask, groupId } = await makeWorld({
    respond: (delivery) => (delivery.worker === 'hung' ? 'taken' : { body: {} }),
    env: { CREW_MAX_IN_FLIGHT: '1000', CREW_MAX_IN_FLIGHT_PER_WORKER: '500' },
  })
  const tasks = Array.from({ length: HUNG }, (_, index) => ({ id: `h${index}`, worker: 'hung' }))
  await api.post(`/api/v1/task_group/${groupId}/tasks/batch`, { tasks })
  await eventually('all of them hang', () => worker.deliveries.length === HUNG)
  const waited = async (time: number) => {
    const createdAt = performance.now()
    await createTask({ id: `quick${time}`, worker: 'quick' })
    const [quick] = await worker.arrived(`quick${time}`)
    await eventually('it succeeded', async () => (await readTask(api, `quick${time}`)).state === 'succeeded')
    return awakeMs(createdAt, quick?.firstByteAt ?? 0)
  }
  expect(await once(waited, (ms) => ms < 1000)).toBeLessThan(1000)
})
