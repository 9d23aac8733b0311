import type { Delivery, Index } from './history.ts'
import { childName, type PlannedOutput } from './work.ts'

/**
 * The commit window: the server gathers results for a millisecond and syncs them in batches, in the order of the answers. So at a
 * kill the last answers may not be recorded yet, but never one that came clearly before another one that was recorded.
 */
export const ORDER_SLACK_MS = 100
/** A sync takes milliseconds; a disk and cores that others use as well may stall one. */
export const MAX_WINDOW_MS = 2000

/** Why a task was POSTed again although no failure was recorded; and how close it came to what is allowed. */
export interface ExtraPosts {
  unanswered: number
  answeredWithinWindow: number
  /** Claimed, and killed before the request went out: given back without any POST. */
  neverSent: number
  longestWindowMs: number
}

/** Acknowledged means there, complete and done once; without an answer means all of it or nothing. */
export function faultsOfCreations({ history: { creations, tasks } }: Index): string[] {
  return creations.flatMap(({ tasks: planned, outcome, answer, path }) => {
    const missing = planned.filter(({ id }) => !tasks.has(id))
    if (outcome === 'refused') return [`${path} was refused: ${answer.slice(0, 300)}`]
    if (outcome === 'acknowledged') return missing.map(({ id }) => `task ${id} was acknowledged and is lost`)
    const isWhole = missing.length === 0 || missing.length === planned.length
    return isWhole ? [] : [`${path}: ${missing.length} of ${planned.length} tasks are missing: not all or nothing`]
  })
}

export function faultsOfEnds({ history: { tasks } }: Index): string[] {
  return [...tasks.values()]
    .filter(({ state }) => state !== 'succeeded')
    .map(({ id, state, errors }) => `task ${id} is ${state}: ${errors.join('; ')}`)
}

/**
 * Every POST has its record, numbers are never used twice, one success ends it, and a number is followed by another POST only if
 * the record says that it failed (as its answer did) or was lost.
 */
export function faultsOfPosts(index: Index): string[] {
  return [...index.history.tasks.keys()].flatMap((id) => {
    const deliveries = index.deliveriesOf(id)
    const attempts = new Map(index.attemptsOf(id).map((attempt) => [attempt.number, attempt.outcome]))
    const successes = [...attempts.values()].filter((outcome) => outcome === 'succeeded').length
    const faults = successes > 1 ? [`task ${id} succeeded ${successes} times`] : []
    for (const [at, { attempt }] of deliveries.entries()) {
      const outcome = attempts.get(attempt)
      const previous = deliveries[at - 1]?.attempt ?? 0
      if (outcome === undefined) faults.push(`task ${id}: POST ${attempt} has no record`)
      if (attempt <= previous) faults.push(`task ${id}: POST ${attempt} came after ${previous}`)
      if (outcome === 'succeeded' && at < deliveries.length - 1) faults.push(`task ${id}: a POST after its success`)
      if (new Set(deliveries.map(({ deliveryId }) => deliveryId)).size > 1) faults.push(`task ${id}: two delivery ids`)
    }
    return faults
  })
}

/**
 * A POST is extra when the one before it was recorded as lost. That is right only for an attempt in flight at the kill: its
 * answer had not been sent when the signal was, or so shortly before that it was still in the commit window.
 */
export function extraPosts(index: Index): { faults: string[]; extra: ExtraPosts } {
  const extra: ExtraPosts = { unanswered: 0, answeredWithinWindow: 0, neverSent: 0, longestWindowMs: 0 }
  const faults: string[] = []
  for (const id of index.history.tasks.keys()) {
    for (const lost of index.attemptsOf(id).filter(({ outcome }) => outcome === 'lost')) {
      const delivery = index.deliveriesOf(id).find(({ attempt }) => attempt === lost.number)
      if (!delivery) extra.neverSent++
      else faults.push(...faultsOfLost(index, delivery, extra))
    }
  }
  return { faults, extra }
}

function faultsOfLost(index: Index, delivery: Delivery, extra: ExtraPosts): string[] {
  const killedAt = index.lifeOf(delivery)?.killedAt ?? Number.POSITIVE_INFINITY
  const what = `task ${delivery.taskId}, POST ${delivery.attempt}`
  if (killedAt === Number.POSITIVE_INFINITY) return [`${what}: lost although its server was not killed`]
  if (delivery.answeredAt === null || delivery.answeredAt >= killedAt) {
    extra.unanswered++
    return []
  }
  const windowMs = killedAt - delivery.answeredAt
  extra.answeredWithinWindow++
  extra.longestWindowMs = Math.max(extra.longestWindowMs, windowMs)
  const overtakenMs = index.lastRecordedAnswer(killedAt) - delivery.answeredAt
  if (overtakenMs > ORDER_SLACK_MS) return [`${what}: lost, and an answer ${overtakenMs} ms after its own was recorded`]
  return windowMs <= MAX_WINDOW_MS ? [] : [`${what}: answered ${windowMs} ms before the kill, and yet lost`]
}

/** No POST of a child before the POST of each parent whose success was recorded had its answer. */
export function faultsOfOrder(index: Index): string[] {
  return [...index.history.tasks.values()].flatMap(({ id, parentIds }) => {
    const [first] = index.deliveriesOf(id)
    if (!first) return []
    return parentIds
      .map((parentId) => ({ parentId, answeredAt: index.succeededAt(parentId) }))
      .filter(({ answeredAt }) => answeredAt === null || answeredAt > first.firstByteAt)
      .map(({ parentId }) => `task ${id} was POSTed before the success of its parent ${parentId} was recorded`)
  })
}

/** What a task ended with is what the POST was answered that its record calls a success, and not one before or after it. */
export function faultsOfOutputs(index: Index): string[] {
  return [...index.history.tasks.values()].flatMap(({ id, output }) => {
    const success = index.successOf(id)
    if (!success) return []
    const { token } = output as PlannedOutput
    return token === success.token ? [] : [`task ${id} has the output of another POST than ${success.attempt}`]
  })
}

/** No token is used twice, also where a store went back in time. */
export function faultsOfTokens({ history: { deliveries } }: Index): string[] {
  const seen = new Set<string>()
  return deliveries.flatMap(({ taskId, attempt, token }) => {
    if (!seen.has(token)) {
      seen.add(token)
      return []
    }
    return [`task ${taskId}, POST ${attempt}: its token was used before`]
  })
}

/** The children of an answer exist once each, however often the answer was given. */
export function faultsOfChildren({ history: { creations, tasks } }: Index): string[] {
  const names = new Map<string, number>()
  for (const { name } of tasks.values()) names.set(name, (names.get(name) ?? 0) + 1)
  const creators = creations.flatMap((creation) => creation.tasks).filter(({ id }) => tasks.has(id))
  return creators.flatMap(({ id, input: { children = 0 } }) =>
    Array.from({ length: children }, (_, at) => childName(id, at))
      .filter((name) => names.get(name) !== 1)
      .map((name) => `"${name}" exists ${names.get(name) ?? 0} times`),
  )
}

/** At most one live attempt per task and per key: from its first byte to its answer or the end of the server that sent it. */
export function faultsOfOverlap(
  index: Index,
  goneAt = (delivery: Delivery): number => index.lifeOf(delivery)?.goneAt ?? Number.POSITIVE_INFINITY,
): string[] {
  const lastEnds = new Map<string, { endedAt: number; taskId: string }>()
  return index.history.deliveries.flatMap((delivery) => {
    const { taskId, firstByteAt, answeredAt } = delivery
    const task = index.history.tasks.get(taskId)
    if (!task) return [`task ${taskId} was POSTed and does not exist`]
    const name = task.key === '' ? taskId : `${task.taskGroupId} ${task.key}`
    const last = lastEnds.get(name)
    const endedAt = Math.min(answeredAt ?? Number.POSITIVE_INFINITY, goneAt(delivery))
    lastEnds.set(name, { endedAt, taskId })
    return last && last.endedAt > firstByteAt ? [`task ${taskId} was POSTed while ${last.taskId} ran (${name})`] : []
  })
}
