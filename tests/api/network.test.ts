import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ANSWER_TIMEOUT_MS, LOOK_MS } from '../../server/api/slow-clients.ts'
import { httpServers } from '../../server/http-server.ts'
import { systemClock, systemTimers } from '../../server/system-clock.ts'
import { makeApi, TOKEN } from './make-api.ts'

const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
const MEGABYTE = 1024 * 1024
const limits = { maxConnections: 100, maxConnectionsPerAddress: 100, trustedProxies: null }

async function makeGroup() {
  const api = await makeApi()
  await api.json('POST', '/api/v1/task_groups', { id: 'g' })
  return { api, url: `${await api.listen()}/api/v1/task_group/g/tasks` }
}

/** Twenty megabytes in pieces, so that no length is told beforehand. */
function pieces(): ReadableStream<Uint8Array> {
  let left = 20
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(new Uint8Array(MEGABYTE).fill(0x20))
      if (--left === 0) controller.close()
    },
  })
}

describe('over the network', () => {
  test.each([
    ['with its length', () => ({ body: new Uint8Array(20 * MEGABYTE).fill(0x20) })],
    ['in pieces', () => ({ body: pieces(), duplex: 'half' as const })],
  ])('a body of twenty megabytes %s is refused and changes nothing', async (_name, body) => {
    const { api, url } = await makeGroup()
    const before = await api.fingerprint()
    const answer = await fetch(url, { method: 'POST', headers, ...body() })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      413,
      'application/problem+json; charset=utf-8',
    ])
    expect(await answer.json()).toMatchObject({ code: 'body_too_large' })
    expect(await api.fingerprint()).toBe(before)
    expect((await fetch(url, { headers })).status).toBe(200)
  })

  test('a body of nine megabytes is taken', async () => {
    const { url } = await makeGroup()
    const body = `{"worker":"w","input":"${'x'.repeat(9 * MEGABYTE)}"}`
    const answer = await fetch(url, { method: 'POST', headers, body })
    expect([answer.status, (await answer.text()).length > 9 * MEGABYTE]).toEqual([200, true])
  })

  test('JSON a hundred thousand levels deep is refused', async () => {
    const { api, url } = await makeGroup()
    const before = await api.fingerprint()
    const answer = await fetch(url, { method: 'POST', headers, body: '['.repeat(100_000) })
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'json_too_deep' }])
    expect(await api.fingerprint()).toBe(before)
  })

  test('a client that goes away in the middle of its body changes nothing', async () => {
    const { api, url } = await makeGroup()
    const before = await api.fingerprint()
    const { hostname, port, pathname } = new URL(url)
    const lines = [`POST ${pathname} HTTP/1.1`, 'Host: x', `Authorization: ${TOKEN}`, 'Content-Type: application/json']
    const head = [...lines, 'Content-Length: 99', '', ''].join('\r\n')
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => socket.write(`${head}{"worker":"w"`, () => socket.destroy()))
      socket.once('close', () => resolve())
    })
    expect((await fetch(url, { headers })).status).toBe(200)
    expect(await api.fingerprint()).toBe(before)
    expect(api.log).toEqual([])
  })

  test.each([
    ['the server of tests', undefined],
    ['the server of Crew', httpServers({ certificate: null, limits, clock: systemClock, logger: { warn() {} } })],
  ])('%s answers who offers another protocol in this one, and keeps the connection', async (_name, serverFactory) => {
    const api = await makeApi({ serverFactory })
    await api.json('POST', '/api/v1/task_groups', { id: 'g' })
    const { hostname, port } = new URL(await api.listen())
    const socket = connect(Number(port), hostname).setEncoding('latin1')
    onTestFinished(() => void socket.destroy())
    const ask = async (method: string, body: string): Promise<string> => {
      const head = [`${method} /api/v1/task_group/g/tasks HTTP/1.1`, 'Host: x', `Authorization: ${TOKEN}`]
      const offer = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA']
      const about = ['Content-Type: application/json', `Content-Length: ${body.length}`]
      socket.write([...head, ...offer, ...about, '', body].join('\r\n'))
      return String((await once(socket, 'data'))[0])
    }
    expect(await ask('POST', '{"id":"t","worker":"w"}')).toMatch(/^HTTP\/1.1 200 [\s\S]*"id":"t"/)
    api.clock.advance(ANSWER_TIMEOUT_MS)
    api.tick(LOOK_MS)
    api.clock.advance(ANSWER_TIMEOUT_MS)
    api.tick(LOOK_MS)
    expect(await ask('GET', '')).toMatch(/^HTTP\/1.1 200 [\s\S]*"id":"t"/)
  })

  test('who logs in over a socket of the file system is let in, or not, like any other', async () => {
    const api = await makeApi()
    const socketPath = join(mkdtempSync(join(tmpdir(), 'crew-')), 'socket')
    onTestFinished(() => rmSync(dirname(socketPath), { recursive: true }))
    await api.app.listen({ path: socketPath })
    const login = async (password: string): Promise<number | undefined> => {
      const call = request({ socketPath, path: '/login', method: 'POST', headers })
      call.end(JSON.stringify({ username: 'admin', password }))
      const [answer] = (await once(call, 'response')) as [IncomingMessage]
      return answer.resume().statusCode
    }
    expect([await login('secret'), await login('wrong')]).toEqual([200, 401])
  })

  test('who logs in is known by the address of the connection', async () => {
    const { api, url } = await makeGroup()
    const login = (address: string) =>
      fetch(new URL('/login', url), {
        method: 'POST',
        headers: { ...headers, 'x-forwarded-for': address },
        body: JSON.stringify({ username: 'admin', password: 'wrong' }),
      })
    for (let i = 0; i < 5; i++) expect((await login(`192.0.2.${i}`)).status).toBe(401)
    const answer = await login('192.0.2.99')
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '60'])
    expect(api.log).toEqual([])
  })
})

describe('closing', () => {
  test('lets a request under way finish, and refuses those that come later', async () => {
    let answerReadiness = () => {}
    const isAsked = new Promise<void>((asked) => {
      answerReadiness = asked
    })
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const api = await makeApi({
      // What is under way is waited for as long as it takes here, else the server would end without it after a second.
      timers: { ...systemTimers, after: () => () => true },
      readiness: async () => {
        answerReadiness()
        await released
        return { ready: true, detail: null }
      },
    })
    const base = await api.listen()
    const underWay = fetch(`${base}/readyz`)
    await isAsked
    const closed = api.app.close()
    let late = await fetch(`${base}/healthz`)
    while (late.status === 200) late = await fetch(`${base}/healthz`)
    expect([late.status, late.headers.get('retry-after'), await late.json()]).toMatchObject([
      503,
      '1',
      { code: 'shutting_down' },
    ])
    release()
    expect((await underWay).status).toBe(200)
    await closed
  })
})
