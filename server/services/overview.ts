import { figuresOf } from '../core/figures.ts'
import type { GroupCensus } from '../core/task-group.ts'
import { getTraffic } from './traffic.ts'
import type { WorkerContext } from './worker-context.ts'

/** How everything is, in a few figures. */
export interface Overview {
  readonly groups: GroupCensus
  readonly heldWorkgroups: number
  readonly runningTasks: number
  /** Of the last five minutes. */
  readonly attemptsPerMinute: number
}

export async function readOverview(context: WorkerContext): Promise<Overview> {
  const { storage, directory } = context
  const [groups, holds, { inFlight }, tally] = await Promise.all([
    storage.countGroups(),
    storage.listHolds('workgroup'),
    getTraffic(context),
    directory.totalTally(),
  ])
  const { attemptsPerMinute } = figuresOf(tally)
  return { groups, heldWorkgroups: holds.length, runningTasks: inFlight, attemptsPerMinute }
}
