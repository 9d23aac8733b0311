import type { Index, Life } from '../../../server/selftest/history.ts'
import { awakeMs } from '../../support/awake.ts'
import type { TaskJson } from '../support/api-client.ts'

/** What must be POSTed this soon after a restart (I4). */
export const RECOVERY_MS = 2000

export interface Recovery {
  readonly faults: string[]
  /** Tasks that waited over a restart and were POSTed after it. */
  readonly recovered: number
  /** Those of which nothing can be said, as the next kill came too soon. */
  readonly untold: number
  readonly worstMs: number
}

/** Every task that could run when a restarted server first answered must be POSTed in time. */
export function checkRecovery(index: Index, createdBefore: ReadonlyMap<string, number>): Recovery {
  const faults: string[] = []
  let recovered = 0
  let untold = 0
  let worstMs = 0
  const { lives, tasks } = index.history
  for (const [at, life] of lives.entries()) {
    const { healthyAt } = life
    const previous = lives[at - 1]
    if (!previous || healthyAt === null) continue
    for (const task of tasks.values()) {
      if (!isRunnable(index, task, previous, createdBefore)) continue
      const waitedMs = waited(index, task.id, { ...life, healthyAt })
      if (waitedMs === null) untold++
      else {
        recovered++
        worstMs = Math.max(worstMs, waitedMs)
        if (waitedMs > RECOVERY_MS) faults.push(`task ${task.id} waited ${waitedMs} ms after restart ${at}`)
      }
    }
  }
  return { faults, recovered, untold, worstMs }
}

/** How long after the restart it was POSTed; null when the server was killed again before it had to be. */
function waited(index: Index, taskId: string, life: Life & { healthyAt: number }): number | null {
  const next = index.deliveriesOf(taskId).find(({ firstByteAt }) => firstByteAt >= life.spawnedAt)
  const isInThisLife = next !== undefined && next.firstByteAt < life.goneAt
  if (isInThisLife) return Math.max(0, awakeMs(life.healthyAt, next.firstByteAt))
  return awakeMs(life.healthyAt, life.killedAt) > RECOVERY_MS ? Number.POSITIVE_INFINITY : null
}

/**
 * Known to be in the store when the server was killed, with every parent's success recorded and its own not. Tasks with a key
 * may end with another one's result, so they are not asked for.
 */
function isRunnable(index: Index, task: TaskJson, previous: Life, createdBefore: ReadonlyMap<string, number>): boolean {
  if (task.key !== '') return false
  const isRecorded = (id: string): boolean => (index.successOf(id)?.firstByteAt ?? Infinity) < previous.goneAt
  const isThere = (createdBefore.get(task.id) ?? Infinity) < previous.killedAt || task.parentIds.some(isRecorded)
  return isThere && !isRecorded(task.id) && task.parentIds.every(isRecorded)
}
