import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pass } from 'node:timers/promises'
import { type ChaosSite, chaosEnvironment, LEASE_MS, setUpWorkers, upApis } from './chaos-site.ts'
import { FAULTS } from './faults.ts'
import { FlakyWorker } from './flaky-worker.ts'
import { scanStore } from './fsck.ts'
import type { GroupCheck } from './group-checks.ts'
import { GroupPlans } from './group-plans.ts'
import { Nemesis } from './nemesis.ts'
import { seededStreams } from './random.ts'
import { ServerProcess } from './server-process.ts'
import { noFigures, Trial, type TrialFigures } from './trial.ts'

export interface SelftestOptions {
  /** An empty one, for the store and the log; taken away when nothing was found. */
  readonly folder: string
  /** The words that `crew` stands for. */
  readonly program: readonly string[]
  readonly chaosMs: number
  readonly seed: number
  /** Ends it at once; what it made is taken away. */
  readonly signal: AbortSignal
  /** How far it is, some times a second. */
  readonly onProgress: (progress: Progress) => void
}

export interface Progress {
  readonly phase: 'starting' | 'faults' | 'draining' | 'looking'
  readonly secondsLeft: number
  /** What is being done now. */
  readonly faults: readonly string[]
  readonly figures: TrialFigures
  readonly violations: number
}

export interface SelftestResult {
  readonly seed: number
  readonly seconds: number
  /** By kind, how often. */
  readonly faults: Readonly<Record<string, number>>
  readonly figures: TrialFigures
  /** `store` is what `crew fsck` said. */
  readonly violations: readonly { readonly check: GroupCheck | 'store' | 'run'; readonly text: string }[]
  /** Where the servers' log and the file are; null when nothing was found, and they are gone. */
  readonly folder: string | null
}

const TOKEN = 'token-of-the-selftest'
/** Tasks a second: with a core to itself a server does a hundred times as much. */
const RATE = 40
/** Short, so that a minute sees thirty of them. */
const ON_MS = [200, 2000] as const
const OFF_MS = [200, 1500] as const
const DRAIN_MS = 120_000
const TELL_MS = 250
/** Less work than this share of what was asked for tells nothing. */
const LEAST_SHARE = 0.1

/** Beyond so many there is nothing to learn, and a run may last for a day. */
const MAX_VIOLATIONS = 1000

/** A server of this program under load, while it is killed and its worker misbehaves; answers what was found. */
export async function runSelftest(options: SelftestOptions): Promise<SelftestResult> {
  const run = new Selftest(options)
  const result = await run.run().finally(() => run.close())
  const isKept = result.violations.length > 0 && !options.signal.aborted
  if (!isKept) rmSync(options.folder, { recursive: true, force: true })
  return { ...result, folder: isKept ? options.folder : null }
}

/** One run. States: `starting` → `faults` → `draining` → `looking` → closed; an abort closes it from any. */
class Selftest {
  readonly #options: SelftestOptions
  readonly #streams: ReturnType<typeof seededStreams>
  readonly #violations: SelftestResult['violations'][number][] = []
  readonly #closing = new AbortController()
  readonly #closers: (() => Promise<unknown>)[] = []
  #nemeses: readonly Nemesis<ChaosSite>[] = []
  #figures = noFigures()
  #phase: Progress['phase'] = 'starting'
  #chaosUntil = 0

  constructor(options: SelftestOptions) {
    this.#options = options
    this.#streams = seededStreams(options.seed)
  }

  async run(): Promise<Omit<SelftestResult, 'folder'>> {
    const { seed, signal } = this.#options
    const startedAt = performance.now()
    try {
      await this.#underFaults()
    } catch (error) {
      if (!signal.aborted) this.#violate('run', `the run broke off: ${(error as Error).message}`)
    }
    const seconds = (performance.now() - startedAt) / 1000
    const faults = Object.fromEntries(this.#nemeses.flatMap(({ done }) => [...done]))
    return { seed, seconds, faults, figures: this.#figures, violations: this.#violations }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    for (const close of this.#closers.toReversed()) await close()
  }

  async #underFaults(): Promise<void> {
    const { chaosMs } = this.#options
    const signal = AbortSignal.any([this.#options.signal, this.#closing.signal])
    const { site, trial } = await this.#open()
    this.#figures = trial.figures
    const common = { site, trial, random: this.#streams.faults, onMs: ON_MS, offMs: OFF_MS }
    // Side by side: a server dies while its worker is away.
    this.#nemeses = [faultsOfServers(), OTHER_FAULTS].map((faults) => new Nemesis({ ...common, faults }))
    this.#tell()
    this.#phase = 'faults'
    this.#chaosUntil = performance.now() + chaosMs
    trial.load()
    const raging = this.#nemeses.map((nemesis) => nemesis.rage(this.#chaosUntil, signal))
    // What one of them has begun it ends, also when another broke off.
    this.#closers.push(() => Promise.allSettled(raging))
    await Promise.all(raging)
    if (!signal.aborted) await this.#judge(trial)
  }

  async #open(): Promise<{ site: ChaosSite; trial: Trial }> {
    const { program, seed } = this.#options
    let trial: Trial | null = null
    const worker = await FlakyWorker.start({
      random: () => this.#streams.worker.next(),
      onDelivery: (delivery, groupId) => trial?.saw(delivery, groupId),
    })
    this.#closers.push(() => worker.away())
    const env = { CREW_STORAGE: this.#storage, ...chaosEnvironment(worker) }
    const server = new ServerProcess({ program, folder: this.#options.folder, token: TOKEN, name: 'server', env })
    this.#closers.push(() => server.kill9())
    await server.start()
    const site: ChaosSite = { servers: [server], worker, troubles: [], pauses: [] }
    await setUpWorkers(site)
    trial = new Trial({
      plans: new GroupPlans(this.#streams.plans, `selftest-${seed}-`),
      rate: RATE,
      upApis: () => upApis(site),
      circumstances: () => ({ ...site, leaseMs: LEASE_MS }),
      onFault: (fault) => this.#violate(fault.check, fault.text),
    })
    const opened = trial
    this.#closers.push(() => opened.close())
    return { site, trial }
  }

  /** All is healed: what was asked for has to come to its end, and the books have to agree. */
  async #judge(trial: Trial): Promise<void> {
    const { signal, program, chaosMs } = this.#options
    this.#phase = 'draining'
    const stuck = await trial.drain(DRAIN_MS, signal)
    if (signal.aborted) return
    const seconds = DRAIN_MS / 1000
    for (const id of stuck)
      this.#violate('ended', `group ${id} did not end within ${seconds} s after all was well again`)
    this.#phase = 'looking'
    for (const fault of await this.#scan(program)) this.#violate('store', fault)
    const least = (RATE * chaosMs * LEAST_SHARE) / 1000
    const { tasks } = trial.figures
    if (tasks < least)
      this.#violate('run', `only ${tasks} tasks were done, which tells nothing: is the machine very busy?`)
  }

  /** A store that cannot be looked at is as bad as one in which something is found. */
  async #scan(program: readonly string[]): Promise<readonly string[]> {
    try {
      return (await scanStore(program, this.#storage, this.#options.folder)).faults
    } catch (error) {
      return [(error as Error).message]
    }
  }

  get #storage(): string {
    return `sqlite:${join(this.#options.folder, 'crew.db')}`
  }

  #violate(check: SelftestResult['violations'][number]['check'], text: string): void {
    if (this.#violations.length < MAX_VIOLATIONS) this.#violations.push({ check, text })
  }

  #tell(): void {
    const stop = new AbortController()
    const telling = (async () => {
      while (!stop.signal.aborted) {
        this.#options.onProgress({
          phase: this.#phase,
          secondsLeft: Math.max(0, (this.#chaosUntil - performance.now()) / 1000),
          faults: this.#nemeses.flatMap(({ now }) => now ?? []),
          figures: this.#figures,
          violations: this.#violations.length,
        })
        await pass(TELL_MS, undefined, { signal: stop.signal }).catch(() => {})
      }
    })()
    this.#closers.push(() => {
      stop.abort()
      return telling
    })
  }
}

const SERVER_FAULTS = FAULTS.filter(({ isOfServers }) => isOfServers)
const OTHER_FAULTS = FAULTS.filter(({ isOfServers }) => !isOfServers)

/** Windows has no signal that freezes. */
const faultsOfServers = () =>
  SERVER_FAULTS.filter(({ kind }) => process.platform !== 'win32' || kind !== 'freeze a server')
