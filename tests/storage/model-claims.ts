import type { Task } from '../../server/core/task.ts'
import type { ClaimRequest, ClaimResult, GateRef } from '../../storage/task-storage.ts'
import { isAtGates, isClaimable, leaseInModel, type Model, startableAt } from './model.ts'
import { enterInModel, gateInModel, gatesOf, isKnown, roomInModel } from './model-gates.ts'

/** The order of claims within a group: higher priority, then earlier runAfter, then earlier created. */
export const byClaimOrder = (a: Task, b: Task): number =>
  b.priority - a.priority || a.runAfter - b.runAfter || a.createdAt - b.createdAt

/**
 * Leases in the model what an engine claimed and answers, as sentences, what was wrong with the claim. The port leaves
 * engines free in the order of workers, in who wins a merge key and in who of several workgroups passes a gate that has less room than
 * they want; every answer that keeps its sentence is legal.
 */
export function applyClaim(
  model: Model,
  request: ClaimRequest,
  result: ClaimResult,
  { hasTurns }: { hasTurns: boolean },
): string[] {
  const before = new Map(model.books.tasks)
  const atGates = [...before.values()].filter((task) => isAtGates(model, task))
  const rooms = roomsBefore(model, atGates)
  const probes = new Set(result.tasks.map(({ task }) => task.worker).filter((name) => isProbing(model, name)))
  const slotsOf = slotsBefore(model, request)
  const faults: string[] = []
  for (const { task, token } of result.tasks) {
    const known = model.books.tasks.get(task.id)
    if (!known || !isAtGates(model, known)) faults.push(`${task.id} was claimed and is not claimable`)
    else leaseInModel(model, task.id, { token, until: request.until })
  }
  const claimed = result.tasks.map(({ task }) => before.get(task.id)).filter((task) => task !== undefined)
  enterInModel(model, claimed)
  // What could still be claimed but for gates, its merge keys counted.
  const left = atGates.filter((task) => {
    const now = model.books.tasks.get(task.id)
    return now !== undefined && isAtGates(model, now)
  })
  // Gates had room for it before the claim: had its turn not come, it was passed over.
  const passed = left.filter((task) => gatesOf(task).every((ref) => rooms(ref) > 0))
  // Something may wait at a gate still that is open by now.
  const isGated = ({ workgroup }: Task) => workgroup !== '' && isKnown(model, { scope: 'workgroup', name: workgroup })
  return [
    ...faults,
    ...roomFaults(rooms, claimed),
    ...probeFaults(result, probes),
    ...amountFaults(
      request,
      slotsOf,
      claimed,
      left.filter((task) => isClaimable(model, task)),
    ),
    ...orderFaults(claimed, passed, isGated),
    // Those who wait at the gate of a workgroup have their turns there.
    ...(hasTurns
      ? turnFaults(
          claimed,
          passed.filter((task) => !isGated(task)),
        )
      : []),
    ...dueFaults(model, request, slotsOf, result),
  ]
}

const never = Number.POSITIVE_INFINITY

/** How many a gate let through when the claim began. */
type Rooms = (ref: GateRef) => number

function roomsBefore(model: Model, tasks: readonly Task[]): Rooms {
  const rooms = new Map<string, number>()
  for (const ref of tasks.flatMap(gatesOf)) rooms.set(`${ref.scope} ${ref.name}`, roomInModel(model, ref).free)
  return ({ scope, name }) => rooms.get(`${scope} ${name}`) ?? never
}

const isProbing = (model: Model, name: string): boolean => gateInModel(model, { scope: 'worker', name }).probeMs > 0

function roomFaults(rooms: Rooms, claimed: readonly Task[]): string[] {
  const counts = new Map<string, { ref: GateRef; count: number }>()
  for (const ref of claimed.flatMap(gatesOf)) {
    const key = `${ref.scope} ${ref.name}`
    counts.set(key, { ref, count: (counts.get(key)?.count ?? 0) + 1 })
  }
  return [...counts]
    .filter(([, { ref, count }]) => count > rooms(ref))
    .map(([key, { ref, count }]) => `${count} started at the gate of ${key}, which had room for ${rooms(ref)}`)
}

function probeFaults({ tasks }: ClaimResult, probes: ReadonlySet<string>): string[] {
  return tasks
    .filter(({ task, isProbe }) => isProbe !== probes.has(task.worker))
    .map(({ task, isProbe }) => `${task.id} is ${isProbe ? 'a' : 'no'} probe`)
}

/** What a worker may be given: the server's free slots, and what the leases before the claim leave. */
type Slots = (worker: string) => number

export function slotsBefore(model: Model, request: ClaimRequest): Slots {
  const leases = countBy(
    [...model.books.tasks.values()].filter(({ lease }) => lease !== null),
    ({ worker }) => worker,
  )
  return (worker) =>
    Math.min(
      request.slots.get(worker) ?? request.slotsPerWorker,
      request.maxLeasesPerWorker - (leases.get(worker) ?? 0),
    )
}

function amountFaults(
  request: ClaimRequest,
  slotsOf: Slots,
  claimed: readonly Task[],
  left: readonly Task[],
): string[] {
  const perWorker = countBy(claimed, (task) => task.worker)
  const tooMany = [...perWorker]
    .filter(([worker, count]) => count > slotsOf(worker))
    .map(([worker, count]) => `${worker} got ${count} tasks and has ${slotsOf(worker)} slots`)
  if (claimed.length > request.limit)
    tooMany.push(`${claimed.length} tasks were claimed, the limit is ${request.limit}`)
  if (claimed.length >= request.limit) return tooMany
  const missed = left.filter((task) => (perWorker.get(task.worker) ?? 0) < slotsOf(task.worker))
  return [...tooMany, ...missed.map((task) => `${task.id} was not claimed though a slot was free`)]
}

/** In each group of a worker the claimed tasks come in order, and before all that are left; a gate orders its own workgroup only. */
function orderFaults(claimed: readonly Task[], left: readonly Task[], isGated: (task: Task) => boolean): string[] {
  const faults: string[] = []
  const isSameQueue = (a: Task, b: Task) =>
    a.worker === b.worker && a.groupId === b.groupId && (a.workgroup === b.workgroup || !(isGated(a) || isGated(b)))
  for (const [index, task] of claimed.entries()) {
    const ahead = [...claimed.slice(index + 1), ...left].filter(
      (other) => isSameQueue(other, task) && byClaimOrder(other, task) < 0,
    )
    faults.push(...ahead.map((other) => `${task.id} was claimed before ${other.id}, which is ahead of it`))
  }
  return faults
}

/** A group that still has something for the worker had as many turns as any other, but for the turn that was to come. */
function turnFaults(claimed: readonly Task[], left: readonly Task[]): string[] {
  const faults: string[] = []
  for (const worker of new Set(left.map((task) => task.worker))) {
    const turns = countBy(
      claimed.filter((task) => task.worker === worker),
      (task) => task.groupId,
    )
    const most = Math.max(0, ...turns.values())
    for (const groupId of new Set(left.filter((task) => task.worker === worker).map((task) => task.groupId))) {
      const own = turns.get(groupId) ?? 0
      if (own < most - 1) faults.push(`${groupId} had ${own} turns at ${worker} while another group had ${most}`)
    }
  }
  return faults
}

/**
 * The hint may be early, as not every task that falls due can start; it must not be late, past, or about nothing. For
 * workers whose slots are used up it need not say anything: they are asked for again when a slot is free.
 */
function dueFaults(model: Model, request: ClaimRequest, slotsOf: Slots, { tasks, nextDueAt }: ClaimResult): string[] {
  const now = model.clock.now()
  if (nextDueAt !== null && nextDueAt <= now) return [`nextDueAt is ${now - nextDueAt} ms in the past`]
  const claimed = tasks.map(({ task }) => task)
  const perWorker = countBy(claimed, (task) => task.worker)
  const dueAt = Math.min(
    ...[...model.books.tasks.values()]
      .filter((task) => slotsOf(task.worker) > (perWorker.get(task.worker) ?? 0))
      .map((task) => startableAt(model, task) ?? 0)
      .filter((startAt) => startAt > now),
  )
  if (claimed.length >= request.limit || dueAt === Number.POSITIVE_INFINITY) return []
  if (nextDueAt === null) return [`nextDueAt is null though a task falls due in ${dueAt - now} ms`]
  return nextDueAt > dueAt ? [`nextDueAt is ${nextDueAt - dueAt} ms after a task falls due`] : []
}

function countBy(tasks: readonly Task[], keyOf: (task: Task) => string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const task of tasks) counts.set(keyOf(task), (counts.get(keyOf(task)) ?? 0) + 1)
  return counts
}
