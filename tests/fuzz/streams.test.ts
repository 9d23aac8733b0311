import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openEvents, openSocket } from '../api/listen.ts'
import { type Api, makeApi, TOKEN } from '../api/make-api.ts'

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

/** An API that listens, with a group, and its address. */
async function makeListening(): Promise<{ api: Api; url: string }> {
  const api = await makeApi()
  await api.json('POST', '/api/v1/task_groups', { id: 'g' })
  return { api, url: await api.listen() }
}

/** The head of an upgrade that is let in, but for what is replaced. */
function upgrade(path: string, { port, host }: URL, replaced: Readonly<Record<string, string>> = {}): string {
  const headers = {
    Host: host,
    Authorization: `Bearer ${TOKEN}`,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': KEY,
    Origin: `http://127.0.0.1:${port}`,
    ...replaced,
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}

async function open(url: string, head: string): Promise<{ socket: Socket; first: string }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  socket.write(head)
  const [data] = await Promise.race([once(socket, 'data'), once(socket, 'close').then(() => [''])])
  return { socket, first: String(data).split('\r\n')[0] ?? '' }
}

/** A frame of a client: masked by zeros, so that what is sent can be read here. */
function frame(opcode: number, payload: Buffer | string, { isMasked = true, first = 0x80 } = {}): Buffer {
  const bytes = Buffer.from(payload)
  const mask = isMasked ? 0x80 : 0
  const length = bytes.length < 126 ? Buffer.from([mask | bytes.length]) : Buffer.alloc(9)
  if (bytes.length >= 126) {
    length[0] = mask | 127
    length.writeBigUInt64BE(BigInt(bytes.length), 1)
  }
  return Buffer.concat([Buffer.from([first | opcode]), length, Buffer.alloc(isMasked ? 4 : 0), bytes])
}

const TEXT = 1
const CLOSE = 8
const PING = 9

/** What ends a connection: it breaks the protocol, or is larger than any list of topics. */
const deadly: readonly (readonly [string, Buffer])[] = [
  ['no frames at all', Buffer.from('GET / HTTP/1.1\r\n\r\n'.repeat(20))],
  ['random bytes', Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 7919 + 13) % 256))],
  ['a frame of a gigabyte', Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0])],
  ['a frame of more bytes than there are', Buffer.from([0x81, 0xff, ...Array(8).fill(0xff), 0, 0, 0, 0])],
  ['a frame over the limit', frame(TEXT, 'x'.repeat(100_000))],
  ['a frame without a mask', frame(TEXT, '{}', { isMasked: false })],
  ['reserved bits', frame(TEXT, '{}', { first: 0xf0 })],
  ['an unknown opcode', frame(5, '{}')],
  ['a ping of 200 bytes', frame(PING, 'x'.repeat(200))],
  ['a ping in parts', frame(PING, 'x', { first: 0 })],
  ['text that is no UTF-8', frame(TEXT, Buffer.from([0xff, 0xed, 0xa0, 0x80]))],
  ['a continuation of nothing', frame(0, 'x')],
  ['a close with half a code', frame(CLOSE, 'x')],
]

/** What is a message, and says nothing. */
const idle = [
  '',
  '{',
  '[]',
  'null',
  '5',
  '{"sub":5}',
  '{"sub":[5,null]}',
  '{"sub":["group:../x","nothing"]}',
  '{"__proto__":{"sub":[]}}',
  `{"sub":${'['.repeat(2000)}}`,
]

const sockets = ['/api/v1/live', `/api/v1/task_group/g/stream/${TOKEN}`]

describe.each(sockets)('a websocket at %s', (path) => {
  test.each(deadly)('is closed by %s, and others go on', async (_name, bytes) => {
    const { api, url } = await makeListening()
    const { socket, first } = await open(url, upgrade(path, new URL(url)))
    expect(first).toBe('HTTP/1.1 101 Switching Protocols')
    socket.resume().write(bytes)
    await once(socket, 'close')
    await expectHealthy(api, url)
  })

  test.each(idle)('answers or closes after the message %j, and others go on', async (text) => {
    const { api, url } = await makeListening()
    const { socket } = await open(url, upgrade(path, new URL(url)))
    socket.write(Buffer.concat([frame(TEXT, text), frame(PING, 'still there')]))
    let heard = ''
    // What is not understood is told so.
    while (!/still there|expected/.test(heard)) heard += String((await once(socket, 'data'))[0])
    await expectHealthy(api, url)
  })

  test.each([
    ['without a key', { 'Sec-WebSocket-Key': '' }],
    ['with a key that is none', { 'Sec-WebSocket-Key': 'x'.repeat(5000) }],
    ['of another version', { 'Sec-WebSocket-Version': '99' }],
    ['to another protocol', { Upgrade: 'h2c' }],
  ])('is not opened %s', async (_name, headers) => {
    const { api, url } = await makeListening()
    const { first } = await open(url, upgrade(path, new URL(url), headers))
    expect(first).not.toContain(' 101 ')
    expect(first).not.toContain(' 500 ')
    await expectHealthy(api, url)
  })
})

test('clients that open streams and never read, write or leave keep nobody from anything', async () => {
  const { api, url } = await makeListening()
  const events = `GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`
  const heads = [events, 'GET /api/v1/events HTTP/1.1\r\nHost:', upgrade('/api/v1/live', new URL(url)), '']
  for (let count = 0; count < 40; count++) {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    socket.on('error', () => {}).pause()
    socket.write(heads[count % heads.length] ?? '')
  }
  await expectHealthy(api, url)
})

test.each(['x', '-1', 'shared99999999999999999999', '{"a":1}', 'é', 'x'.repeat(4000), "'; --"])(
  'events are told also to who comes back with the id %s',
  async (id) => {
    const { api, url } = await makeListening()
    const headers = { authorization: `Bearer ${TOKEN}`, 'last-event-id': Buffer.from(id).toString('latin1') }
    const client = await openEvents(`${url}/api/v1/events`, headers)
    expect(client.status).toBe(200)
    await api.json('POST', '/api/v1/task_groups', { id: 'told' })
    let heard = ''
    while (!heard.includes('told')) heard += await client.next()
    client.close()
    await expectHealthy(api, url)
  },
)

/** A websocket and a request beside it go on, nothing was stored or logged, and the books are right. */
async function expectHealthy(api: Api, url: string): Promise<void> {
  const client = await openSocket(`${url}/api/v1/task_group/g/stream/${TOKEN}`)
  await api.json('PUT', '/api/v1/task_group/g', { name: 'healthy' })
  expect(await client.next()).toMatchObject({ type: 'update', taskGroup: { name: 'healthy' } })
  client.close()
  expect(api.log).toEqual([])
  expect((await api.storage.audit()).faults).toEqual([])
}
