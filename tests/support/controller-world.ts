import { onTestFinished } from 'vitest'
import type { AttemptObserver } from '../../server/controller/attempt-observer.ts'
import { Callbacks } from '../../server/controller/callbacks.ts'
import { Controller, type ControllerOptions } from '../../server/controller/controller.ts'
import type { Logger } from '../../server/controller/logger.ts'
import { StoredWorkerBook } from '../../server/controller/worker-book.ts'
import { WorkerFigures } from '../../server/controller/worker-figures.ts'
import type { Timers } from '../../server/core/clock.ts'
import { noSettings, settingsKey, settingsText, type WorkerSettings } from '../../server/core/worker-settings.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { BASE_URL, type FakeCall, type FakeWorkers, fakeWorkers } from './fake-workers.ts'
import { noObserver } from './no-observer.ts'
import { LEASE_MS, openServiceWorld, type ServiceWorld } from './service-world.ts'
import { type SimulatedTimers, settle, simulatedTimers } from './simulated-timers.ts'
import { makeSigningKeys } from './worker-directory.ts'

/** Where its callbacks lead. */
export const CREW_URL = 'http://crew.test/'

/** A running controller on an empty store, with workers and a time that the test drives. */
export interface ControllerWorld extends ServiceWorld {
  readonly controller: Controller
  readonly book: StoredWorkerBook
  readonly figures: WorkerFigures
  readonly callbacks: Callbacks
  readonly timers: SimulatedTimers
  readonly workers: FakeWorkers
  readonly logged: string[]
  /** Lets everything settle, then lets time pass. */
  advance(ms?: number): Promise<void>
  /** The worker answers this task, and everything settles. */
  reply(taskId: string, ...reply: Parameters<FakeCall['reply']>): Promise<void>
}

export interface ControllerWorldOptions {
  readonly limits?: { maxInFlight?: number; maxInFlightPerWorker?: number }
  readonly baseUrl?: string | null
  readonly leaseMs?: number
  /** By name. */
  readonly secrets?: Record<string, string>
  /** What signs at the base URL. */
  readonly signingSecrets?: readonly string[]
  /** Of workers and rules, by name. */
  readonly settings?: Readonly<Record<string, Partial<WorkerSettings>>>
  /** The timers of the controller fire only at multiples of this. */
  readonly timerGrainMs?: number
  /** The storage as the controller sees it. */
  readonly wrap?: (storage: TaskStorage) => TaskStorage
  readonly onPost?: (call: FakeCall) => void
  readonly retention?: ControllerOptions['retention']
  readonly observer?: AttemptObserver
  /** False: the test starts it. */
  readonly isStarted?: boolean
}

export async function openControllerWorld(options: ControllerWorldOptions = {}): Promise<ControllerWorld> {
  const world = await openServiceWorld()
  const timers = simulatedTimers(world.clock)
  const workers = fakeWorkers(options.onPost)
  const logged: string[] = []
  const signingKeys = makeSigningKeys(options)
  const base = {
    baseUrl: options.baseUrl === undefined ? BASE_URL : options.baseUrl,
    authorization: null,
    signing: signingKeys.signingOfTexts(options.signingSecrets ?? []),
    timeoutSeconds: 300,
  }
  const book = new StoredWorkerBook({
    storage: world.storage,
    base,
    secrets: new Map(Object.entries(options.secrets ?? {})),
    signingKeys,
  })
  for (const [name, fields] of Object.entries(options.settings ?? {}))
    await world.storage.putRecord(settingsKey(name), settingsText({ ...noSettings(name), ...fields }))
  await book.reload()
  const figures = new WorkerFigures()
  const callbacks = new Callbacks(() => CREW_URL)
  const controller = new Controller({
    storage: options.wrap?.(world.storage) ?? world.storage,
    clock: world.clock,
    timers: grainy(timers, options.timerGrainMs ?? 1, world.clock),
    random: () => 0,
    logger: keepingLogger(logged),
    limits: { maxInFlight: 100, maxInFlightPerWorker: 20, ...options.limits },
    leaseMs: options.leaseMs ?? LEASE_MS,
    retention: options.retention ?? null,
    client: workers,
    newId: world.context.newId,
    observer: options.observer ?? noObserver,
    workers: base,
    book,
    figures,
    callbacks,
    version: '0.0.0',
    instance: 'boot-1',
  })
  // Nothing may claim or commit in a store that another hook of the test has closed.
  onTestFinished(async () => {
    const drained = controller.drain(0)
    await timers.advance(5000)
    await Promise.race([drained, settle()])
  })
  if (options.isStarted ?? true) await controller.start()
  await settle()
  return {
    ...world,
    controller,
    book,
    figures,
    callbacks,
    timers,
    workers,
    logged,
    advance: (ms = 0) => timers.advance(ms),
    async reply(taskId, ...reply) {
      workers.call(taskId).reply(...reply)
      await timers.advance(2)
    },
  }
}

/** Timers of a system that looks at them now and then. */
function grainy(timers: Timers, grainMs: number, clock: { now(): number }): Timers {
  return {
    after(ms, run) {
      const at = Math.ceil((clock.now() + ms) / grainMs) * grainMs
      return timers.after(at - clock.now(), run)
    },
    soon: timers.soon,
  }
}

/** Warnings and errors: what a test may want to see, or to see absent. */
function keepingLogger(lines: string[]): Logger {
  const keep = (_: object, message: string): void => {
    lines.push(message)
  }
  return { debug: () => {}, info: () => {}, warn: keep, error: keep }
}
