import type { TaskStorage } from '../storage/task-storage.ts'
import type { AttemptObserver } from './controller/attempt-observer.ts'
import { EventLoopLag } from './event-loop-lag.ts'
import type { Logger } from './logger.ts'
import type { AttemptMeter } from './metrics/attempt-meter.ts'
import { type CrewMetrics, createCrewMetrics } from './metrics/crew-metrics.ts'
import { processInput } from './settings/process-input.ts'
import { newTraceparent, systemClock, systemRandom, systemTimers } from './system-clock.ts'
import type { AttemptTracer } from './tracing/attempt-tracer.ts'
import { createTracing } from './tracing/create-tracing.ts'
import { VERSION } from './version.ts'

/** What counts, what traces, and what measures the process. States: `idle` → start → `running` → stop → `stopped`. */
export interface Watching {
  readonly metrics: CrewMetrics
  readonly observer: AttemptObserver
  readonly loopLag: EventLoopLag
  start(): void
  /** Resolves when the spans that are left were sent, or given up. */
  stop(): Promise<void>
}

export interface WatchingOptions {
  readonly storage: TaskStorage
  readonly logger: Logger
  readonly bootId: string
}

/** The variables of OpenTelemetry are read by their own names: they are no settings of Crew. */
export function createWatching({ storage, logger, bootId }: WatchingOptions): Watching {
  const clock = storage.clock ?? systemClock
  const world = { storage, clock, timers: systemTimers, random: systemRandom, version: VERSION }
  const metrics = createCrewMetrics({ ...world, onGroupEnd: (...ended) => tracing?.tracer.groupEnded(...ended) })
  const { env } = processInput(new Map())
  const onDrop = (count: number): void => metrics.spansDropped(count)
  const tracing = createTracing({ ...world, env, logger, ends: metrics.ends, instance: bootId, onDrop })
  const loopLag = new EventLoopLag(world)
  return {
    metrics,
    observer: observerOf(metrics.meter, tracing?.tracer ?? null),
    loopLag,
    start: () => loopLag.start(),
    async stop() {
      metrics.stop()
      loopLag.stop()
      await tracing?.stop()
    },
  }
}

/** Everybody who watches attempts. Without traces each worker gets the start of a trace of its own. */
export function observerOf(meter: AttemptMeter, tracer: AttemptTracer | null): AttemptObserver {
  return {
    traceparentOf: tracer ? (task) => tracer.traceparentOf(task) : newTraceparent,
    began: (claimed, now) => meter.began(claimed, now),
    ended(task, end) {
      tracer?.ended(task, end)
      meter.ended(task, end)
    },
    concluded: (task, changeSet) => meter.concluded(task, changeSet),
    committed: (ms) => meter.committed(ms),
  }
}
