import { onTestFinished } from 'vitest'
import { Controller, type ControllerOptions } from '../../server/controller/controller.ts'
import type { Logger } from '../../server/controller/logger.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { BASE_URL, type FakeCall, type FakeWorkers, fakeWorkers } from './fake-workers.ts'
import { LEASE_MS, openServiceWorld, type ServiceWorld } from './service-world.ts'
import { type SimulatedTimers, settle, simulatedTimers } from './simulated-timers.ts'

/** A running controller on an empty store, with workers and a time that the test drives. */
export interface ControllerWorld extends ServiceWorld {
  readonly controller: Controller
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
  /** The storage as the controller sees it. */
  readonly wrap?: (storage: TaskStorage) => TaskStorage
  readonly onPost?: (call: FakeCall) => void
  readonly retention?: ControllerOptions['retention']
  /** False: the test starts it. */
  readonly isStarted?: boolean
}

export async function openControllerWorld(options: ControllerWorldOptions = {}): Promise<ControllerWorld> {
  const world = await openServiceWorld()
  const timers = simulatedTimers(world.clock)
  const workers = fakeWorkers(options.onPost)
  const logged: string[] = []
  const controller = new Controller({
    storage: options.wrap?.(world.storage) ?? world.storage,
    clock: world.clock,
    timers,
    random: () => 0,
    logger: keepingLogger(logged),
    limits: { maxInFlight: 100, maxInFlightPerWorker: 20, ...options.limits },
    leaseMs: options.leaseMs ?? LEASE_MS,
    retention: options.retention ?? null,
    client: workers,
    newId: world.context.newId,
    newTraceparent: () => '00-0-0-01',
    workers: {
      baseUrl: options.baseUrl === undefined ? BASE_URL : options.baseUrl,
      authorization: null,
      timeoutSeconds: 300,
    },
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

/** Warnings and errors: what a test may want to see, or to see absent. */
function keepingLogger(lines: string[]): Logger {
  const keep = (_: object, message: string): void => {
    lines.push(message)
  }
  return { debug: () => {}, info: () => {}, warn: keep, error: keep }
}
