import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { LOCALHOST_CERTIFICATE, LOCALHOST_KEY } from '../support/test-certificate.ts'
import { makeDir, runCrew, startCrew } from './support/crew.ts'
import { startWorker } from './support/recording-worker.ts'
import { eventually } from './support/waiting.ts'
import { makeGroup } from './support/world.ts'

/** A Redis that takes TLS on a port beside the one that the tests use, and its certificate. */
async function startTlsRedis(): Promise<{ url: string; certificate: string; redis: RedisServer }> {
  const files = await mkdtemp(join(tmpdir(), 'crew-tls-'))
  const [certificate, key] = [join(files, 'certificate.pem'), join(files, 'key.pem')]
  await Promise.all([writeFile(certificate, LOCALHOST_CERTIFICATE), writeFile(key, LOCALHOST_KEY)])
  const port = await freePort()
  const config = {
    'tls-port': String(port),
    'tls-cert-file': certificate,
    'tls-key-file': key,
    'tls-auth-clients': 'no',
  }
  const redis = await startRedisServer({ config })
  onTestFinished(() => redis.stop())
  return { url: `rediss://localhost:${port}`, certificate, redis }
}

test('over TLS tasks run as over any other connection, and go on when Redis was away', async () => {
  const { url, certificate, redis } = await startTlsRedis()
  const worker = await startWorker()
  const env = { CREW_STORAGE: url, CREW_WORKER_BASE_URL: worker.url, NODE_EXTRA_CA_CERTS: certificate }
  const { api } = await startCrew({ dir: makeDir(), env })
  const { id: groupId } = await makeGroup(api)
  const run = async (id: string) => {
    await eventually(`${id} is taken`, async () => {
      const { status } = await api.call('POST', `/api/v1/task_group/${groupId}/tasks`, { id, worker: 'any' })
      return status === 200 || status === 409 ? true : undefined
    })
    await eventually(`${id} is done`, async () =>
      (await api.get<{ isComplete: boolean }>(`/api/v1/task/${id}`)).isComplete ? true : undefined,
    )
  }
  await run('before')
  await redis.kill()
  await redis.start()
  await run('after')
  expect(worker.deliveries.map(({ taskId }) => taskId)).toEqual(['before', 'after'])
})

test('a Redis whose certificate nobody vouches for is refused in one sentence, whatever the environment says', async () => {
  const { url } = await startTlsRedis()
  const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0' }
  const { code, stderr } = await runCrew({ dir: makeDir(), args: ['start', '--port', '0', '--storage', url], env })
  expect(code).not.toBe(0)
  expect(stderr).toMatch(/certificate/)
  expect(stderr).not.toMatch(/\n\s+at /)
})
