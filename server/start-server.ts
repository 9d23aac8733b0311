import { openStorage } from '../storage/open-storage.ts'
import type { Durability, TaskStorage } from '../storage/task-storage.ts'
import { assembleCrew, type CrewOptions } from './crew.ts'
import { httpServers } from './http-server.ts'
import { startIdleMemory } from './idle-memory.ts'
import { listen, urlOf } from './listen.ts'
import { newId, systemClock } from './system-clock.ts'
import { type Certificate, readCertificate } from './tls-files.ts'

export type StartOptions = Pick<CrewOptions, 'settings' | 'secrets' | 'hasDemo' | 'logger'>

/** A server that listens. States: `running` → stop → `stopping` → everything closed; only `stop` moves it. */
export interface CrewServer {
  readonly url: string
  readonly durability: Durability
  /** Told at the first start only. */
  readonly generatedPassword: string | null
  /** Resolves when everything is durable and closed. */
  stop(): Promise<void>
}

/** Starts Crew on a port of its own. Rejects when the storage or the port cannot be had. */
export async function startServer(options: StartOptions): Promise<CrewServer> {
  const bootId = newId()
  // Before the storage is: a setting that is of no use leaves nothing behind.
  const certificate = readCertificate(options.settings)
  const storage = await openStorageOf(options, bootId)
  try {
    return await startOn(storage, { ...options, bootId }, certificate)
  } catch (error) {
    await storage.close()
    throw error
  }
}

/** Opens what the settings name. */
export function openStorageOf(
  { settings, logger, patienceMs }: Pick<CrewOptions, 'settings' | 'logger'> & { readonly patienceMs?: number },
  bootId: string,
) {
  const { storage: setting, dataDir, redisPassword, allowVolatileRedis } = settings
  return openStorage({
    setting,
    dataDir,
    clock: systemClock,
    bootId,
    redisPassword,
    allowVolatileRedis,
    ...(patienceMs !== undefined && { patienceMs }),
    onRedisChange: (change) => {
      if (change.state === 'up') logger.info({ node: change.node }, 'Redis is there')
      else
        logger.error({ node: change.node, reason: change.reason }, 'Redis is away; the server goes on when it is back')
    },
  })
}

async function startOn(
  storage: TaskStorage,
  options: CrewOptions,
  certificate: Certificate | null,
): Promise<CrewServer> {
  const { settings, logger } = options
  const servers = httpServers({ certificate, limits: settings, clock: systemClock, logger })
  const crew = await assembleCrew(storage, { ...options, serverFactory: servers })
  const address = await listen(crew.app, settings)
  const url = urlOf({ ...settings, ...address })
  // Port 0 is known only now.
  const { generatedPassword } = await crew.start({ url, workerBaseUrl: options.hasDemo ? `${url}/demo/` : null })
  const stopIdleMemory = startIdleMemory()
  const stop = async (): Promise<void> => {
    stopIdleMemory()
    await crew.stop()
    await storage.close()
  }
  return { url, durability: storage.durability, generatedPassword, stop }
}
