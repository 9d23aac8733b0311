import type { WorkHold } from '../core/change-set.ts'
import type { Clock } from '../core/clock.ts'
import type { Gate } from '../core/gate.ts'
import type { CrewMetricName } from './metrics-table.ts'
import type { CrewRegistry } from './registry.ts'
import type { StoreReader, StoreReading } from './store-reader.ts'
import { labelOf, OTHER, type TopNames } from './top-names.ts'

/** Of the workgroups that are held those that are held longest are named. */
const MAX_WORKGROUPS = 50

export interface StoreGaugesOptions {
  readonly registry: CrewRegistry
  readonly reader: StoreReader
  readonly workers: TopNames
  readonly clock: Clock
}

/** Sets the gauges that tell of the storage. Those of a storage that does not answer are left out. */
export async function setStoreGauges({ registry, reader, workers, clock }: StoreGaugesOptions): Promise<void> {
  const names = workers.entries().map(([name]) => name)
  const reading = await reader.read(names)
  for (const name of storeGauges) registry.gauge(name).reset()
  // A gauge without labels that is reset tells 0; one that is removed is left out.
  registry.gauge('crew_store_bytes').remove()
  registry.gauge('crew_store_up').set(reading === null ? 0 : 1)
  if (reading === null) return
  const now = clock.now()
  // What waits is active too, also where nothing of it starts.
  for (const { name, waiting } of reading.workers) if (waiting > 0) workers.use(name)
  const labels = new Map(workers.entries())
  setTasks(registry, reading)
  setWorkers(registry, reading, labels, now)
  setCooloffs(registry, reading.workgroupHolds)
  if (reading.bytes !== null) registry.gauge('crew_store_bytes').set(reading.bytes)
}

const storeGauges = [
  'crew_tasks',
  'crew_blocked_tasks',
  'crew_oldest_queued_age_seconds',
  'crew_worker_circuit_state',
  'crew_workgroup_cooloff_until_timestamp_seconds',
  'crew_store_bytes',
] as const satisfies readonly CrewMetricName[]

function setTasks(registry: CrewRegistry, { tasks, workers, areAll, workerHolds }: StoreReading): void {
  const byStatus = registry.gauge('crew_tasks')
  if (areAll) byStatus.set({ status: 'succeeded' }, sum(workers.map(({ completed }) => completed)))
  if (tasks === null) return
  for (const [status, count] of Object.entries(tasks.states))
    if (status !== 'succeeded') byStatus.set({ status }, count)
  const breakers = new Set(workerHolds.filter(({ kind }) => kind === 'breaker').map(({ name }) => name))
  const held = workers.filter(({ name }) => workerHolds.some((hold) => hold.name === name))
  const waitingOf = (isBreaker: boolean): number =>
    sum(held.filter(({ name }) => breakers.has(name) === isBreaker).map(({ waiting }) => waiting))
  const ofWorkers = { breaker_open: waitingOf(true), worker_held: waitingOf(false) }
  const others = Math.max(0, tasks.states.throttled - ofWorkers.breaker_open - ofWorkers.worker_held)
  const byReason = registry.gauge('crew_blocked_tasks')
  for (const [reason, count] of Object.entries({ ...tasks.reasons, ...ofWorkers, workgroup_held: others }))
    byReason.set({ reason }, count)
}

function setWorkers(registry: CrewRegistry, reading: StoreReading, labels: ReadonlyMap<string, string>, now: number) {
  const ages = new Map<string, number>()
  for (const { name, oldestDueAt } of reading.workers) {
    const label = labels.get(name) ?? OTHER
    const age = oldestDueAt === null ? 0 : Math.max(0, now - oldestDueAt) / 1000
    ages.set(label, Math.max(ages.get(label) ?? 0, age))
  }
  for (const [worker, age] of ages) registry.gauge('crew_oldest_queued_age_seconds').set({ worker }, age)
  for (const [name, gate] of reading.gates) {
    const worker = labels.get(name)
    if (worker !== undefined) registry.gauge('crew_worker_circuit_state').set({ worker }, circuitState(gate, now))
  }
}

/** Closed, half open, open. */
function circuitState({ probeMs, heldUntil }: Gate, now: number): 0 | 1 | 2 {
  if (probeMs === 0) return 0
  return heldUntil > now ? 2 : 1
}

function setCooloffs(registry: CrewRegistry, holds: readonly WorkHold[]): void {
  const gauge = registry.gauge('crew_workgroup_cooloff_until_timestamp_seconds')
  const longestFirst = holds.toSorted((a, b) => b.until - a.until)
  for (const { name, until } of longestFirst.slice(0, MAX_WORKGROUPS))
    gauge.set({ workgroup: labelOf(name) }, until / 1000)
  const next = longestFirst[MAX_WORKGROUPS]
  if (next) gauge.set({ workgroup: OTHER }, next.until / 1000)
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0)
