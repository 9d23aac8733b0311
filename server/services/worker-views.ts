import { MAX_PAGE_SIZE, type PageQuery, type TrafficRow } from '../../storage/task-storage.ts'
import type { WorkHold } from '../core/change-set.ts'
import { CrewError } from '../core/errors.ts'
import { type Figures, figuresOf, noTally, type Tally } from '../core/figures.ts'
import { type Gate, type GateLimits, openGate, roomOf } from '../core/gate.ts'
import { type GateView, viewGate } from '../core/gate-view.ts'
import { isWorkerName } from '../core/ids.ts'
import { didYouMean } from '../core/nearest-word.ts'
import { FOREVER } from '../core/time.ts'
import { historyOf, type WorkerMinute } from '../core/worker-history.ts'
import { isRule, type WorkerSettings } from '../core/worker-settings.ts'
import type { WorkerContext } from './worker-context.ts'

/** Closed: all is well. Open: nothing starts. Half open: a probe now and then finds out whether it can close. */
export type BreakerState = 'closed' | 'open' | 'halfOpen'

/** A worker or a rule: its settings, what bounds it, and what it does. */
export interface WorkerView extends GateView {
  readonly name: string
  /** Whose settings these are: its own, those of a rule, or nobody's. */
  readonly settingsFrom: string | null
  readonly settings: WorkerSettings
  readonly limits: GateLimits
  readonly address: string | null
  readonly hold: WorkHold | null
  readonly inFlight: number
  readonly waiting: number
  readonly total: number
  readonly completed: number
  readonly breakerState: BreakerState
  /** Null: no probe is due. */
  readonly nextProbeAt: number | null
  readonly figures: Figures
}

/** Those that have settings and those that tasks, holds or limits name, by name. */
export async function listWorkers(
  context: WorkerContext,
  { page, pageSize, search }: PageQuery & { readonly search: string },
): Promise<{ workers: WorkerView[]; count: number }> {
  const { workers: rows } = await context.storage.listWorkers({ page: 1, pageSize: MAX_PAGE_SIZE })
  const rowsByName = new Map(rows.map((row) => [row.name, row]))
  const wanted = search.toLowerCase()
  const names = [...new Set([...context.directory.all.keys(), ...rowsByName.keys()])]
    .filter((name) => name.toLowerCase().includes(wanted))
    .sort()
  const size = pageSize === 0 ? MAX_PAGE_SIZE : pageSize
  const shown = names.slice((page - 1) * size, page * size)
  return { workers: await viewWorkers(context, shown, rowsByName), count: names.length }
}

/** Those of these names, in their order. */
export async function findWorkers(context: WorkerContext, names: readonly string[]): Promise<WorkerView[]> {
  const { workers } = await context.storage.listWorkers({ page: 1, pageSize: MAX_PAGE_SIZE })
  return viewWorkers(context, names, new Map(workers.map((row) => [row.name, row])))
}

/** What Crew v1 calls a channel: a worker that tasks name, and how many tasks it has, has done and has in flight. */
export type ChannelCounts = Pick<TrafficRow, 'name' | 'total' | 'completed' | 'running'>

/** By name. */
export async function listChannels({ storage }: Pick<WorkerContext, 'storage'>): Promise<ChannelCounts[]> {
  const { workers } = await storage.listWorkers({ page: 1, pageSize: MAX_PAGE_SIZE })
  return workers.filter(({ total }) => total > 0)
}

export async function getWorker(context: WorkerContext, name: string): Promise<WorkerView> {
  const row = await findRow(context, name)
  if (row === undefined && !context.directory.all.has(name)) throw await notFound(context, name)
  return viewWorker(context, name, row)
}

/** What it did on this server in each of the last minutes, oldest first. */
export async function getWorkerHistory(
  context: WorkerContext,
  name: string,
  minutes: number,
): Promise<readonly WorkerMinute[]> {
  const { directory, clock } = context
  refuseName(name)
  const known = directory.historyOf(name, minutes)
  if (known) return known
  await getWorker(context, name)
  return historyOf([], { now: clock.now(), minutes })
}

/** Also of one that nothing names any more. */
export async function readBack(context: WorkerContext, name: string): Promise<WorkerView> {
  return viewWorker(context, name, await findRow(context, name))
}

/** A pause by hand that has no end of its own. */
export const isPause = (hold: WorkHold | null | undefined): boolean => hold?.kind === 'manual' && hold.until >= FOREVER

/** What is done to one worker: no task names a rule, or what is no name. */
export function refuseName(name: string): void {
  const isRuleName = isRule(name)
  if (isWorkerName(name)) return
  const detail = isRuleName ? 'expected a worker: this is a rule' : 'expected the name of a worker'
  throw new CrewError('invalid_request', `/name: ${detail}.`, [{ pointer: '/name', detail }])
}

/** Names that are compared with a misspelt one: it is for people, who have not that many, and takes a millisecond a hundred. */
const MAX_COMPARED = 500
const MAX_COMPARED_LENGTH = 80

export async function notFound({ storage, directory }: WorkerContext, name: string): Promise<CrewError> {
  const { workers } = await storage.listWorkers({ page: 1, pageSize: MAX_COMPARED })
  const near = [...new Set([...directory.all.keys(), ...workers.map((row) => row.name)])]
    .filter((other) => other.length <= MAX_COMPARED_LENGTH)
    .slice(0, MAX_COMPARED)
  const hint = name.length <= MAX_COMPARED_LENGTH ? didYouMean(name, near) : ''
  return new CrewError('worker_not_found', `No settings, task or hold name a worker "${name.slice(0, 256)}"${hint}.`)
}

async function findRow({ storage }: WorkerContext, name: string): Promise<TrafficRow | undefined> {
  if (isRule(name)) return undefined
  const { workers } = await storage.listWorkers({ page: 1, pageSize: 1, name })
  return workers[0]
}

async function viewWorker(context: WorkerContext, name: string, row: TrafficRow | undefined): Promise<WorkerView> {
  const [view] = await viewWorkers(context, [name], new Map(row ? [[name, row]] : []))
  return view as WorkerView
}

async function viewWorkers(
  context: WorkerContext,
  names: readonly string[],
  rows: ReadonlyMap<string, TrafficRow>,
): Promise<WorkerView[]> {
  const { storage, directory } = context
  const [gates, holds, tallies] = await Promise.all([
    storage.getGates(names.map((name) => ({ scope: 'worker', name }))),
    storage.listHolds('worker', names),
    directory.talliesOf(names),
  ])
  const holdsByName = new Map(holds.map((hold) => [hold.name, hold]))
  return names.map((name, at) =>
    viewOf(context, {
      name,
      gate: gates[at] ?? openGate('worker', name),
      hold: holdsByName.get(name) ?? null,
      tally: tallies[at] ?? noTally,
      row: rows.get(name),
    }),
  )
}

interface Parts {
  readonly name: string
  readonly gate: Gate
  readonly hold: WorkHold | null
  readonly tally: Tally
  /** Undefined: no task, hold or limit names it. */
  readonly row: TrafficRow | undefined
}

function viewOf({ directory, clock }: WorkerContext, { name, gate, hold, tally, row }: Parts): WorkerView {
  const now = clock.now()
  const settings = directory.settingsOf(name)
  // Without a record its name is that of the worker: whether somebody set limits alone, the gate knows.
  const settingsFrom = directory.all.has(settings.name) ? settings.name : gate.limitsFrom
  return {
    ...viewGate(gate, now),
    name,
    settings,
    settingsFrom,
    limits: gate.limits,
    address: isRule(name) ? null : directory.addressOf(name),
    hold,
    inFlight: gate.leases,
    waiting: row?.waiting ?? 0,
    total: row?.total ?? 0,
    completed: row?.completed ?? 0,
    breakerState: breakerStateOf(gate, now),
    nextProbeAt: nextProbeAt(gate, now),
    figures: figuresOf(tally),
  }
}

function breakerStateOf({ probeMs, heldUntil }: Gate, now: number): BreakerState {
  if (probeMs === 0) return 'closed'
  return heldUntil > now ? 'open' : 'halfOpen'
}

/** While it is half open that is when the next attempt may start: now, if one may. */
function nextProbeAt(gate: Gate, now: number): number | null {
  if (gate.probeMs === 0) return null
  const { free, nextAt } = roomOf(gate, now)
  return free > 0 ? now : nextAt
}
