import type { AttemptJson } from './api-client.ts'
import { MAX_WINDOW_MS } from './checks.ts'
import type { Delivery, Index } from './history.ts'

/** A server that was killed, frozen or cut off, of which what it had in flight may be lost; or Redis, whose answers may be. */
export interface Trouble {
  /** The server's name, or `redis`. */
  readonly instance: string
  readonly at: number
  /** When it was over: the same moment for a kill. Not known, when left out. */
  until?: number
}

/** A POST that a server handed to the network before its trouble may be read a little after it. */
export const ARRIVAL_MS = 1000

/** After it went on: what a frozen server was about to send. */
const LATE_MS = 2000

/** Between the last look at the lease and the network are a few instructions, and a server may be frozen at any of them. */
export function latePosts(index: Index, troubles: readonly Trouble[]): ReadonlySet<Delivery> {
  const isLate = ({ taskId, attempt, instance, firstByteAt }: Delivery): boolean =>
    troubles.some((trouble) => trouble.instance === instance && isAfter(trouble, firstByteAt)) &&
    index.attemptsOf(taskId).some(({ number, outcome }) => number === attempt && outcome === 'lost')
  return new Set(index.history.deliveries.filter(isLate))
}

const isAfter = ({ at, until }: Trouble, firstByteAt: number): boolean =>
  at + ARRIVAL_MS < firstByteAt && (until === undefined || firstByteAt < until + LATE_MS)

/** An attempt that was given back. */
export interface LostAttempt {
  readonly taskId: string
  readonly attempt: AttemptJson
  /** None when the claim was all there was of it: its server died, or the answer to the claim was lost. */
  readonly delivery: Delivery | undefined
}

export function lostAttempts(index: Index): LostAttempt[] {
  return [...index.history.tasks.keys()].flatMap((taskId) =>
    index
      .attemptsOf(taskId)
      .filter(({ outcome }) => outcome === 'lost')
      .map((attempt) => ({
        taskId,
        attempt,
        delivery: index.deliveriesOf(taskId).find((delivery) => delivery.attempt === attempt.number),
      })),
  )
}

/** Lost is only what was in flight when its server died or froze: without an answer, or with one that had just come. */
export function faultsOfLost({ taskId, attempt, delivery }: LostAttempt, troubles: readonly Trouble[]): string[] {
  const what = `task ${taskId}, attempt ${attempt.number}`
  if (delivery === undefined)
    return troubles.length > 0 ? [] : [`${what}: lost although nothing happened to any server`]
  const arrivedAt = delivery.firstByteAt - ARRIVAL_MS
  const trouble = troubles.find(({ instance, at, until = at }) => instance === delivery.instance && until > arrivedAt)
  if (!trouble) {
    const tookMs = Date.parse(attempt.endedAt) - Date.parse(attempt.startedAt)
    const answeredMs = (delivery.answeredAt ?? Number.NaN) - delivery.firstByteAt
    const times = `POSTed for ${answeredMs} ms, and taken for lost ${tookMs} ms after its claim`
    return [`${what}: lost although nothing happened to ${delivery.instance} (${times})`]
  }
  const windowMs = trouble.at - (delivery.answeredAt ?? Number.POSITIVE_INFINITY)
  return windowMs > MAX_WINDOW_MS ? [`${what}: answered ${windowMs} ms before its server's trouble, and yet lost`] : []
}

/** The worker fails tasks that were told to fail first; nothing else is a failure of a task. */
export function faultsOfFailures(index: Index): string[] {
  return [...index.history.tasks.keys()].flatMap((taskId) =>
    index
      .attemptsOf(taskId)
      .filter(({ outcome, statusCode }) => !(outcome === 'failed' && statusCode === 500))
      .filter(({ outcome }) => outcome !== 'succeeded' && outcome !== 'lost')
      .map(({ number, outcome, error }) => `task ${taskId}, attempt ${number}: ${outcome} (${error})`),
  )
}
