import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { makeApi, TOKEN } from './make-api.ts'

async function makeWorld() {
  const api = await makeApi()
  await api.json('POST', '/api/v1/task_groups', { id: 'g' })
  const { hostname, port } = new URL(await api.listen())
  /** Sends these bytes, and answers all that comes until the server closes, or has answered a request that comes after them. */
  const send = (bytes: string): Promise<string> =>
    new Promise((resolve, reject) => {
      let heard = ''
      const socket = connect(Number(port), hostname, () => socket.write(bytes))
      socket.setEncoding('latin1').on('data', (text: string) => {
        heard += text
        if (heard.includes('Healthy!')) socket.destroy()
      })
      socket.on('close', () => resolve(heard))
      socket.on('error', reject)
    })
  return { api, send }
}

const head = ['Host: x', `Authorization: ${TOKEN}`, 'Content-Type: application/json']
const after = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'
/** A request within the body of another one, as a proxy would not see it. */
const inner = `POST /api/v1/task_groups HTTP/1.1\r\n${head.join('\r\n')}\r\nContent-Length: 17\r\n\r\n{"id":"smuggled"}`

const post = (...lines: string[]): string => [`POST /api/v1/task_groups HTTP/1.1`, ...head, ...lines].join('\r\n')

describe('a request that two programs could read as two', () => {
  test.each([
    ['a length and pieces', post('Content-Length: 5', 'Transfer-Encoding: chunked', '', `0\r\n\r\n${inner}`)],
    ['pieces and a length', post('Transfer-Encoding: chunked', 'Content-Length: 5', '', `0\r\n\r\n${inner}`)],
    ['two lengths', post('Content-Length: 2', `Content-Length: ${2 + inner.length}`, '', `{}${inner}`)],
    ['a length with a sign', post('Content-Length: +2', '', `{}${inner}`)],
    ['a negative length', post('Content-Length: -2', '', `{}${inner}`)],
    ['a length that is a list', post('Content-Length: 2, 2', '', `{}${inner}`)],
    ['pieces by an unknown name', post('Transfer-Encoding: xchunked', '', `0\r\n\r\n${inner}`)],
    ['pieces of no size', post('Transfer-Encoding: chunked', '', `x\r\n{}\r\n0\r\n\r\n${inner}`)],
    ['a header name with a space', post('Content-Length : 2', '', `{}${inner}`)],
    ['a header with a bare CR', post(`X-A: b\rContent-Length: 2`, '', `{}${inner}`)],
    ['a folded header', post('X-A: b', ' Content-Length: 2', '', `{}${inner}`)],
  ])('is refused, and what follows is not read: %s', async (_name, request) => {
    const { api, send } = await makeWorld()
    const before = await api.fingerprint()
    const heard = await send(request + after)
    expect(heard).toMatch(/^HTTP\/1\.1 400 /)
    expect(heard.match(/HTTP\/1\.1/g)).toHaveLength(1)
    expect(await api.fingerprint()).toBe(before)
  })

  test('is none when each is whole: both are done', async () => {
    const { api, send } = await makeWorld()
    const heard = await send(post('Content-Length: 2', '', `{}${inner}${after}`))
    expect(heard.match(/HTTP\/1\.1 200/g)).toHaveLength(3)
    expect((await api.call('GET', '/api/v1/task_group/smuggled')).statusCode).toBe(200)
  })
})

test.each([
  '/api/v1/task/%0d%0aX-Injected:%20yes',
  '/x%0d%0aX-Injected:%20yes',
  '/api/v1/task_groups?search=%0d%0aX-Injected:%20yes',
])('a line break in %s begins no header', async (url) => {
  const { send } = await makeWorld()
  const heard = await send(`GET ${url} HTTP/1.1\r\nHost: x\r\nAuthorization: ${TOKEN}\r\n\r\n${after}`)
  expect(heard).toContain('Healthy!')
  expect(heard).not.toMatch(/^x-injected/im)
})
