import type { AttemptJson, TaskJson } from '../support/api-client.ts'
import type { Holding } from './poller.ts'

/** What pollers did, and what the store says afterwards. */
export interface PollHistory {
  readonly holdings: readonly Holding[]
  readonly tasks: readonly TaskJson[]
  /** Of the tasks that were held more than once. */
  readonly attempts: ReadonlyMap<string, readonly AttemptJson[]>
}

/** Answers are read and noted a little after they were sent. */
const NOTED_MS = 5

/** Two had the same task at the same time: the second was given it while the lease of the first lived and nobody had released it. */
export function faultsOfOverlap({ holdings }: Pick<PollHistory, 'holdings'>): string[] {
  return [...Map.groupBy(holdings, ({ taskId }) => taskId)].flatMap(([taskId, held]) => {
    const inOrder = held.toSorted((a, b) => a.grantedAt - b.grantedAt)
    return inOrder.slice(1).flatMap((next, at) => {
      const before = inOrder[at] as Holding
      const end = Math.min(before.releasedAt ?? Number.POSITIVE_INFINITY, before.leaseUntil)
      if (next.grantedAt + NOTED_MS >= end) return []
      return [
        `task ${taskId}: given to ${next.poller} ${end - next.grantedAt} ms before ${before.poller} had done with it`,
      ]
    })
  })
}

/** Every task is done once, by one whose release was accepted. */
export function faultsOfEnds({ holdings, tasks }: PollHistory): string[] {
  const byTask = Map.groupBy(holdings, ({ taskId }) => taskId)
  return tasks.flatMap(({ id, state, output }) => {
    const winner = (output as { by?: string } | null)?.by
    if (state !== 'succeeded') return [`task ${id} is ${state}`]
    const own = (byTask.get(id) ?? []).filter(({ poller }) => poller === winner)
    if (own.some(({ releasedAt }) => releasedAt !== null)) return []
    return [`task ${id} has the output of ${winner}, who did not release it`]
  })
}

/** An answer that was accepted and is not the task's output was accepted for nothing. */
export function faultsOfAnswers({ holdings, tasks }: PollHistory): string[] {
  const outputs = new Map(tasks.map(({ id, output }) => [id, (output as { by?: string } | null)?.by]))
  return holdings.flatMap(({ taskId, poller, status }) => {
    if (status === 200 && outputs.get(taskId) !== poller)
      return [`task ${taskId}: ${poller} was told that it counts, and it does not`]
    return status === null || status === 200 || status === 409
      ? []
      : [`task ${taskId}: ${poller} was answered with ${status}`]
  })
}

/** Held again only after a loss that the store tells, and that something happened to explain. */
export function faultsOfRepeats({ holdings, attempts }: PollHistory): string[] {
  return [...Map.groupBy(holdings, ({ taskId }) => taskId)].flatMap(([taskId, held]) => {
    const outcomes = attempts.get(taskId)?.map(({ outcome }) => outcome) ?? ['succeeded']
    const losses = outcomes.filter((outcome) => outcome === 'lost').length
    const ends = outcomes.filter((outcome) => outcome === 'succeeded').length
    const other = outcomes.length - losses - ends
    if (ends === 1 && other === 0 && held.length <= losses + 1) return []
    return [`task ${taskId}: held ${held.length} times, and the store says ${outcomes.join(', ')}`]
  })
}

/** The most tasks that were held at once, of those of which it is sure. */
export function mostHeld(holdings: readonly Holding[]): number {
  const steps = holdings.flatMap(({ acquiredAt, releasedAt, leaseUntil }) => [
    { at: acquiredAt, by: 1 },
    { at: Math.min(releasedAt ?? leaseUntil, leaseUntil), by: -1 },
  ])
  let [now, most] = [0, 0]
  for (const { by } of steps.sort((a, b) => a.at - b.at || a.by - b.by)) {
    now += by
    most = Math.max(most, now)
  }
  return most
}
