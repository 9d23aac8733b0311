import { onTestFinished } from 'vitest'
import { type CrewMetrics, createCrewMetrics, type ServerFacts } from '../../server/metrics/crew-metrics.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { type ControllerWorld, openControllerWorld } from '../support/controller-world.ts'

/** A controller whose attempts are counted. */
export interface MetricsWorld extends ControllerWorld {
  readonly metrics: CrewMetrics
  /** What a scrape tells: samples by name and labels, as they are written. */
  scrape(): Promise<Map<string, number>>
  text(): Promise<string>
}

export async function openMetricsWorld(
  options: { readonly wrap?: (storage: TaskStorage) => TaskStorage } = {},
): Promise<MetricsWorld> {
  let metrics: CrewMetrics | null = null
  const known = (): CrewMetrics => metrics as CrewMetrics
  const world = await openControllerWorld({
    isStarted: false,
    observer: {
      traceparentOf: () => '00-0-0-01',
      began: (claimed, now) => known().meter.began(claimed, now),
      ended: (task, end) => known().meter.ended(task, end),
      concluded: (task, changeSet) => known().meter.concluded(task, changeSet),
      committed: (ms) => known().meter.committed(ms),
    },
  })
  const { clock, timers, controller } = world
  const storage = options.wrap?.(world.storage) ?? world.storage
  metrics = createCrewMetrics({ storage, clock, timers, random: Math.random, version: '1.2.3' })
  onTestFinished(() => known().stop())
  await controller.start()
  const facts: ServerFacts = {
    get inFlight() {
      return controller.inFlight
    },
    get uncommitted() {
      return controller.uncommitted
    },
    get claimLagMs() {
      return controller.claimLagMs
    },
    get isReadOnly() {
      return controller.isReadOnly
    },
    slotsOf: (worker) => controller.slotsOf(worker),
  }
  const text = (): Promise<string> => known().text(facts)
  return { ...world, metrics, text, scrape: async () => samplesOf(await text()) }
}

export function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]))
}
