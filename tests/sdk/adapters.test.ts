import { once } from 'node:events'
import { createServer, request as httpRequest, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { defineWorker, type Task } from 'crew-sdk'
import { toCloudFunction } from 'crew-sdk/cloud-functions'
import { type LambdaEvent, toLambdaHandler } from 'crew-sdk/lambda'
import { toNodeHandler } from 'crew-sdk/node'
import { describe, expect, onTestFinished, test } from 'vitest'
import { SECRET, signatureHeaders } from './crew-request.ts'

const BODY = '{"taskId":"t","input":"grüße"}'
const HEADERS = { 'content-type': 'application/json', 'webhook-id': 'delivery-1' }
const echo = defineWorker(({ input, deliveryId }: Task) => ({ input, deliveryId }))
const signed = defineWorker(({ input }: Task) => input, { secret: SECRET })
const signature = () => signatureHeaders(BODY, [SECRET], Date.now())

/** Answers the port. */
async function listen(handler: RequestListener): Promise<number> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function post(port: number, headers: Record<string, string> = {}, method = 'POST') {
  const url = `http://127.0.0.1:${port}/any?x=1`
  const response = await fetch(url, {
    method,
    headers: { ...HEADERS, ...headers },
    ...(method === 'POST' && { body: BODY }),
  })
  return { status: response.status, type: response.headers.get('content-type'), body: await response.json() }
}

describe('a worker on Node', () => {
  test('answers over HTTP', async () => {
    expect(await post(await listen(toNodeHandler(echo)))).toEqual({
      status: 200,
      type: 'application/json',
      body: { output: { input: 'grüße', deliveryId: 'delivery-1' } },
    })
  })

  test('checks the signature of the bytes that came', async () => {
    const port = await listen(toNodeHandler(signed))
    expect(await post(port, signature())).toMatchObject({ status: 200, body: { output: 'grüße' } })
    expect((await post(port)).status).toBe(401)
  })

  test('refuses what is no POST', async () => {
    const port = await listen(toNodeHandler(echo))
    expect((await post(port, {}, 'GET')).status).toBe(405)
  })

  test('is told when the caller has gone', async () => {
    let tell = (_task: Task): void => {}
    const started = new Promise<Task>((resolve) => {
      tell = resolve
    })
    const waiting = defineWorker((task) => {
      tell(task)
      return new Promise((resolve) => task.signal.addEventListener('abort', resolve))
    })
    const port = await listen(toNodeHandler(waiting))
    const call = httpRequest({ port, host: '127.0.0.1', method: 'POST', headers: HEADERS }).on('error', () => {})
    call.end(BODY)
    const { signal } = await started
    const aborted = once(signal, 'abort')
    call.destroy()
    await aborted
    expect(signal.reason.message).toBe('the caller has gone')
  })
})

test('a cloud function takes the body that its platform has read', async () => {
  const handler = toCloudFunction(signed)
  const port = await listen(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const rawBody = Buffer.concat(chunks)
    await handler(Object.assign(request, { rawBody, body: JSON.parse(rawBody.toString()) }), response)
  })
  expect(await post(port, signature())).toMatchObject({ status: 200, body: { output: 'grüße' } })
})

describe('a worker on Lambda', () => {
  const event = (given: Partial<LambdaEvent> = {}): LambdaEvent => ({
    rawPath: '/any',
    rawQueryString: 'x=1',
    headers: { ...HEADERS, ...signature() },
    requestContext: { http: { method: 'POST' } },
    body: BODY,
    isBase64Encoded: false,
    ...given,
  })
  const handler = toLambdaHandler(signed)

  test('takes bodies as text and as base64', async () => {
    const encoded = { body: Buffer.from(BODY).toString('base64'), isBase64Encoded: true }
    const expected = {
      statusCode: 200,
      headers: { 'content-type': 'application/json' },
      body: '{"output":"grüße"}',
      isBase64Encoded: false,
    }
    expect(await handler(event())).toEqual(expected)
    expect(await handler(event(encoded))).toEqual(expected)
  })

  test('answers 4xx to what is not a call of Crew', async () => {
    const statuses = await Promise.all(
      [
        event({ requestContext: { http: { method: 'GET' } } }),
        event({ headers: HEADERS }),
        event({ body: `${BODY} ` }),
        event({ body: '%', isBase64Encoded: true }),
        event({ body: null }),
        {},
      ].map(async (each) => (await handler(each)).statusCode),
    )
    expect(statuses).toEqual([405, 401, 401, 401, 401, 400])
    const open = toLambdaHandler(echo)
    expect((await open(event({ body: null }))).statusCode).toBe(400)
  })
})
