import { once } from 'node:events'
import { createServer as createPlainServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Endpoint, Resolve } from '../../server/controller/egress-guard.ts'
import { TimerWheel } from '../../server/controller/timer-wheel.ts'
import { createWorkerClient } from '../../server/controller/worker-client.ts'
import { parseRange } from '../../server/core/ip-address.ts'
import { simulatedClock } from '../support/simulated-clock.ts'
import { simulatedTimers } from '../support/simulated-timers.ts'
import { TEST_CERTIFICATE, TEST_KEY } from '../support/test-certificate.ts'

const DENIED = {
  kind: 'noAddress',
  message: "egress denied: CREW_EGRESS_ALLOW does not allow the address of this worker's url, or it is the store's",
}

/** A server on loopback that counts what reaches it, down to connections. */
async function makeTarget(options: { isTls?: boolean; onRequest?: (request: IncomingMessage) => Answer } = {}) {
  const seen = { connections: 0, requests: [] as string[] }
  const answer = options.onRequest ?? ((): Answer => ({ status: 200 }))
  const listener: Parameters<typeof createPlainServer>[1] = (request, response) => {
    seen.requests.push(`${request.method} ${request.headers.host} ${request.url}`)
    const { status, location } = answer(request)
    response.writeHead(status, location === undefined ? {} : { location }).end('{}')
  }
  const server: Server = options.isTls
    ? createTlsServer({ cert: TEST_CERTIFICATE, key: TEST_KEY }, listener)
    : createPlainServer(listener)
  server.on('connection', () => seen.connections++)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  return { seen, port: (server.address() as AddressInfo).port }
}

interface Answer {
  readonly status: number
  readonly location?: string
}

/** A client whose names stand for what the test says; `addresses` are given one list a question, the last one again and again. */
function makeClient(addresses: string[][], allow: string[] = [], store: Endpoint[] = []) {
  const asked: string[] = []
  const resolve: Resolve = (host, done) => {
    const list = addresses[Math.min(asked.length, addresses.length - 1)] ?? []
    asked.push(host)
    setImmediate(() =>
      done(
        null,
        list.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      ),
    )
  }
  const wheel = new TimerWheel(simulatedTimers(simulatedClock()))
  const allowed = allow.flatMap((text) => parseRange(text) ?? [])
  const egress = { allowed, resolve, store, tls: { ca: TEST_CERTIFICATE } }
  const client = createWorkerClient({ connections: 2, maxResponseBytes: 1000, wheel, egress })
  onTestFinished(() => client.close())
  const post = (url: string, isGuarded = true) =>
    client.post({ url, headers: [], body: '{}', timeoutMs: 10_000, isGuarded, mayStart: () => true }).reply
  return { asked, post }
}

describe('a guarded call', () => {
  test.each([
    ['127.0.0.1'],
    ['10.0.0.1'],
    ['169.254.169.254'],
    ['::1'],
    ['::ffff:127.0.0.1'],
    ['0.0.0.0'],
    ['fd00::1'],
  ])('to a name that stands for %s is denied', async (address) => {
    const { seen, port } = await makeTarget()
    const { post } = makeClient([[address]])
    expect(await post(`http://worker.test:${port}/`)).toEqual(DENIED)
    expect(seen).toEqual({ connections: 0, requests: [] })
  })

  test.each(['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '10.0.0.1', '169.254.169.254'])(
    'to the address %s is denied, and nobody is asked',
    async (host) => {
      const { seen, port } = await makeTarget()
      const { asked, post } = makeClient([['8.8.8.8']])
      expect(await post(`http://${host}:${port}/`)).toEqual(DENIED)
      expect([seen.connections, asked]).toEqual([0, []])
    },
  )

  test('to a name of which one address is denied is denied', async () => {
    const { seen, port } = await makeTarget()
    const { post } = makeClient([['127.0.0.1', '10.0.0.1']], ['127.0.0.0/8'])
    expect(await post(`http://worker.test:${port}/`)).toEqual(DENIED)
    expect(seen.connections).toBe(0)
  })

  test('to a port where nobody listens is denied in the same words', async () => {
    const { post } = makeClient([['127.0.0.1']])
    expect(await post('http://worker.test:1/')).toEqual(DENIED)
    expect(await post('https://worker.test:1/')).toEqual(DENIED)
  })

  test('goes to the address that was looked at: the name is asked once a connection', async () => {
    const { seen, port } = await makeTarget()
    const { asked, post } = makeClient([['127.0.0.1'], ['10.0.0.1']], ['127.0.0.1'])
    expect(await post(`http://worker.test:${port}/a`)).toMatchObject({ kind: 'answer', status: 200 })
    expect([asked, seen.requests]).toEqual([['worker.test'], [`POST worker.test:${port} /a`]])
  })

  test('to a name that stands for another address later is denied then', async () => {
    const first = await makeTarget()
    const second = await makeTarget()
    const { post } = makeClient([['127.0.0.1'], ['127.0.0.2']], ['127.0.0.1'])
    expect(await post(`http://worker.test:${first.port}/`)).toMatchObject({ kind: 'answer' })
    expect(await post(`http://worker.test:${second.port}/`)).toEqual(DENIED)
    expect(second.seen.connections).toBe(0)
  })

  test.each([
    ['by its address', '127.0.0.1'],
    ['by a name of it', 'worker.test'],
    ['in another spelling', '[::ffff:127.0.0.1]'],
  ])('to the store is denied %s, although its address is allowed', async (_, host) => {
    const { seen, port } = await makeTarget()
    const store = { host: 'store.test', port }
    const { post } = makeClient([['127.0.0.1']], ['127.0.0.1', '::ffff:127.0.0.1'], [store])
    expect(await post(`http://${host}:${port}/`)).toEqual(DENIED)
    expect(seen.connections).toBe(0)
  })

  test.each(['127.0.0.2', '0.0.0.0', '[::1]', '[::]'])(
    'to a store on this machine is denied at %s as well, where it may listen too',
    async (host) => {
      const { port } = await makeTarget()
      const store = { host: 'localhost', port }
      const { post } = makeClient([['127.0.0.1']], ['127.0.0.0/8', '0.0.0.0', '::1', '::'], [store])
      expect(await post(`http://${host}:${port}/`)).toEqual(DENIED)
    },
  )

  test('beside the store, at another port or another address, is not denied', async () => {
    const { port } = await makeTarget()
    const elsewhere = makeClient([['127.0.0.1']], ['127.0.0.1'], [{ host: 'store.test', port: port + 1 }])
    expect(await elsewhere.post(`http://127.0.0.1:${port}/`)).toMatchObject({ kind: 'answer' })
    const other = makeClient([['10.0.0.1'], ['127.0.0.1']], ['127.0.0.1'], [{ host: 'store.test', port }])
    expect(await other.post(`http://worker.test:${port}/`)).toMatchObject({ kind: 'answer' })
    expect(other.asked).toEqual(['store.test', 'worker.test'])
  })

  test('to a name without an address fails like any', async () => {
    const { post } = makeClient([[]])
    expect(await post('http://worker.test/')).toMatchObject({ kind: 'networkError' })
  })

  test('over TLS checks the name, not the address that it goes to', async () => {
    const { seen, port } = await makeTarget({ isTls: true })
    const { post } = makeClient([['127.0.0.1']], ['127.0.0.1'])
    expect(await post(`https://worker.test:${port}/a`)).toMatchObject({ kind: 'answer', status: 200 })
    expect(await post(`https://other.test:${port}/b`)).toMatchObject({ kind: 'networkError' })
    expect(seen.requests).toEqual([`POST worker.test:${port} /a`])
  })

  test('over TLS to a denied address is denied before it says hello', async () => {
    const { seen, port } = await makeTarget({ isTls: true })
    const { post } = makeClient([['127.0.0.1']])
    expect(await post(`https://worker.test:${port}/`)).toEqual(DENIED)
    expect(seen.connections).toBe(0)
  })

  test('does not use the connection of a call that nobody guarded', async () => {
    const { port } = await makeTarget()
    const { post } = makeClient([['127.0.0.1']])
    const url = `http://127.0.0.1:${port}/`
    expect(await post(url, false)).toMatchObject({ kind: 'answer' })
    expect(await post(url, true)).toEqual(DENIED)
  })
})

test.each([301, 302, 307, 308])('a redirect (%i) to a private address is not followed', async (status) => {
  const secret = await makeTarget()
  const location = `http://127.0.0.1:${secret.port}/`
  const { port } = await makeTarget({ onRequest: () => ({ status, location }) })
  const { post } = makeClient([['127.0.0.1']], ['127.0.0.1'])
  expect(await post(`http://worker.test:${port}/`)).toMatchObject({ kind: 'answer', status })
  expect(secret.seen.connections).toBe(0)
})
