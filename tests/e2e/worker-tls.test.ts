import { writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import {
  EXPIRED_CERTIFICATE,
  EXPIRED_KEY,
  LOCALHOST_CERTIFICATE,
  LOCALHOST_KEY,
  TEST_CERTIFICATE,
  TEST_KEY,
} from '../support/test-certificate.ts'
import { readAttempts, readTask } from './support/api-client.ts'
import { makeDir, startCrew } from './support/crew.ts'
import { eventually } from './support/waiting.ts'

/** A worker over TLS that counts what it could read. */
async function startTlsWorker(cert: string, key: string) {
  const seen = { requests: 0, bytes: 0 }
  const server = createServer({ cert, key }, (request, response) => {
    seen.requests++
    request.resume().once('end', () => response.end('{"output": "done"}'))
  })
  server.on('secureConnection', (socket: TLSSocket) => {
    socket.on('data', (data: Buffer) => {
      seen.bytes += data.length
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  onTestFinished(() => void server.close())
  return { url: `https://localhost:${(server.address() as AddressInfo).port}/`, seen }
}

test('a worker whose certificate is no good is sent nothing, also where the environment says not to look', async () => {
  const dir = makeDir()
  const [good, ownSigned, expired, otherHost] = await Promise.all([
    startTlsWorker(LOCALHOST_CERTIFICATE, LOCALHOST_KEY),
    startTlsWorker(TEST_CERTIFICATE, TEST_KEY),
    startTlsWorker(EXPIRED_CERTIFICATE, EXPIRED_KEY),
    startTlsWorker(TEST_CERTIFICATE, TEST_KEY),
  ])
  // All but that of `ownSigned` are trusted, so that each has the one fault that it is here for.
  writeFileSync(join(dir, 'trusted.pem'), LOCALHOST_CERTIFICATE + EXPIRED_CERTIFICATE)
  writeFileSync(join(dir, 'more.pem'), LOCALHOST_CERTIFICATE + EXPIRED_CERTIFICATE + TEST_CERTIFICATE)
  const outcomes = async (trusted: string, workers: Record<string, { url: string }>) => {
    const env = {
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
      NODE_EXTRA_CA_CERTS: join(dir, trusted),
      CREW_EGRESS_ALLOW: '127.0.0.1,::1',
      CREW_STORAGE: 'memory',
    }
    const { api } = await startCrew({ dir, env })
    const attempt = async (name: string, url: string) => {
      await api.put(`/api/v1/worker/${name}`, { url })
      await api.post('/api/v1/task_groups/graph', { tasks: [{ id: name, worker: name, remainingAttempts: 1 }] })
      await eventually(`${name} ends`, async () => ['succeeded', 'failed'].includes((await readTask(api, name)).state))
      const [record] = await readAttempts(api, name)
      return [name, record?.outcome, record?.error ?? '']
    }
    return Promise.all(Object.entries(workers).map(([name, { url }]) => attempt(name, url)))
  }
  expect(await outcomes('trusted.pem', { good, ownSigned, expired })).toEqual([
    ['good', 'succeeded', ''],
    ['ownSigned', 'networkError', expect.stringMatching(/self.signed|unable to verify|altnames/i)],
    ['expired', 'networkError', expect.stringMatching(/expired/i)],
  ])
  expect(await outcomes('more.pem', { otherHost })).toEqual([
    ['otherHost', 'networkError', expect.stringMatching(/altnames/i)],
  ])
  expect(good.seen).toEqual({ requests: 1, bytes: expect.any(Number) })
  for (const { seen } of [ownSigned, expired, otherHost]) expect(seen).toEqual({ requests: 0, bytes: 0 })
})
