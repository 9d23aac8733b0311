import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { TimerWheel } from '../../server/controller/timer-wheel.ts'
import { createWorkerClient } from '../../server/controller/worker-client.ts'
import { simulatedClock } from '../support/simulated-clock.ts'
import { simulatedTimers } from '../support/simulated-timers.ts'

/** A worker that counts its requests and answers them with `{}`, and a client to call it. */
async function makeWorker() {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(request.url ?? '')
    response.end('{}')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const wheel = new TimerWheel(simulatedTimers(simulatedClock()))
  const egress = { allowed: [], resolve: () => {} }
  const client = createWorkerClient({ connections: 2, maxResponseBytes: 1000, wheel, egress })
  onTestFinished(async () => {
    await client.close()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const post = (path: string, mayStart: () => boolean) => {
    const url = `http://127.0.0.1:${port}${path}`
    return client.post({ url, headers: [], body: '{}', timeoutMs: 1000, isGuarded: false, mayStart }).reply
  }
  return { requests, post }
}

test('a call that may not start when its connection is there is not sent', async () => {
  const { requests, post } = await makeWorker()
  let isAllowed = true
  const call = post('/late', () => isAllowed)
  isAllowed = false
  expect(await call).toEqual({ kind: 'unsent' })
  expect(await post('/next', () => true)).toMatchObject({ kind: 'answer', status: 200, body: '{}' })
  expect(requests).toEqual(['/next'])
})
