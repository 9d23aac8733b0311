import type { Task } from '../../server/core/task.ts'
import { noSettings, settingsKey, settingsText } from '../../server/core/worker-settings.ts'
import * as groups from '../../server/services/groups.ts'
import { updateTask } from '../../server/services/tasks.ts'
import { resumeWorkgroup } from '../../server/services/workgroups.ts'
import { makeGate } from '../support/make.ts'
import { SIMULATED_START } from '../support/simulated-clock.ts'
import { Agenda } from './agenda.ts'
import { Answers } from './answers.ts'
import { type Chance, makeChance } from './chance.ts'
import { releaseWorker, SimulatedClients } from './clients.ts'
import { allTasks, checkEnd, unfinished } from './final-checks.ts'
import { WORKERS, WORKGROUPS } from './inputs.ts'
import { startNemesis } from './nemesis.ts'
import { type Fault, type Operation, type Plan, planOf } from './plan.ts'
import { PULLED, startPoller } from './pollers.ts'
import { Promises } from './promises.ts'
import { type Boot, type ServerOptions, SimulatedServer } from './server.ts'
import { SharedStore, type Tamper } from './shared-store.ts'
import { Trace } from './trace.ts'
import { keeps } from './violation.ts'
import { MAX_DELAY_MS, Weather } from './weather.ts'
import { SimulatedWorkers } from './workers.ts'

export interface SimulationOptions {
  readonly seed: number
  /** What differs from the plan of the seed. */
  readonly plan?: Partial<Plan>
  /** A store, or a server, that does something else than it should: for the tests of the simulator. */
  readonly tamper?: Tamper
  readonly claimsAheadMs?: number
  readonly wrap?: ServerOptions['wrap']
}

/** What came of a run that kept every promise. */
export interface Report {
  readonly seed: number
  /** Of everything that happened, in its order. */
  readonly hash: string
  /** While faults came, and over all. */
  readonly stormEvents: number
  readonly events: number
  readonly virtualMs: number
  /** Attempts that workers called a success, while faults came and over all. */
  readonly stormSuccesses: number
  readonly successes: number
  /** How long after the last fault everything was finished, in virtual ms. */
  readonly healMs: number
  readonly faults: ReadonlyMap<Fault, number>
  readonly operations: ReadonlyMap<Operation, number>
  readonly fates: Weather['fates']
}

/** Faults come during so many events. */
export const STORM_EVENTS = 400
/** PROOF section 3: everything is finished so soon after the last fault. */
const HEAL_MS = 120_000
const LOOK_MS = 100
/** Longer than any wait that the plan asks for. */
const FAR_MS = 60_000
const LATE_MS = MAX_DELAY_MS + 200
/** Books are compared with a full scan each so many events. */
const AUDIT_EVENTS = 400
/**
 * What workers have to have done by the end, or the run says nothing: the last three tasks, and one of those that the storm met. A seed in
 * thousands has clients who delete most of what there is.
 */
const MIN_SUCCESSES = 4
const SERVERS = ['a', 'b', 'c']

/** One run; rejects when it breaks a promise, with the seed and what came last. */
export async function simulate(options: SimulationOptions): Promise<Report> {
  const run = new Run(options)
  try {
    return await run.play()
  } catch (error) {
    throw run.tell(error)
  } finally {
    run.close()
  }
}

class Run {
  readonly #plan: Plan
  readonly #trace = new Trace()
  readonly #chance: Chance
  readonly #agenda: Agenda
  readonly #weather: Weather
  readonly #answers = new Answers()
  readonly #promises = new Promises()
  readonly #store: SharedStore
  readonly #servers: SimulatedServer[]
  readonly #workers: SimulatedWorkers
  readonly #clients: SimulatedClients
  #failure: { readonly error: unknown } | null = null
  #ids = 0
  #tokens = 0

  constructor({ seed, plan, tamper, claimsAheadMs, wrap }: SimulationOptions) {
    this.#plan = { ...planOf(seed), ...plan }
    this.#chance = makeChance(seed ^ 0x5eed)
    const chance = this.#chance
    this.#agenda = new Agenda(SIMULATED_START, chance.split(), this.#trace)
    this.#weather = new Weather(this.#plan, chance.split(), this.#agenda)
    this.#store = new SharedStore({
      answers: this.#answers,
      promises: this.#promises,
      now: () => this.#agenda.now,
      newToken: () => `token-${++this.#tokens}`,
      tamper,
      claimsAheadMs,
    })
    const anyBoot = (): Boot | null => this.#anyBoot()
    const failed = (error: unknown): void => this.#fail(error)
    const shared = { plan: this.#plan, agenda: this.#agenda, weather: this.#weather, anyBoot, failed, chance }
    this.#workers = new SimulatedWorkers({ ...shared, answers: this.#answers })
    this.#clients = new SimulatedClients({ ...shared, promises: this.#promises })
    const server: Omit<ServerOptions, 'name'> = {
      ...shared,
      store: this.#store,
      newId: () => `new-${++this.#ids}`,
      clientOf: (process) => this.#workers.clientOf(process),
      wrap,
      complain: failed,
      tell: (events) => {
        for (const each of this.#servers) each.hear(events)
      },
    }
    this.#servers = SERVERS.map((name) => new SimulatedServer({ ...server, name }))
  }

  async play(): Promise<Report> {
    await this.#setUp()
    for (const server of this.#servers) server.start()
    for (const id of ['p0', 'p1']) startPoller(id, this.#pollerOptions())
    startNemesis({ ...this.#parts(), servers: this.#servers })
    this.#clients.begin(() => !this.#weather.isFair)
    const { steps } = this.#agenda
    await this.#goOnWhile(() => this.#agenda.steps < steps + STORM_EVENTS)
    const storm = { events: this.#agenda.steps, successes: this.#answers.successes, endedAt: this.#agenda.now }
    await this.#heal()
    return this.#report(storm)
  }

  /** What is there before anybody comes. */
  async #setUp(): Promise<void> {
    const settings = settingsText({ ...noSettings(PULLED), mode: 'pull' })
    this.#store.run({ method: 'putRecord', args: [settingsKey(PULLED), settings, 0] })
    const limits = { ...makeGate().limits, maxConcurrent: this.#plan.maxConcurrent }
    const limit = { kind: 'limitWork', scope: 'workgroup', name: WORKGROUPS[0], limits } as const
    this.#store.run({ method: 'commit', args: [[{ guards: [], changes: [limit] }]] })
    await this.#clients.fill({
      storage: this.#store.storage,
      clock: { now: () => this.#agenda.now },
      random: () => 0,
      newId: () => `new-${++this.#ids}`,
      workers: { hasAddress: () => true, slotsOf: () => null },
    })
    this.#store.secure()
  }

  /** No fault comes any more; people clean up, and ask for more; then everything has to end. */
  async #heal(): Promise<void> {
    const { now } = this.#agenda
    this.#agenda.note('the weather is fair')
    this.#weather.clear()
    for (const server of this.#servers) server.recover()
    this.#promises.forget()
    let isClean = false
    this.#cleanUp().then(
      () => {
        isClean = true
      },
      (error) => this.#fail(error),
    )
    let lookAt = now
    const isOver = (): boolean => {
      if (!isClean || this.#agenda.now < lookAt) return false
      lookAt = this.#agenda.now + LOOK_MS
      return this.#unfinished.length === 0
    }
    await this.#goOnWhile(() => !isOver() && this.#agenda.now < now + HEAL_MS)
    const left = this.#unfinished
    keeps('liveness', isClean && left.length === 0, () => `after ${HEAL_MS} ms there are left: ${left.join('; ')}`)
  }

  async #cleanUp(): Promise<void> {
    const clients = this.#clients
    // What was asked for before may still be on its way.
    await new Promise<void>((resolve) => this.#agenda.after(LATE_MS, '', resolve))
    if (this.#plan.isAttended) await this.#tidy()
    await clients.createPlainGroup()
  }

  async #tidy(): Promise<void> {
    const clients = this.#clients
    for (const name of WORKERS) await clients.insist(`free ${name}`, (context) => releaseWorker(context, name))
    for (const name of WORKGROUPS) await clients.insist(`free ${name}`, (context) => resumeWorkgroup(context, name))
    for (const id of clients.book.groupIds) {
      await clients.insist(`resume ${id}`, (context) => groups.resumeGroup(context, id))
      await clients.insist(`retry ${id}`, (context) => groups.retryGroup(context, id, { remainingAttempts: 9 }))
    }
    await this.#bringForward()
  }

  get #unfinished(): string[] {
    return unfinished(this.#store, this.#plan)
  }

  /** What a server with a wrong clock put off for an hour, somebody makes due. */
  async #bringForward(): Promise<void> {
    const isFar = ({ runAfter }: Task): boolean => runAfter > this.#agenda.now + FAR_MS
    for (const { id: taskId, groupId } of allTasks(this.#store).filter(isFar)) {
      const ref = { taskId, groupId }
      await this.#clients.insist(`run ${taskId}`, (context) => updateTask(context, ref, { runAfter: 0 }))
    }
  }

  async #goOnWhile(goesOn: () => boolean): Promise<void> {
    for (let steps = 0; goesOn(); steps++) {
      if (!(await this.#agenda.step())) throw new Error('nothing happens any more')
      if (this.#failure) throw this.#failure.error
      if (steps % AUDIT_EVENTS === 0) this.#store.audit()
    }
  }

  #report(storm: { readonly events: number; readonly successes: number; readonly endedAt: number }): Report {
    const isRolledBack = (this.#weather.seen.get('rollback') ?? 0) > 0
    checkEnd(this.#store, { answers: this.#answers, clients: this.#clients, isRolledBack })
    const { successes } = this.#answers
    keeps('minimum work', successes >= MIN_SUCCESSES, () => `only ${successes} attempts succeeded`)
    return {
      seed: this.#plan.seed,
      hash: this.#trace.hash,
      stormEvents: storm.events,
      events: this.#agenda.steps,
      virtualMs: this.#agenda.now - SIMULATED_START,
      stormSuccesses: storm.successes,
      successes,
      healMs: this.#agenda.now - storm.endedAt,
      faults: this.#weather.seen,
      operations: this.#clients.done,
      fates: this.#weather.fates,
    }
  }

  /** The error with what led to it. */
  tell(error: unknown): Error {
    const { seed, faults, operations } = this.#plan
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
    const lines = [
      `CREW_SIM_SEED=${seed} breaks a promise: ${what}`,
      `faults: ${[...faults].join(' ')}; operations: ${[...operations].join(' ')}`,
      ...this.#trace.tail.slice(-SHOWN_LINES),
    ]
    return new Error(lines.join('\n'), { cause: error })
  }

  close(): void {
    for (const server of this.#servers) server.process?.kill()
    this.#store.close()
  }

  #anyBoot(): Boot | null {
    const boots = this.#servers.flatMap(({ boot }) => boot ?? [])
    return boots.length === 0 ? null : this.#chance.pick(boots)
  }

  #pollerOptions() {
    return { ...this.#parts(), answers: this.#answers, workers: this.#workers, anyBoot: () => this.#anyBoot() }
  }

  #parts() {
    return {
      plan: this.#plan,
      agenda: this.#agenda,
      chance: this.#chance.split(),
      weather: this.#weather,
      store: this.#store,
      promises: this.#promises,
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
  }
}

/** Of the end of the trace, with a failure; `CREW_SIM_LINES` shows more. */
const SHOWN_LINES = Number(process.env.CREW_SIM_LINES ?? 60)
