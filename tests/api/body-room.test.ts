import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import Fastify from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import type { ApiInstance } from '../../server/api/api-deps.ts'
import { registerBodyRoom } from '../../server/api/body-room.ts'
import { createErrorHandler } from '../../server/api/problem.ts'

const LARGE = 150_000

/** A server whose room takes one of them at a time, and whose handlers end when the test says so. */
async function makeServer() {
  const app = Fastify({ bodyLimit: 2 * LARGE, forceCloseConnections: true })
  const timers = new Set<() => void>()
  const every = (_ms: number, run: () => void) => {
    timers.add(run)
    return () => timers.delete(run)
  }
  const handled: { bytes: number; finish: () => void }[] = []
  const state = { isPatient: true, logIn: async (_answer: ServerResponse): Promise<void> => {} }
  let arrived = (): void => {}
  app.setErrorHandler(createErrorHandler(false))
  app.addHook('onRequest', async (_request, { raw }) => state.logIn(raw))
  registerBodyRoom(app as unknown as ApiInstance, { bytes: 200_000, every })
  app.addContentTypeParser('text/plain', { parseAs: 'string' }, async (_request: unknown, body: string) => body.length)
  app.post('/', ({ body }) => {
    return new Promise((resolve) => {
      handled.push({ bytes: body as number, finish: () => resolve('done') })
      if (!state.isPatient) resolve('done')
      arrived()
    })
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => app.close())
  const handledCount = async (count: number): Promise<void> => {
    while (handled.length < count) await new Promise<void>((wake) => (arrived = wake))
  }
  return { port: Number(new URL(url).port), handled, handledCount, timers, state }
}

const open = (port: number): Socket => {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  return socket
}

function post(port: number, length: string, body: string): Socket {
  const socket = open(port)
  socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n${length}\r\n\r\n${body}`)
  return socket
}

const sized = (port: number, bytes: number): Socket => post(port, `Content-Length: ${bytes}`, 'x'.repeat(bytes))

function chunked(port: number, bytes: number): Socket {
  const chunk = `${(1000).toString(16)}\r\n${'x'.repeat(1000)}\r\n`
  return post(port, 'Transfer-Encoding: chunked', `${chunk.repeat(bytes / 1000)}0\r\n\r\n`)
}

async function statusOf(socket: Socket): Promise<number> {
  let text = ''
  socket.setEncoding('latin1')
  while (!text.includes('\r\n')) text += String(await once(socket, 'data'))
  return Number(text.split(' ')[1])
}

test('a large body waits for the one before it, and a small one for nothing', async () => {
  const { port, handled, handledCount } = await makeServer()
  const first = sized(port, LARGE)
  await handledCount(1)
  const second = sized(port, LARGE)
  const small = sized(port, 10)
  await handledCount(2)
  expect(handled.map(({ bytes }) => bytes)).toEqual([LARGE, 10])
  handled[0]?.finish()
  handled[1]?.finish()
  expect([await statusOf(first), await statusOf(small)]).toEqual([200, 200])
  await handledCount(3)
  handled[2]?.finish()
  expect(await statusOf(second)).toBe(200)
})

test('a body of unknown length waits as well when it turns out to be large', async () => {
  const { port, handled, handledCount } = await makeServer()
  sized(port, LARGE)
  await handledCount(1)
  const large = chunked(port, LARGE)
  chunked(port, 10_000)
  await handledCount(2)
  expect(handled.map(({ bytes }) => bytes)).toEqual([LARGE, 10_000])
  handled[0]?.finish()
  await handledCount(3)
  handled[2]?.finish()
  expect([handled[2]?.bytes, await statusOf(large)]).toEqual([LARGE, 200])
})

test('who has waited too long is told to come again, and when', async () => {
  const { port, handled, handledCount, timers } = await makeServer()
  sized(port, LARGE)
  await handledCount(1)
  const second = sized(port, LARGE)
  let text = ''
  second.setEncoding('latin1').on('data', (part) => {
    text += part
  })
  while (timers.size === 0) await new Promise((resolve) => setImmediate(resolve))
  for (const run of [...timers]) run()
  await once(second, 'data')
  expect(text).toMatch(/^HTTP\/1.1 429 [\s\S]*retry-after: 5\r\n/i)
  expect(handled).toHaveLength(1)
})

test('who goes away while it waits or is read leaves its room to the next', async () => {
  const { port, handledCount, timers, state } = await makeServer()
  const first = sized(port, LARGE)
  await handledCount(1)
  const second = sized(port, LARGE)
  while (timers.size === 0) await new Promise((resolve) => setImmediate(resolve))
  state.isPatient = false
  second.destroy()
  first.destroy()
  const third = sized(port, LARGE)
  expect(await statusOf(third)).toBe(200)
})

test('who is gone before it is known who he is takes no room', async () => {
  const { port, state } = await makeServer()
  const lookedUp = new Promise<void>((resolve) => {
    state.logIn = async (answer) => {
      gone.destroy()
      await once(answer, 'close')
      setImmediate(resolve)
    }
  })
  const gone = post(port, `Content-Length: ${LARGE}`, 'x')
  await lookedUp
  Object.assign(state, { isPatient: false, logIn: async () => {} })
  expect(await statusOf(sized(port, LARGE))).toBe(200)
})

test('what is over the limit is refused, whether it says so or not, while others wait', async () => {
  const { port, handledCount } = await makeServer()
  sized(port, LARGE)
  await handledCount(1)
  expect(await statusOf(post(port, 'Content-Length: 9000000', ''))).toBe(413)
})
