import type { GateRef } from '../../storage/task-storage.ts'
import type { Change, ChangeSet } from '../core/change-set.ts'
import { type Gate, type GateLimits, NO_LIMITS, openGate } from '../core/gate.ts'
import { areNoLimits, type LimitsEdit } from '../core/gate-limits.ts'
import { type GateView, viewGate } from '../core/gate-view.ts'
import type { ServiceContext } from './service-context.ts'

/** What bounds all tasks together, over all servers. */
export interface TrafficView extends GateView {
  readonly limits: GateLimits
  readonly inFlight: number
}

const ALL: GateRef = { scope: 'all', name: '' }

export async function getTraffic(context: ServiceContext): Promise<TrafficView> {
  const gate = await getGate(context, ALL)
  return { ...viewGate(gate, context.clock.now()), limits: gate.limits, inFlight: gate.leases }
}

/** What is given is set; the rest stays. */
export async function editTraffic(context: ServiceContext, edit: LimitsEdit): Promise<TrafficView> {
  await commitTraffic(context, { changes: [await limitChange(context, ALL, edit)], events: [] })
  return getTraffic(context)
}

/** Sets the own limits of a gate. Of two edits at the same time the later one wins, as a whole. */
export async function limitChange(context: ServiceContext, ref: GateRef, edit: LimitsEdit): Promise<Change> {
  const gate = await getGate(context, ref)
  // Those of a rule are not its own.
  const own = gate.limitsFrom === ref.name ? gate.limits : NO_LIMITS
  const limits = { ...own, ...edit }
  return { kind: 'limitWork', ...ref, limits: areNoLimits(limits) ? null : limits }
}

/** Changes of gates commute, so nothing guards them. */
export async function commitTraffic(context: ServiceContext, changeSet: Omit<ChangeSet, 'guards'>): Promise<void> {
  const committed = context.storage.commit([{ guards: [], ...changeSet }])
  context.wake?.()
  await committed
}

/** As it is now; one that nobody limited, held or paced is an open one. */
export async function getGate({ storage }: ServiceContext, ref: GateRef): Promise<Gate> {
  const [gate] = await storage.getGates([ref])
  return gate ?? openGate(ref.scope, ref.name)
}
