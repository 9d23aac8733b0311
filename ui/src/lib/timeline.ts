import type { Attempt, TaskSummary } from '../api/operations.ts'
import { OUTCOMES } from './outcomes.ts'
import type { TaskState } from './states.ts'

/** A stretch of a task's life, in shares of the time that is shown. */
export interface Segment {
  readonly kind: 'wait' | 'run' | 'back-off'
  readonly from: number
  readonly to: number
  /** Of a run: how it ended. */
  readonly look: TaskState
  /** What it was, in words. */
  readonly attempt: Attempt | null
}

/** The time that is shown, epoch ms. */
export interface Span {
  readonly from: number
  readonly to: number
}

export type Timed = Pick<TaskSummary, 'createdAt' | 'state'> & { readonly attempts: readonly Attempt[] }

/** A moment, so that nothing is divided by nothing. */
const SHORTEST_MS = 1000

const at = (time: string): number => new Date(time).getTime()

/** From the first attempt of these to the last, or to now while one of them is not over. Before their first attempt there is nothing to see. */
export function spanOf(tasks: readonly Timed[], now: number): Span {
  const attempts = tasks.flatMap((task) => task.attempts)
  const isOver = tasks.every(({ state }) => state === 'succeeded' || state === 'failed')
  const from = Math.min(...attempts.map(({ startedAt }) => at(startedAt)))
  const to = isOver ? Math.max(...attempts.map(({ endedAt }) => at(endedAt))) : now
  if (!Number.isFinite(from)) return { from: now - SHORTEST_MS, to: now }
  return { from, to: Math.max(to, from + SHORTEST_MS) }
}

/** What became of a task over that time: it waited, ran, and was put off after each failure. */
export function segmentsOf({ createdAt, state, attempts }: Timed, span: Span): Segment[] {
  const oldestFirst = [...attempts].sort((a, b) => at(a.startedAt) - at(b.startedAt))
  const share = (time: number): number => Math.min(1, Math.max(0, (time - span.from) / (span.to - span.from)))
  const segments: Segment[] = []
  const add = (kind: Segment['kind'], from: number, to: number, attempt: Attempt | null = null): void => {
    if (to < from || (to === from && kind !== 'run')) return
    segments.push({
      kind,
      from: share(from),
      to: share(to),
      look: attempt ? OUTCOMES[attempt.outcome].look : 'ready',
      attempt,
    })
  }
  let before = at(createdAt)
  for (const attempt of oldestFirst) {
    const isFirst = attempt === oldestFirst[0]
    add(isFirst ? 'wait' : 'back-off', Math.max(before, span.from), at(attempt.startedAt))
    add('run', at(attempt.startedAt), at(attempt.endedAt), attempt)
    before = at(attempt.endedAt)
  }
  const isLast = oldestFirst.length > 0 && (state === 'succeeded' || state === 'failed')
  if (!isLast) add(oldestFirst.length > 0 ? 'back-off' : 'wait', Math.max(before, span.from), span.to)
  return segments.filter(({ from, to, kind }) => to > from || kind === 'run')
}

/** The times under which lines stand: the ends of the span and what divides it evenly. */
export const ticksOf = ({ from, to }: Span, count: number): number[] =>
  Array.from({ length: count + 1 }, (_, n) => from + ((to - from) * n) / count)
