import type { HoldScope } from '../../server/core/change-set.ts'
import { type Gate, type GateScope, windowOf } from '../../server/core/gate.ts'
import type { ClaimedTask, ClaimRequest } from '../../storage/task-storage.ts'
import { success } from '../support/changes.ts'
import { LEASE_MS, type StorageWorld } from './storage-world.ts'

/** That many starts evenly over a second. */
export const perSecond = (count: number, burst = 1) => ({ rate: { count, perMs: 1_000, burst } })

export async function loadGate(world: StorageWorld, scope: GateScope, name: string): Promise<Gate> {
  const [gate, ...more] = await world.storage.getGates([{ scope, name }])
  if (!gate || more.length > 0) throw new Error(`one gate was asked for, not ${more.length + (gate ? 1 : 0)}`)
  return gate
}

/** What a gate says now: an engine may drop what is over, and clocks that no start needs any more, or keep them. */
export function settledGate(gate: Gate, now: number): Gate {
  const { rate, rampStepMs } = gate.limits
  const rest = rate === null ? Number.POSITIVE_INFINITY : (rate.perMs / rate.count) * rate.burst
  const ramp = windowOf(gate, now) === null ? null : gate.ramp
  const pace = gate.pace !== null && gate.pace.expiresAt > now ? gate.pace : null
  const isSpaced = ramp !== null || pace !== null || gate.probeMs > 0
  const isRested = !isSpaced && gate.spaceClock <= now - rampStepMs
  return {
    ...gate,
    ramp,
    pace,
    rateClock: gate.rateClock <= now - rest || rate === null ? 0 : gate.rateClock,
    spaceClock: isRested ? 0 : gate.spaceClock,
  }
}

/** Adds that many tasks in one commit; answers their ids. */
export async function addTasks(
  world: StorageWorld,
  group: { readonly id: string },
  count: number,
  fields: Parameters<StorageWorld['task']>[0] = {},
): Promise<string[]> {
  const tasks = Array.from({ length: count }, () => world.task({ groupId: group.id, ...fields }))
  await world.commit(...tasks.map((task) => ({ kind: 'insertTask' as const, task })))
  return tasks.map(({ id }) => id)
}

/** How many tasks start now. */
export const starts = async (world: StorageWorld, request: Partial<ClaimRequest> = {}): Promise<number> =>
  (await world.claim(request)).length

/**
 * Claims again and again for so long, and completes at once what was claimed: the times of the starts, counted from the first
 * claim. Nothing is claimed at the end of it.
 */
export async function startTimes(world: StorageWorld, ms: number, everyMs = 10): Promise<number[]> {
  const from = world.clock.now()
  const times: number[] = []
  while (world.clock.now() < from + ms) {
    const claimed = await world.claim()
    times.push(...claimed.map(() => world.clock.now() - from))
    await finish(world, claimed)
    world.clock.advance(everyMs)
  }
  return times
}

export async function finish(world: StorageWorld, claimed: readonly ClaimedTask[]): Promise<void> {
  if (claimed.length > 0) await world.storage.commit(claimed.map((one) => success(one)))
}

/** How many of the times are in each span of that length. */
export const perSpan = (times: readonly number[], spans: number, ms = 1_000): number[] =>
  Array.from({ length: spans }, (_, n) => times.filter((time) => time >= n * ms && time < (n + 1) * ms).length)

/** Claims what there is, and answers when to claim again. */
export async function dueAfterClaim(world: StorageWorld): Promise<number | null> {
  const request = { limit: 100, slots: new Map(), slotsPerWorker: 100, maxLeasesPerWorker: 1_000 }
  return (await world.storage.claim({ ...request, until: world.clock.now() + LEASE_MS })).nextDueAt
}

/** Fields of a task that stands at the gate, and the gate's name. */
export const gated = {
  all: { name: '', fields: {} },
  worker: { name: 'gated', fields: { worker: 'gated' } },
  workgroup: { name: 'gated', fields: { workgroup: 'gated' } },
} as const satisfies Record<GateScope, { name: string; fields: object }>

export const gateScopes = ['all', 'worker', 'workgroup'] as const satisfies readonly GateScope[]
export const holdScopes = ['worker', 'workgroup'] as const satisfies readonly HoldScope[]
