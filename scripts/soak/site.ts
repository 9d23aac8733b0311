import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type ChaosSite, chaosEnvironment, setUpWorkers } from '../../server/selftest/chaos-site.ts'
import { FlakyWorker, type FlakyWorkerOptions } from '../../server/selftest/flaky-worker.ts'
import { ServerProcess } from '../../server/selftest/server-process.ts'
import { type RedisServer, startRedisServer } from '../../tests/support/redis-server.ts'
import { TcpProxy } from '../../tests/support/tcp-proxy.ts'
import type { SoakOptions } from './options.ts'

/** Several servers on one Redis with a proxy each between, or one on a file; the worker that they call; what was done to them. */
export interface Site extends ChaosSite {
  readonly storage: 'redis' | 'sqlite'
  readonly program: readonly string[]
  readonly folder: string
  readonly redis: RedisServer | null
  /** In the order of the servers. */
  readonly proxies: readonly TcpProxy[]
  /** When Redis was killed: of the last two seconds before it may know nothing. */
  readonly rollbacks: number[]
  /** The storage as a command of Crew is told it, not by way of a proxy. */
  readonly storageSetting: string
  close(keepsFolder: boolean): Promise<void>
}

const SERVERS = 3
const TOKEN = 'token-of-the-soak'

export async function openSite(options: SoakOptions, worker: FlakyWorkerOptions): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'crew-soak-'))
  const flaky = await FlakyWorker.start(worker)
  const isRedis = options.storage === 'redis'
  const redis = isRedis ? await startRedisServer({ isOwn: true, appendonly: 'everysec', maxmemory: '1gb' }) : null
  const proxies = redis ? await Promise.all(Array.from({ length: SERVERS }, () => TcpProxy.start(redis))) : []
  const program = programOf()
  const storages = redis
    ? proxies.map(({ host, port }) => `redis://${host}:${port}`)
    : [`sqlite:${join(folder, 'crew.db')}`]
  const servers = storages.map((storage, at) => {
    const env = { CREW_STORAGE: storage, ...chaosEnvironment(flaky) }
    return new ServerProcess({ program, folder, token: TOKEN, name: `server-${at + 1}`, env })
  })
  await Promise.all(servers.map((server) => server.start()))
  const site: Site = {
    ...{ storage: options.storage, program, folder, servers, redis, proxies, worker: flaky },
    ...{ troubles: [], pauses: [], rollbacks: [] },
    storageSetting: redis?.url ?? `sqlite:${join(folder, 'crew.db')}`,
    close: async (keepsFolder) => {
      for (const server of servers) await server.kill9()
      for (const proxy of proxies) await proxy.close()
      await redis?.stop()
      await flaky.away()
      if (!keepsFolder) rmSync(folder, { recursive: true, force: true })
    },
  }
  await setUpWorkers(site)
  return site
}

/** The compiled program where the environment names one, else from source. */
function programOf(): readonly string[] {
  const binary = process.env.CREW_TEST_BINARY
  if (binary) return [resolve(binary)]
  return [process.execPath, '--no-env-file', join(import.meta.dirname, '../../server/main.ts')]
}
