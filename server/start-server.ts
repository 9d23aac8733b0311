import { randomBytes } from 'node:crypto'
import { createDemoWorkers } from '../demo-workers/demo-workers.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { Durability, TaskStorage } from '../storage/task-storage.ts'
import { type Authenticator, createAuthenticator } from './api/authenticator.ts'
import { buildApp } from './api/build-app.ts'
import { hashPassword, verifyPassword } from './api/passwords.ts'
import type { WorkerSettings } from './controller/attempt-runner.ts'
import { Controller } from './controller/controller.ts'
import { TimerWheel } from './controller/timer-wheel.ts'
import { createWorkerClient } from './controller/worker-client.ts'
import { listen, urlOf } from './listen.ts'
import type { Logger } from './logger.ts'
import { metricsText } from './metrics.ts'
import { createReadiness } from './readiness.ts'
import { GroupMemory } from './services/group-memory.ts'
import type { ServiceContext } from './services/service-context.ts'
import type { Settings } from './settings/settings-table.ts'
import { newId, newTraceparent, systemClock, systemRandom, systemTimers } from './system-clock.ts'
import { VERSION } from './version.ts'

export interface StartOptions {
  readonly settings: Settings
  /** With the demo workers at `/demo/`. */
  readonly hasDemo: boolean
  readonly logger: Logger
}

/** A server that listens. States: `running` → stop → `stopping` → everything closed; only `stop` moves it. */
export interface CrewServer {
  readonly url: string
  readonly durability: Durability
  /** Told at the first start only. */
  readonly generatedPassword: string | null
  /** Resolves when everything is durable and closed. */
  stop(): Promise<void>
}

/** What the parts of one server share. */
interface World extends StartOptions {
  readonly bootId: string
  readonly storage: TaskStorage
  readonly workers: WorkerSettings
  readonly state: { isStopping: boolean }
}

/** WIRE section 5.1, for workers without settings of their own. */
const WORKER_TIMEOUT_SECONDS = 300
const DAY_MS = 86_400_000
/** Requests take milliseconds. One that does not end must not eat the time that is left before the hard stop. */
const CLOSE_API_MS = 1500

/** Wires the rooms together and starts them. Rejects when the storage or the port cannot be had. */
export async function startServer(options: StartOptions): Promise<CrewServer> {
  const { storage: setting, dataDir, redisPassword, allowVolatileRedis } = options.settings
  const { logger } = options
  const bootId = newId()
  const storage = await openStorage({
    setting,
    dataDir,
    clock: systemClock,
    bootId,
    redisPassword,
    allowVolatileRedis,
    onRedisChange: (change) => {
      if (change.state === 'up') logger.info({ node: change.node }, 'Redis is there')
      else
        logger.error({ node: change.node, reason: change.reason }, 'Redis is away; the server goes on when it is back')
    },
  })
  try {
    return await startOn(storage, bootId, options)
  } catch (error) {
    await storage.close()
    throw error
  }
}

async function startOn(storage: TaskStorage, bootId: string, options: StartOptions): Promise<CrewServer> {
  const { settings, hasDemo } = options
  const workers = workerSettings(settings)
  const world: World = { ...options, storage, bootId, workers, state: { isStopping: false } }
  const engine = createEngine(world)
  const auth = createAuth(world)
  const app = await createApi(world, engine.controller, auth)
  const url = urlOf(await listen(app, settings))
  // Port 0 is known only now, and nothing is claimed before the port is ours.
  if (hasDemo) workers.baseUrl ??= `${url}/demo/`
  await engine.controller.start()
  // Last, as a start that fails after it would take the password to its grave.
  const { generatedPassword } = await auth.ensureAdmin()

  async function stop(): Promise<void> {
    world.state.isStopping = true
    // The API answers meanwhile: people watch what is left, and the demo workers are in it.
    await engine.controller.drain(settings.shutdownTimeoutInMilliseconds)
    await withinMs(CLOSE_API_MS, app.close())
    await engine.close()
    await storage.close()
  }
  return { url, durability: storage.durability, generatedPassword, stop }
}

/** Waits for the work, but not longer. */
function withinMs(ms: number, work: Promise<unknown>): Promise<unknown> {
  return Promise.race([work, new Promise((resolve) => systemTimers.after(ms, () => resolve(undefined)))])
}

function workerSettings(settings: Settings): WorkerSettings & { baseUrl: string | null } {
  const { workerBaseUrl: baseUrl, workerAuthorizationHeader: authorization } = settings
  return { baseUrl, authorization, timeoutSeconds: WORKER_TIMEOUT_SECONDS }
}

/** What runs tasks: the controller with the client that it calls workers by. */
function createEngine({ settings, storage, workers, logger, bootId }: World) {
  const { maxInFlight, maxInFlightPerWorker, maxResponseBytes, leaseMs } = settings
  const wheel = new TimerWheel(systemTimers)
  const client = createWorkerClient({ connections: maxInFlight, maxResponseBytes, wheel })
  const keepMs = settings.expiredGroupIntervalInDays * DAY_MS
  const controller = new Controller({
    storage,
    workers,
    client,
    logger,
    leaseMs,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    newId,
    newTraceparent,
    version: VERSION,
    instance: bootId,
    limits: { maxInFlight, maxInFlightPerWorker },
    retention: settings.cleanExpiredGroups ? { keepMs } : null,
  })
  const close = async (): Promise<void> => {
    await client.close()
    wheel.stop()
  }
  return { controller, close }
}

function createAuth({ settings, storage }: World): Authenticator {
  const { auth, authUsername: username, authPassword, authToken } = settings
  const mode = { kind: 'on', username, password: authPassword ?? undefined, token: authToken ?? undefined } as const
  return createAuthenticator({
    storage,
    clock: systemClock,
    mode: auth === 'off' ? { kind: 'off' } : mode,
    randomBytes,
    hashPassword,
    verifyPassword,
  })
}

function createApi(world: World, controller: Controller, auth: Authenticator) {
  const { settings, storage, workers, logger, hasDemo, state } = world
  const services: ServiceContext = {
    storage,
    clock: systemClock,
    random: systemRandom,
    newId,
    wake: () => controller.claimSoon(),
    groupMemory: new GroupMemory(),
    workers: { hasAddress: () => workers.baseUrl !== null, slotsOf: (worker) => controller.slotsOf(worker) },
  }
  const startedAt = systemClock.now()
  return buildApp({
    services,
    auth,
    logger,
    clock: systemClock,
    maxBodyBytes: settings.maxBodyBytes,
    version: VERSION,
    readiness: createReadiness({ storage, clock: systemClock, isStopping: () => state.isStopping }),
    metrics: () => metricsText({ version: VERSION, startedAt, inFlight: controller.inFlight }),
    demo: hasDemo ? createDemoWorkers().handle : undefined,
  })
}
