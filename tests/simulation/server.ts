import { Callbacks } from '../../server/controller/callbacks.ts'
import { Controller } from '../../server/controller/controller.ts'
import type { Logger } from '../../server/controller/logger.ts'
import { SigningKeys } from '../../server/controller/signing-keys.ts'
import { StoredWorkerBook } from '../../server/controller/worker-book.ts'
import type { WorkerClient } from '../../server/controller/worker-client.ts'
import { WorkerFigures } from '../../server/controller/worker-figures.ts'
import type { CrewEvent } from '../../server/core/change-set.ts'
import { GroupMemory } from '../../server/services/group-memory.ts'
import type { ServiceContext } from '../../server/services/service-context.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { BASE_URL } from '../support/fake-workers.ts'
import { noObserver } from '../support/no-observer.ts'
import type { Agenda } from './agenda.ts'
import type { Chance } from './chance.ts'
import { Link, type LinkOptions } from './link.ts'
import type { Plan } from './plan.ts'
import { Process } from './process.ts'

/** Short, so that a run of half a minute sees leases end. */
export const LEASE_MS = 6000
export const WORKER_TIMEOUT_SECONDS = 8
/** A server that cannot start is started again so often. */
const RESTART_MS = 500
/** Of what a drain still waits for. */
const DRAIN_MS = 1500

export interface ServerOptions extends Omit<LinkOptions, 'process'> {
  readonly name: string
  readonly plan: Plan
  /** Ids of the run, never given twice. */
  readonly newId: () => string
  readonly clientOf: (process: Process) => WorkerClient
  /** The storage as the server sees it, for the tests of the simulator. */
  readonly wrap?: ((storage: TaskStorage, agenda: Agenda) => TaskStorage) | undefined
  /** A server said that something went wrong that is nobody's fault but its own. */
  readonly complain: (error: unknown) => void
}

/** What runs in one process, from its start to its end. */
export interface Boot {
  readonly process: Process
  readonly controller: Controller
  readonly context: ServiceContext
}

/** A server with the real controller and the real services. States: `down` → start → `up`; kill and drain → `down` → start. */
export class SimulatedServer {
  readonly name: string
  readonly #options: ServerOptions
  readonly #chance: Chance
  #boot: Boot | null = null
  /** Of the boot, or of the one that is on its way. */
  #process: Process | null = null
  #link: Link | null = null
  #boots = 0

  constructor(options: ServerOptions) {
    this.#options = options
    this.name = options.name
    this.#chance = options.chance.split()
  }

  /** Null while it is down, starts or ends. */
  get boot(): Boot | null {
    return this.#boot
  }

  get process(): Process | null {
    return this.#process
  }

  /** What some server committed. */
  hear(events: readonly CrewEvent[]): void {
    this.#link?.hear(events)
  }

  /** The store is another one from now on. */
  cut(): void {
    this.#link?.cut()
  }

  /** Again and again until the store can be read: so does whatever supervises it. */
  start(): void {
    const { agenda } = this.#options
    const process = new Process(`${this.name}.${++this.#boots}`, agenda)
    this.#process = process
    void this.#assemble(process).catch((error) => {
      if (process.isDead) return
      process.kill()
      agenda.note(`${process.name} cannot start: ${error}`)
      this.#startAfter(RESTART_MS)
    })
  }

  /** kill -9, and a start after that time. */
  kill(downMs: number): void {
    this.#process?.kill()
    this.#boot = null
    this.#startAfter(downMs)
  }

  /** Nothing is wrong with it any more. */
  recover(): void {
    if (!this.#process) return
    this.#process.offsetMs = 0
    this.#process.goOn()
  }

  /** SIGTERM, and a start when it is done. */
  drain(): void {
    const boot = this.#boot
    if (!boot) return
    this.#boot = null
    const done = (): void => {
      boot.process.kill()
      this.#startAfter(this.#chance.between(10, 1000))
    }
    void boot.controller.drain(DRAIN_MS).then(done, this.#options.complain)
  }

  #startAfter(ms: number): void {
    this.#options.agenda.after(ms, `${this.name} starts`, () => this.start())
  }

  async #assemble(process: Process): Promise<void> {
    const { plan, newId, clientOf, wrap, agenda } = this.#options
    const link = new Link({ ...this.#options, process })
    this.#link = link
    const storage = wrap?.(link.storage, agenda) ?? link.storage
    const base = { baseUrl: BASE_URL, authorization: null, timeoutSeconds: WORKER_TIMEOUT_SECONDS }
    const signingKeys = new SigningKeys({ key: null, oldKey: null, secrets: new Map() })
    const workers = { ...base, signing: signingKeys.signingOfTexts([]) }
    const book = new StoredWorkerBook({ storage, base: workers, secrets: new Map(), signingKeys })
    const random = () => this.#chance.next()
    const { clock, timers } = process
    const controller = new Controller({
      ...{ storage, clock, timers, random, newId, book, workers },
      logger: this.#logger(),
      limits: { maxInFlight: 20, maxInFlightPerWorker: plan.maxInFlightPerWorker },
      leaseMs: LEASE_MS,
      retention: null,
      client: clientOf(process),
      observer: noObserver,
      figures: new WorkerFigures(),
      callbacks: new Callbacks(() => 'http://crew.test/'),
      version: '0.0.0',
      instance: process.name,
    })
    const context: ServiceContext = {
      ...{ storage, clock, random, newId },
      wake: () => controller.claimSoon(),
      groupMemory: new GroupMemory(),
      workers: { hasAddress: () => true, slotsOf: (worker) => controller.slotsOf(worker) },
    }
    await book.reload()
    await controller.start()
    if (!process.isDead) this.#boot = { process, controller, context }
  }

  /** What is thrown and is no outage is a fault of Crew, although the server goes on. */
  #logger(): Logger {
    const nothing = (): void => {}
    const error = (fields: object): void => {
      const { err } = fields as { err?: unknown }
      if (err !== undefined && !isExpected(err)) this.#options.complain(err)
    }
    return { debug: nothing, info: nothing, warn: nothing, error }
  }
}

const isExpected = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'storage_unavailable'
