import { randomBytes } from 'node:crypto'
import type { FastifyInstance, FastifyServerFactory } from 'fastify'
import { createDemoWorkers } from '../demo-workers/demo-workers.ts'
import { endpointsOf } from '../storage/open-storage.ts'
import type { Durability, TaskStorage } from '../storage/task-storage.ts'
import { type Authenticator, type AuthMode, createAuthenticator } from './api/authenticator.ts'
import { buildApp } from './api/build-app.ts'
import { hashPassword, verifyPassword } from './api/passwords.ts'
import { loadUiFiles } from './api/ui-files.ts'
import { calendar } from './calendar.ts'
import { keepBook } from './controller/book-keeper.ts'
import { Callbacks } from './controller/callbacks.ts'
import { Controller } from './controller/controller.ts'
import { digest } from './controller/digest.ts'
import { systemResolve } from './controller/egress-guard.ts'
import { GroupWatcher } from './controller/group-watcher.ts'
import { outsideDesk } from './controller/outside-desk.ts'
import { clean } from './controller/retention.ts'
import { Scheduler } from './controller/scheduler.ts'
import { SharedFigures } from './controller/shared-figures.ts'
import { SigningKeys } from './controller/signing-keys.ts'
import { watchSize } from './controller/size-watch.ts'
import { TimerWheel } from './controller/timer-wheel.ts'
import { type BaseWorkers, StoredWorkerBook } from './controller/worker-book.ts'
import { createWorkerClient } from './controller/worker-client.ts'
import { WorkerFigures } from './controller/worker-figures.ts'
import { WorkerTester } from './controller/worker-tester.ts'
import type { Clock } from './core/clock.ts'
import type { Logger } from './logger.ts'
import type { ServerFacts } from './metrics/crew-metrics.ts'
import { createReadiness } from './readiness.ts'
import { automaticRetention, retentionFacts, retentionOf } from './retention-settings.ts'
import { GroupMemory } from './services/group-memory.ts'
import { Turns } from './services/turns.ts'
import type { WorkerContext, WorkerDirectory } from './services/worker-context.ts'
import { SettingError } from './settings/setting-error.ts'
import type { Settings } from './settings/settings-table.ts'
import { newId, newTraceparent, systemClock, systemEvery, systemRandom, systemTimers } from './system-clock.ts'
import { VERSION } from './version.ts'
import { createWatching, type Watching } from './watching.ts'

/** What Crew is run with, besides its storage. */
export interface CrewOptions {
  readonly settings: Settings
  /** By name: `CREW_SECRET_X` is `X`. */
  readonly secrets: ReadonlyMap<string, string>
  /** With the demo workers at `/demo/`. */
  readonly hasDemo: boolean
  readonly logger: Logger
  /** New for every start. */
  readonly bootId: string
  /** Who may; left out, the settings say it. */
  readonly authMode?: AuthMode | undefined
  /** Makes what it listens by, where it does so itself. */
  readonly serverFactory?: FastifyServerFactory | undefined
}

/**
 * Crew on a storage, wired and not yet running: the server and the plugin both are this and something that listens.
 * States: `idle` → start → `running` → stop → `stopped`; stop ends an idle one as well.
 */
export interface Crew {
  /** Its whole HTTP side. */
  readonly app: FastifyInstance
  readonly durability: Durability
  /** Claims and fires from now on: call it when the port is there, as nothing may be claimed by what cannot answer. */
  start(place: Place): Promise<{ readonly generatedPassword: string | null }>
  /** Resolves when everything is durable, and all but the storage closed. */
  stop(): Promise<void>
}

/** Where a Crew is that the settings leave open. */
export interface Place {
  /** Where it answers: workers finish there what takes long. */
  readonly url: string
  /** Where workers are; null: nowhere. */
  readonly workerBaseUrl: string | null
}

/** What the parts share. */
interface World extends CrewOptions {
  readonly storage: TaskStorage
  /** The time that the storage goes by. */
  readonly clock: Clock
  readonly workers: BaseWorkers
  readonly signingKeys: SigningKeys
  readonly book: StoredWorkerBook
  readonly watching: Watching
  readonly state: { isStopping: boolean; publicUrl: string }
}

/** WIRE section 5.1, for workers without settings of their own. */
const WORKER_TIMEOUT_SECONDS = 300
/** Requests take milliseconds. One that does not end must not eat the time that is left before the hard stop. */
const CLOSE_API_MS = 1500
/** Taking this server's figures away is a courtesy. */
const FAREWELL_MS = 200

/** Wires the rooms together. Rejects when the storage cannot be read; closing that is for whoever opened it. */
export async function assembleCrew(storage: TaskStorage, options: CrewOptions): Promise<Crew> {
  const { settings, secrets } = options
  const signingKeys = new SigningKeys({ key: settings.secretKey, oldKey: settings.secretKeyOld, secrets })
  const workers = baseWorkers(settings, signingKeys)
  const book = new StoredWorkerBook({ storage, base: workers, secrets, signingKeys })
  await book.reload()
  const state = { isStopping: false, publicUrl: '' }
  const watching = createWatching({ ...options, storage })
  const clock = storage.clock ?? systemClock
  const world: World = { ...options, storage, clock, workers, signingKeys, book, watching, state }
  const engine = createEngine(world)
  const auth = createAuth(world)
  const app = await createApi(world, engine, auth)
  const scheduler = new Scheduler({ ...world, timers: systemTimers, calendar })
  const watcher = createWatcher(world)
  let stopKeeping = (): void => {}

  async function start({ url, workerBaseUrl }: Place) {
    world.state.publicUrl = withSlash(settings.publicUrl ?? url)
    workers.baseUrl ??= workerBaseUrl
    const stopBook = keepBook({ ...world, timers: systemTimers })
    const stopSizes = watchSize({ ...world, timers: systemTimers })
    stopKeeping = () => {
      stopBook()
      stopSizes()
    }
    engine.sharedFigures.start()
    watching.start()
    await engine.controller.start()
    scheduler.start()
    watcher.start()
    // Last, as a start that fails after it would take the password to its grave.
    return auth.ensureAdmin()
  }

  async function stop(): Promise<void> {
    world.state.isStopping = true
    // The API answers meanwhile: people watch what is left, and the demo workers are in it.
    const quiet = Promise.all([scheduler.stop(), watcher.stop()])
    await engine.controller.drain(settings.shutdownTimeoutInMilliseconds)
    await quiet
    stopKeeping()
    await withinMs(FAREWELL_MS, watching.stop())
    await withinMs(FAREWELL_MS, engine.sharedFigures.stop())
    await withinMs(CLOSE_API_MS, app.close())
    await engine.close()
  }
  return { app, durability: storage.durability, start, stop }
}

/** Waits for the work, but not longer. */
function withinMs(ms: number, work: Promise<unknown>): Promise<unknown> {
  return Promise.race([work, new Promise((resolve) => systemTimers.after(ms, () => resolve(undefined)))])
}

const withSlash = (url: string): string => (url.endsWith('/') ? url : `${url}/`)

function baseWorkers(settings: Settings, signingKeys: SigningKeys): BaseWorkers & { baseUrl: string | null } {
  const { workerBaseUrl: baseUrl, workerAuthorizationHeader: authorization, workerSigningSecret } = settings
  const signing = signingKeys.signingOfTexts(workerSigningSecret ?? [])
  if (signing.problem !== null) throw new SettingError(`CREW_WORKER_SIGNING_SECRET cannot be used: ${signing.problem}.`)
  return { baseUrl, authorization, signing, timeoutSeconds: WORKER_TIMEOUT_SECONDS }
}

/** What runs tasks: the controller with the client that it calls workers by. */
function createEngine({ settings, storage, clock, workers, book, logger, bootId, watching, state }: World) {
  const { maxInFlight, maxInFlightPerWorker, maxResponseBytes, leaseMs } = settings
  const wheel = new TimerWheel(systemTimers)
  const store = endpointsOf(settings.storage)
  const egress = { allowed: settings.egressAllow ?? [], resolve: systemResolve, store }
  const client = createWorkerClient({ connections: maxInFlight, maxResponseBytes, wheel, egress })
  const callbacks = new Callbacks(() => state.publicUrl)
  const figures = new WorkerFigures()
  const shared = { figures, storage, clock, timers: systemTimers, logger, instance: bootId }
  const sharedFigures = new SharedFigures(shared)
  const controller = new Controller({
    storage,
    workers,
    book,
    figures,
    client,
    logger,
    leaseMs,
    clock,
    timers: systemTimers,
    random: systemRandom,
    newId,
    observer: watching.observer,
    version: VERSION,
    instance: bootId,
    callbacks,
    limits: { maxInFlight, maxInFlightPerWorker },
    retention: automaticRetention(settings),
  })
  const close = async (): Promise<void> => {
    await client.close()
    wheel.stop()
  }
  return { controller, client, figures, sharedFigures, callbacks, close }
}

/** What a scrape asks of this server. */
const factsOf = (controller: Controller, book: StoredWorkerBook): ServerFacts => ({
  inFlight: controller.inFlight,
  uncommitted: controller.uncommitted,
  claimLagMs: controller.claimLagMs,
  isReadOnly: controller.isReadOnly,
  slotsOf: (worker) => (book.settingsOf(worker).mode === 'pull' ? null : controller.slotsOf(worker)),
})

/** What tells of groups, and makes their last tasks. */
function createWatcher({ storage, clock, book, logger }: World): GroupWatcher {
  const onUse = (): void => book.expectReceivers()
  return new GroupWatcher({ storage, clock, timers: systemTimers, logger, digest, onUse })
}

function createAuth({ settings, storage, clock, authMode }: World): Authenticator {
  const { auth, authUsername: username, authPassword, authToken } = settings
  const mode = { kind: 'on', username, password: authPassword ?? undefined, token: authToken ?? undefined } as const
  return createAuthenticator({
    storage,
    clock,
    mode: authMode ?? (auth === 'off' ? { kind: 'off' } : mode),
    randomBytes,
    hashPassword,
    verifyPassword,
  })
}

type Engine = ReturnType<typeof createEngine>

function createApi(world: World, engine: Engine, auth: Authenticator) {
  const { settings, storage, clock, book, logger, hasDemo, watching, state } = world
  const { controller, callbacks } = engine
  const { apiRateLimit: perSecond } = settings
  const services: WorkerContext = {
    storage,
    clock,
    random: systemRandom,
    newId,
    wake: () => controller.claimSoon(),
    groupMemory: new GroupMemory(),
    workers: {
      hasAddress: (worker) => book.isReachable(worker),
      slotsOf: (worker) => (book.settingsOf(worker).mode === 'pull' ? null : controller.slotsOf(worker)),
    },
    directory: createDirectory(world, engine),
    outside: outsideDesk(controller, callbacks),
    settingsTurns: new Turns(),
  }
  const startedAt = clock.now()
  const lagOf = () => ({ schedulerMs: controller.claimLagMs, eventLoopMs: watching.loopLag.worstMs })
  return buildApp({
    services,
    auth,
    logger,
    clock,
    timers: systemTimers,
    every: systemEvery,
    calendar,
    maxBodyBytes: settings.maxBodyBytes,
    version: VERSION,
    ui: loadUiFiles(),
    basePath: settings.basePath,
    trustedProxies: settings.trustedProxies ?? [],
    serverFactory: world.serverFactory,
    rateLimit: perSecond === null ? null : { perSecond, burst: settings.apiRateBurst },
    process: { startedAt, retention: retentionFacts(settings) },
    clean: ({ isTrial }) => clean(world, { retention: retentionOf(settings), isTrial }),
    readiness: createReadiness({ storage, clock, isStopping: () => state.isStopping, lag: lagOf }),
    metrics: () => watching.metrics.text(factsOf(controller, book)),
    requestMeter: watching.metrics,
    demo: hasDemo ? createDemoWorkers().handle : undefined,
  })
}

/** What use cases know of workers. */
function createDirectory(
  { settings, clock, signingKeys, book }: World,
  { client, figures, sharedFigures }: Engine,
): WorkerDirectory {
  const tester = new WorkerTester({ book, client, clock, newTraceparent, version: VERSION })
  return {
    egressAllow: settings.egressAllow ?? [],
    signingKeys,
    hasSecret: (name) => book.hasSecret(name),
    get all() {
      return book.all
    },
    settingsOf: (worker) => book.settingsOf(worker),
    withoutSecrets: (worker, text) => book.withoutSecrets(worker, text),
    addressOf: (worker) => book.addressOf(worker),
    timeoutSecondsOf: (worker) => book.timeoutSecondsOf(worker),
    reloadOne: (name) => book.reloadOne(name),
    talliesOf: (workers) => sharedFigures.talliesOf(workers),
    totalTally: () => sharedFigures.total(),
    historyOf: (worker, minutes) => figures.history.of(worker, { now: clock.now(), minutes }),
    test: (task) => tester.test(task),
    preview: (task, parents) => tester.preview(task, parents),
  }
}
