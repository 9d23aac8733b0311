import type { PageQuery, TrafficRow } from '../../storage/task-storage.ts'
import type { Change, CrewEvent, PastHold, WorkHold } from '../core/change-set.ts'
import { CrewError } from '../core/errors.ts'
import { type GateLimits, openGate, type Pace } from '../core/gate.ts'
import type { LimitsEdit } from '../core/gate-limits.ts'
import { type GateView, viewGate } from '../core/gate-view.ts'
import { isWellFormed, MAX_LABEL_LENGTH } from '../core/task-input.ts'
import type { ServiceContext } from './service-context.ts'
import { commitTraffic, limitChange } from './traffic.ts'

/** A workgroup with what waits, what bounds it, and how it opens. */
export interface WorkgroupView extends TrafficRow, GateView {
  readonly limits: GateLimits
  readonly hold: WorkHold | null
}

export async function listWorkgroups(
  context: ServiceContext,
  page: PageQuery,
): Promise<{ workgroups: WorkgroupView[]; count: number }> {
  const { workgroups, count } = await context.storage.listWorkgroups(page)
  return { workgroups: await viewWorkgroups(context, workgroups), count }
}

export async function getWorkgroup(context: ServiceContext, name: string): Promise<WorkgroupView> {
  const row = await findRow(context, name)
  if (!row) throw notFound(`No task, hold or limit names a workgroup "${name}".`)
  return viewWorkgroup(context, row)
}

/** Its newest holds, newest first; also of a workgroup that nobody names any more. */
export async function listWorkgroupHolds(context: ServiceContext, name: string): Promise<PastHold[]> {
  const holds = await context.storage.listPastHolds('workgroup', name)
  if (holds.length === 0) await getWorkgroup(context, name)
  return holds
}

/** Sets the limits that are given; the others stay. */
export async function editWorkgroup(context: ServiceContext, name: string, edit: LimitsEdit): Promise<WorkgroupView> {
  refuseName(name)
  await write(context, name, 'workgroup.updated', [await limitChange(context, { scope: 'workgroup', name }, edit)])
  return readBack(context, name)
}

/** One write however many tasks wait; it covers those created later, and only ever raises (WIRE 4.3). */
export async function holdWorkgroup(
  context: ServiceContext,
  name: string,
  { until, reason }: { until: number; reason: string },
): Promise<WorkgroupView> {
  refuseName(name)
  const asked = { kind: 'manual', since: context.clock.now(), taskId: '', source: '', probeMs: 0 } as const
  const hold: WorkHold = { scope: 'workgroup', name, until, reason, ...asked }
  await write(context, name, 'workgroup.held', [{ kind: 'holdWork', hold }])
  return readBack(context, name)
}

/**
 * Ends a hold now. With `spreadSeconds` what waits now starts evenly over that time; 0 also ends a pace that is in force. A workgroup
 * that nobody names any more is answered as free.
 */
export async function resumeWorkgroup(
  context: ServiceContext,
  name: string,
  { spreadSeconds }: { spreadSeconds?: number | undefined } = {},
): Promise<WorkgroupView> {
  refuseName(name)
  const ref = { scope: 'workgroup', name } as const
  const changes: Change[] = [{ kind: 'releaseWork', ...ref }]
  if (spreadSeconds !== undefined) {
    const waiting = (await findRow(context, name))?.waiting ?? 0
    const pace = spreadPace(waiting, { now: context.clock.now(), spreadMs: spreadSeconds * 1000 })
    changes.push({ kind: 'paceWork', ...ref, pace })
  }
  await write(context, name, 'workgroup.resumed', changes)
  return readBack(context, name)
}

/** What waits now, evenly over that time; then at will. Without tasks or time there is nothing to spread, and no pace. */
function spreadPace(waiting: number, { now, spreadMs }: { now: number; spreadMs: number }): Pace {
  const isSpread = waiting > 0 && spreadMs > 0
  const until = isSpread ? now + Math.ceil(spreadMs) : now
  return { intervalMs: isSpread ? spreadMs / waiting : 0, until, laterIntervalMs: 0, expiresAt: until }
}

async function write(
  context: ServiceContext,
  workgroup: string,
  type: Extract<CrewEvent, { workgroup: string }>['type'],
  changes: readonly Change[],
): Promise<void> {
  await commitTraffic(context, { changes, events: [{ type, workgroup }] })
}

/** After a change that may have left nothing to name it. */
async function readBack(context: ServiceContext, name: string): Promise<WorkgroupView> {
  const free: TrafficRow = {
    name,
    heldUntil: 0,
    reason: '',
    waiting: 0,
    oldestDueAt: null,
    running: 0,
    total: 0,
    completed: 0,
  }
  return viewWorkgroup(context, (await findRow(context, name)) ?? free)
}

async function findRow({ storage }: ServiceContext, name: string): Promise<TrafficRow | undefined> {
  const { workgroups } = await storage.listWorkgroups({ page: 1, pageSize: 1, name })
  return workgroups[0]
}

async function viewWorkgroup(context: ServiceContext, row: TrafficRow): Promise<WorkgroupView> {
  const [view] = await viewWorkgroups(context, [row])
  return view as WorkgroupView
}

async function viewWorkgroups(
  { storage, clock }: ServiceContext,
  rows: readonly TrafficRow[],
): Promise<WorkgroupView[]> {
  const names = rows.map(({ name }) => name)
  const [gates, holds] = await Promise.all([
    storage.getGates(names.map((name) => ({ scope: 'workgroup', name }))),
    storage.listHolds('workgroup', names),
  ])
  const holdsByName = new Map(holds.map((hold) => [hold.name, hold]))
  const now = clock.now()
  return rows.map((row, at) => {
    const gate = gates[at] ?? openGate('workgroup', row.name)
    const hold = holdsByName.get(row.name) ?? null
    return { ...row, ...viewGate(gate, now), limits: gate.limits, hold }
  })
}

/** What no task can name would only lie about. */
function refuseName(name: string): void {
  if (name !== '' && name.length <= MAX_LABEL_LENGTH && isWellFormed(name)) return
  throw notFound(`A workgroup's name has 1 to ${MAX_LABEL_LENGTH} characters.`)
}

const notFound = (message: string): CrewError => new CrewError('workgroup_not_found', message)
