import { setTimeout as pass } from 'node:timers/promises'
import { LEASE_MS, upApis } from '../../server/selftest/chaos-site.ts'
import { FAULTS } from '../../server/selftest/faults.ts'
import { GroupPlans } from '../../server/selftest/group-plans.ts'
import { Nemesis } from '../../server/selftest/nemesis.ts'
import { seededStreams } from '../../server/selftest/random.ts'
import { type OpenGroup, Trial } from '../../server/selftest/trial.ts'
import { checkStore, figuresOfServers, rssMbOf } from './figures.ts'
import { LagMeter } from './lag.ts'
import { floorsOf, MemoryOfServers, type MemorySample, slopeMbPerHour } from './memory.ts'
import type { SoakOptions } from './options.ts'
import { REDIS_FAULTS } from './redis-faults.ts'
import type { Audit, Report } from './report.ts'
import { requirementsOf } from './requirements.ts'
import { openSite, type Site } from './site.ts'

const MAX_TOLD = 200
const ON_MS = [5000, 5000] as const
const OFF_MS = [5000, 5000] as const
/** Of each period this much is left in peace, to see how late tasks are when nothing is wrong. */
const CALM_SHARE = 0.2
const MAX_CALM_MS = 60_000
/** Backlogs of a minute, and tasks whose worker was away. */
const DRAIN_MS = 180_000
const TELL_MS = 10_000
/** Servers with nothing to do give back what they do not need within two seconds (`server/idle-memory.ts`). */
const REST_MS = 3000
/** Caches fill, code is compiled. */
const WARM_UP_SHARE = 0.25
const LEAST_MINUTES_OF_SLOPE = 30
const FLOOR_MINUTES = 5
/** With one server alone, deaths are in this part of the run, so that its memory can be followed in the rest. */
const DEADLY_SHARE = 0.34

/** One run. States: `new` → run → periods of calm, faults, drain and audit → closed. */
export class Soak {
  readonly #options: SoakOptions
  readonly #version: string
  readonly #streams: ReturnType<typeof seededStreams>
  readonly #startedAt = new Date()
  readonly #violations: string[] = []
  readonly #allowed: string[] = []
  readonly #audits: Audit[] = []
  /** Each ten seconds; and at each look alone, when they have given back what nobody needs. */
  readonly #memory = { underWay: new MemoryOfServers(), atRest: new MemoryOfServers() }
  readonly #lag = new LagMeter()
  #violationCount = 0
  #beganAt = 0

  constructor(options: SoakOptions, version: string) {
    this.#options = options
    this.#version = version
    this.#streams = seededStreams(options.seed)
  }

  async run(signal: AbortSignal): Promise<Report> {
    let trial: Trial | null = null
    const site = await openSite(this.#options, {
      random: () => this.#streams.worker.next(),
      onDelivery: (delivery, groupId) => trial?.saw(delivery, groupId),
    })
    trial = this.#trialAt(site)
    const nemesis = new Nemesis<Site>({
      ...{ site, trial, random: this.#streams.faults, onMs: ON_MS, offMs: OFF_MS },
      faults: site.redis ? [...FAULTS, ...REDIS_FAULTS] : FAULTS,
      mayEnd: () => this.#mayEnd(),
    })
    this.#beganAt = performance.now()
    const telling = setInterval(() => this.#tell(trial, nemesis), TELL_MS)
    const sampling = setInterval(() => this.#sample(site, this.#memory.underWay), TELL_MS)
    try {
      while (this.#minutes() < this.#options.minutes && !signal.aborted) {
        if (!(await this.#period({ site, trial, nemesis, signal }))) break
      }
    } catch (error) {
      this.#violate(`the run broke off: ${(error as Error).stack}`)
    } finally {
      clearInterval(telling)
      clearInterval(sampling)
      await trial.close()
      await site.close(this.#violationCount > 0)
    }
    if (this.#violationCount > 0) console.error(`soak: what the servers wrote is in ${site.folder}`)
    return this.#report(trial, nemesis)
  }

  #trialAt(site: Site): Trial {
    return new Trial({
      plans: new GroupPlans(this.#streams.plans, `soak-${this.#options.seed}-`),
      rate: this.#options.rate,
      upApis: () => upApis(site),
      circumstances: () => ({ ...site, leaseMs: LEASE_MS }),
      onJudged: (group, tasks, attempts) => this.#lag.take(group, tasks, attempts),
      onFault: ({ text }, group) => this.#judged(text, isRolledBack(group, site.rollbacks)),
    })
  }

  /** Answers whether to go on. */
  async #period({
    site,
    trial,
    nemesis,
    signal,
  }: {
    site: Site
    trial: Trial
    nemesis: Nemesis<Site>
    signal: AbortSignal
  }) {
    const { auditMinutes, minutes } = this.#options
    const lengthMs = Math.min(auditMinutes, minutes - this.#minutes()) * 60_000
    const until = performance.now() + lengthMs
    trial.load()
    const calmMs = Math.min(MAX_CALM_MS, lengthMs * CALM_SHARE)
    this.#lag.begin(calmMs)
    await pass(calmMs, undefined, { signal }).catch(() => {})
    this.#lag.end()
    const calm = await figuresOfServers(site)
    await nemesis.rage(until, signal)
    const startedAt = performance.now()
    const stuck = await trial.drain(DRAIN_MS, signal)
    if (signal.aborted) return false
    const drainedInSeconds = (performance.now() - startedAt) / 1000
    await this.#explain(stuck, trial)
    const { figures: store, faults } = await checkStore(site)
    for (const fault of faults) this.#violate(fault)
    await pass(REST_MS, undefined, { signal }).catch(() => {})
    this.#sample(site, this.#memory.underWay, this.#memory.atRest)
    // The lag of the calm: by now it is that of the faults.
    const servers = (await figuresOfServers(site)).map((each, at) => ({
      ...each,
      scheduleLagMs: calm[at]?.scheduleLagMs ?? Number.NaN,
    }))
    this.#audits.push({ minutes: this.#minutes(), tasksDone: trial.figures.tasks, drainedInSeconds, servers, store })
    this.#tell(trial, nemesis)
    // All that was in trouble is judged.
    for (const list of [site.troubles, site.pauses, site.rollbacks]) list.length = 0
    return stuck.length === 0
  }

  /** What does not end although nothing is wrong any more. */
  async #explain(stuck: readonly string[], trial: Trial): Promise<void> {
    for (const id of stuck) {
      const why = this.#violations.length < MAX_TOLD ? await trial.insist('GET', `/api/v1/task_group/${id}/why`) : null
      this.#violate(
        `group ${id} did not end within ${DRAIN_MS / 1000} s after all was healed: ${why?.text.slice(0, 1000)}`,
      )
    }
  }

  #mayEnd(): boolean {
    return this.#options.storage === 'redis' || this.#minutes() < this.#options.minutes * DEADLY_SHARE
  }

  #minutes(): number {
    return (performance.now() - this.#beganAt) / 60_000
  }

  #judged(fault: string, isAllowed: boolean): void {
    if (!isAllowed) this.#violate(fault)
    else if (this.#allowed.length < MAX_TOLD) this.#allowed.push(fault)
  }

  #violate(fault: string): void {
    this.#violationCount++
    if (this.#violations.length < MAX_TOLD) this.#violations.push(`minute ${this.#minutes().toFixed(1)}: ${fault}`)
    if (this.#violationCount <= 20) console.error(`soak: VIOLATION: ${fault}`)
  }

  #sample({ servers }: Site, ...memories: readonly MemoryOfServers[]): void {
    for (const { name, pid } of servers) {
      const rssMb = pid === null ? null : rssMbOf(pid)
      for (const memory of memories) memory.add(name, pid, { minutes: this.#minutes(), rssMb })
    }
  }

  #tell(trial: Trial, nemesis: Nemesis<Site>): void {
    const { figures, open } = trial
    const minutes = this.#minutes()
    const rate = figures.tasks / (minutes * 60)
    const words = [
      `${minutes.toFixed(1)} of ${this.#options.minutes} min`,
      `${figures.tasks} tasks (${rate.toFixed(0)}/s)`,
      `${open.size} groups open`,
      `${figures.lost} attempts given back`,
      `now: ${nemesis.now ?? 'peace'}`,
      `${this.#violationCount} violations`,
    ]
    console.log(`soak: ${words.join(' · ')}`)
  }

  #report(trial: Trial, nemesis: Nemesis<Site>): Report {
    const facts = {
      options: this.#options,
      version: this.#version,
      startedAt: this.#startedAt.toISOString(),
      minutes: this.#minutes(),
      figures: trial.figures,
      faults: Object.fromEntries(nemesis.done),
      audits: this.#audits,
      rssSlopeMbPerHour: this.#slopes(this.#memory.underWay, (samples) => floorsOf(samples, FLOOR_MINUTES)),
      restingSlopeMbPerHour: this.#slopes(this.#memory.atRest, (samples) => samples),
      lagMs: {
        count: this.#lag.count,
        p50: this.#lag.percentile(0.5),
        p99: this.#lag.percentile(0.99),
        max: this.#lag.percentile(1),
      },
      violations: this.#violations,
      violationCount: this.#violationCount,
      allowedByDurability: this.#allowed,
    }
    return { ...facts, requirements: requirementsOf(facts) }
  }

  /** Of the process that each server was at the end; null where that was too short to tell. */
  #slopes(
    memory: MemoryOfServers,
    chosen: (samples: readonly MemorySample[]) => readonly MemorySample[],
  ): Record<string, number | null> {
    const warmUp = this.#minutes() * WARM_UP_SHARE
    return Object.fromEntries(
      memory.ofLastProcesses().map(([name, samples]) => {
        const from = Math.max(warmUp, (samples[0]?.minutes ?? 0) + warmUp / 2)
        return [name, slopeMbPerHour(chosen(samples), from, LEAST_MINUTES_OF_SLOPE)]
      }),
    )
  }
}

/** Redis writes each second: of that much before it was killed it may know nothing, and something more on a slow disk. */
const ROLLBACK_MS = 3000
const AFTER_MS = 1000

function isRolledBack({ plan, deliveries }: OpenGroup, rollbacks: readonly number[]): boolean {
  const moments = [
    ...plan.creations.map(({ endedAt }) => endedAt),
    ...deliveries.flatMap(({ firstByteAt, answeredAt }) => [firstByteAt, answeredAt ?? firstByteAt]),
  ]
  return rollbacks.some((at) => moments.some((moment) => moment > at - ROLLBACK_MS && moment < at + AFTER_MS))
}
