import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { ANSWER_TIMEOUT_MS, LOOK_MS, REQUEST_TIMEOUT_MS } from '../../server/api/slow-clients.ts'
import { nobodyOutside } from '../support/nobody-outside.ts'
import { openEvents, openSocket } from './listen.ts'
import { type Api, makeApi, TOKEN } from './make-api.ts'

const tasks = '/api/v1/task_group/g/tasks'

/** A request whose head is there, and whose body of 100 bytes has begun. */
const begun = (...more: string[]): string =>
  [`POST ${tasks} HTTP/1.1`, 'Host: x', `Authorization: ${TOKEN}`, 'Content-Type: application/json', ...more].join(
    '\r\n',
  )

async function makeWorld() {
  const arrivals = waitingRoom()
  const api = await makeApi()
  for (const event of ['request', 'upgrade']) api.app.server.prependListener(event, arrivals.arrive)
  await api.json('POST', '/api/v1/task_groups', { id: 'g' })
  const { port } = new URL(await api.listen())
  const open = async (text: string): Promise<Client> => {
    const client = await openClient(Number(port))
    client.socket.write(text)
    await arrivals.next()
    return client
  }
  return { api, open }
}

/** Tells of each request when the server has read its head. */
function waitingRoom() {
  let waiting = 0
  let wake = (): void => {}
  return {
    arrive: () => {
      waiting++
      wake()
    },
    next: async () => {
      while (waiting === 0) await new Promise<void>((resolve) => (wake = resolve))
      waiting--
    },
  }
}

interface Client {
  readonly socket: Socket
  readonly closed: Promise<void>
  isClosed(): boolean
}

function openClient(port: number): Promise<Client> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    let isClosed = false
    const closed = new Promise<void>((end) => {
      socket.once('close', () => {
        isClosed = true
        end()
      })
    })
    socket.once('connect', () => resolve({ socket, closed, isClosed: () => isClosed }))
    socket.on('error', (error) => (socket.connecting ? reject(error) : undefined)) // `close` follows
  })
}

/** What the server does after so long. */
function pass(api: Api, ms: number): void {
  api.clock.advance(ms)
  api.tick(LOOK_MS)
}

test.each([
  ['with a length', begun('Content-Length: 100', '', '{')],
  ['in pieces', begun('Transfer-Encoding: chunked', '', '1\r\n{\r\n')],
])(
  'a body %s that does not end costs its connection a minute, changes nothing, and holds nobody up',
  async (_, text) => {
    const { api, open } = await makeWorld()
    const before = await api.fingerprint()
    const slow = await open(text)
    pass(api, REQUEST_TIMEOUT_MS - 1)
    const quick = await open(begun('Content-Length: 13', '', '{"id":"quick"'))
    expect(slow.isClosed()).toBe(false)
    expect((await api.call('GET', tasks)).statusCode).toBe(200)
    pass(api, 1)
    await slow.closed
    expect(quick.isClosed()).toBe(false)
    expect(await api.fingerprint()).toBe(before)
    expect(api.log).toEqual([])
  },
)

test('a body that trickles behind an answer that did not wait for it ends as well', async () => {
  const { api, open } = await makeWorld()
  const refused = begun('Content-Length: 100', '', '{').replace(TOKEN, 'wrong')
  const slow = await open(refused)
  const whole = await open(refused)
  whole.socket.write('x'.repeat(99))
  const answered = await fetch(`http://127.0.0.1:${whole.socket.remotePort}/healthz`)
  expect(answered.status).toBe(200)
  pass(api, REQUEST_TIMEOUT_MS)
  await slow.closed
  expect(whole.isClosed()).toBe(false)
})

test('an upgrade that nobody asked for keeps a body no longer open', async () => {
  const { api, open } = await makeWorld()
  const slow = await open(begun('Connection: Upgrade', 'Upgrade: other', 'Content-Length: 100', '', '{'))
  pass(api, REQUEST_TIMEOUT_MS)
  await slow.closed
})

test.each([
  ['', []],
  [' to who offers another protocol', ['Connection: Upgrade', 'Upgrade: h2c']],
])('an answer%s that is not read is given up after five minutes', async (_, offer) => {
  const { api, open } = await makeWorld()
  const input = 'x'.repeat(4 * 1024 * 1024)
  for (const id of ['a', 'b', 'c', 'd']) await api.json('POST', tasks, { id, worker: 'w', input })
  const slow = await open(
    [`GET ${tasks} HTTP/1.1`, 'Host: x', `Authorization: ${TOKEN}`, ...offer, '', ''].join('\r\n'),
  )
  // The first byte: the answer is there, and more than the systems between the two take.
  await new Promise<void>((resolve) => {
    slow.socket.once('data', () => {
      slow.socket.pause()
      resolve()
    })
  })
  pass(api, 0)
  pass(api, ANSWER_TIMEOUT_MS - 1)
  expect(await hasConnections(api)).toBe(true)
  pass(api, 1)
  while (await hasConnections(api)) await new Promise((resolve) => setImmediate(resolve))
})

test('events, a websocket and a worker that waits for a task go on however long they last', async () => {
  let giveUp = (): void => {}
  const waiting = new Promise<null>((resolve) => {
    giveUp = () => resolve(null)
  })
  const asked = waitingRoom()
  const acquire = (): Promise<null> => {
    asked.arrive()
    return waiting
  }
  const api = await makeApi({ outside: { ...nobodyOutside, acquire } })
  await api.json('PUT', '/api/v1/worker/w', { mode: 'pull' })
  const base = await api.listen()
  const headers = { authorization: TOKEN, 'content-type': 'application/json' }
  const polled = fetch(`${base}/api/v1/channel/w/acquire`, { method: 'POST', headers, body: '{"workerId":"me"}' })
  const events = await openEvents(`${base}/api/v1/events`, headers)
  const socket = await openSocket(`${base}/api/v1/live`, headers)
  onTestFinished(() => {
    events.close()
    socket.close()
  })
  await asked.next()
  await events.next()
  await socket.next()
  for (let looks = 0; looks < 10; looks++) pass(api, ANSWER_TIMEOUT_MS)
  await api.json('POST', '/api/v1/task_groups', { id: 'g' })
  giveUp()
  expect(await events.next()).toContain('"group.created"')
  expect([(await polled).status, await (await polled).json()]).toEqual([200, { task: null }])
  socket.send('{"sub":["groups"]}')
  const told = socket.next().finally(() => clearInterval(rounds))
  const rounds = setInterval(() => api.tick(250))
  expect(await told).toMatchObject({ sub: ['groups'] })
})

const hasConnections = (api: Api): Promise<boolean> =>
  new Promise((resolve, reject) => {
    api.app.server.getConnections((error, count) => (error ? reject(error) : resolve(count > 0)))
  })
