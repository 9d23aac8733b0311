import type { Clock, Random, Timers } from '../core/clock.ts'
import { AttemptMeter } from './attempt-meter.ts'
import { GroupEnds, type GroupEndsOptions } from './group-ends.ts'
import { RecentEnds } from './recent-ends.ts'
import { createRegistry } from './registry.ts'
import { setStoreGauges } from './store-gauges.ts'
import { type ReadStorage, StoreReader } from './store-reader.ts'
import { TopNames } from './top-names.ts'

export interface CrewMetricsOptions {
  readonly storage: ReadStorage & GroupEndsOptions['storage']
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly version: string
  readonly onGroupEnd?: GroupEndsOptions['onGroupEnd']
}

/** What the rest of the server is asked for at each scrape. */
export interface ServerFacts {
  readonly inFlight: number
  readonly uncommitted: number
  readonly claimLagMs: number
  readonly isReadOnly: boolean
  /** Null of a worker that is not called. */
  slotsOf(worker: string): { readonly inFlight: number; readonly limit: number } | null
}

/** A request that was answered. */
export interface AnsweredRequest {
  /** The pattern of its address. */
  readonly route: string
  readonly method: string
  readonly code: number
  readonly ms: number
}

/** Everything that `/metrics` tells of one Crew. */
export interface CrewMetrics {
  readonly meter: AttemptMeter
  readonly ends: RecentEnds
  answered(request: AnsweredRequest): void
  spansDropped(count: number): void
  /** Whoever knows how many clients listen. */
  setLiveClients(count: () => number): void
  /** The figures in the text format of Prometheus, whatever the storage does. */
  text(facts: ServerFacts): Promise<string>
  stop(): void
}

export function createCrewMetrics(options: CrewMetricsOptions): CrewMetrics {
  const registry = createRegistry()
  const workers = new TopNames()
  const ends = new RecentEnds()
  const groupEnds = new GroupEnds({ onGroupEnd: () => {}, ...options, registry })
  const meter = new AttemptMeter({ registry, workers, ends, groupEnds })
  const reader = new StoreReader(options)
  const requests = registry.histogram('crew_http_request_duration_seconds')
  let liveClients = (): number => 0
  registry.gauge('crew_build_info').set({ version: options.version }, 1)

  function setServerGauges({ inFlight, uncommitted, claimLagMs, isReadOnly, slotsOf }: ServerFacts): void {
    registry.gauge('crew_attempts_in_flight').set(inFlight)
    registry.gauge('crew_results_waiting').set(uncommitted)
    registry.gauge('crew_task_schedule_lag_seconds').set(claimLagMs / 1000)
    registry.gauge('crew_store_read_only').set(isReadOnly ? 1 : 0)
    registry.gauge('crew_live_clients').set(liveClients())
    const [running, limits] = [registry.gauge('crew_worker_inflight'), registry.gauge('crew_worker_concurrency_limit')]
    for (const gauge of [running, limits]) gauge.reset()
    for (const [name, worker] of workers.entries()) {
      const slots = slotsOf(name)
      if (slots === null) continue
      running.set({ worker }, slots.inFlight)
      limits.set({ worker }, slots.limit)
    }
  }

  return {
    meter,
    ends,
    answered: ({ route, method, code, ms }) => requests.observe({ route, method, code }, ms / 1000),
    spansDropped: (count) => registry.counter('crew_spans_dropped_total').inc(count),
    setLiveClients: (count) => {
      liveClients = count
    },
    async text(facts) {
      for (const worker of workers.review(options.clock.now())) meter.forget(worker)
      await setStoreGauges({ ...options, registry, reader, workers })
      setServerGauges(facts)
      return registry.text()
    },
    stop: () => groupEnds.stop(),
  }
}
