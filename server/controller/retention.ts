import type { TaskStorage } from '../../storage/task-storage.ts'
import type { Clock } from '../core/clock.ts'
import {
  type CleaningContext,
  type CleaningReport,
  deletionOf,
  type EndedGroup,
  type Ending,
  endedBefore,
  endings,
  excessOf,
  planCleaning,
  type Retention,
} from '../core/retention.ts'
import { forecastOf, SIZES_RECORD, sizesFrom } from '../core/storage-forecast.ts'
import { taskCount } from '../core/task-group.ts'
import type { Logger } from './logger.ts'

export interface CleaningOptions {
  readonly storage: Pick<TaskStorage, 'listEndedGroups' | 'getGroup' | 'commit' | 'room' | 'getRecord'>
  readonly clock: Clock
  readonly logger: Logger
}

/** Deleted by one call; a preview counts no further. */
const MAX_GROUPS = 500
/** Planned at once: then it is looked again how full the store is, as the size of a group is only known on average. */
const STEP = 50
/** A task takes about so much before anybody measured, with 1 KiB of input. */
const USUAL_TASK_BYTES = 2000
/** No task takes less: what is deleted for the size of the store is to be no more than needed. */
const LEAST_TASK_BYTES = 500

/**
 * Deletes groups that ended long ago, and the oldest of the others while the store holds too much (core/retention.ts says which). A
 * trial changes nothing, and tells what it would do.
 */
export async function clean(
  options: CleaningOptions,
  { retention, isTrial = false }: { readonly retention: Retention; readonly isTrial?: boolean },
): Promise<CleaningReport> {
  if (isTrial) {
    const { plan, context } = await planPast(options, retention, { limit: MAX_GROUPS + 1, tried: new Set() })
    return reportOf(plan.slice(0, MAX_GROUPS), context, plan.length > MAX_GROUPS)
  }
  const deleted: EndedGroup[] = []
  const tried = new Set<string>()
  for (;;) {
    const { plan: step, context } = await planPast(options, retention, { limit: STEP, tried })
    if (step.length === 0 || tried.size >= MAX_GROUPS) return reportOf(deleted, context, step.length > 0)
    for (const ended of step) {
      tried.add(ended.group.id)
      if (await deleteGroup(options, ended)) deleted.push(ended)
    }
  }
}

/** One group a commit: a large one takes a while to delete, and others want to write in between. */
async function deleteGroup({ storage, logger }: CleaningOptions, ended: EndedGroup): Promise<boolean> {
  const [result] = await storage.commit([deletionOf(ended)])
  if (result !== 'applied') return false
  logger.info({ groupId: ended.group.id, ending: ended.ending }, 'group deleted by retention')
  return true
}

/** Those that may not go stay the oldest for ever: past them, to those behind. */
const MAX_LOOKED_AT = 10_000

async function planPast(
  options: CleaningOptions,
  retention: Retention,
  { limit, tried }: { readonly limit: number; readonly tried: ReadonlySet<string> },
) {
  for (let looked = limit; ; looked *= 4) {
    const { plan, isAll, context } = await planNow(options, retention, looked)
    const fresh = plan.filter(({ group }) => !tried.has(group.id)).slice(0, limit)
    if (fresh.length > 0 || isAll || looked >= MAX_LOOKED_AT) return { plan: fresh, context }
  }
}

/** `limit`: as many of each ending are looked at. */
async function planNow({ storage, clock }: CleaningOptions, retention: Retention, limit: number) {
  const now = clock.now()
  const [{ usedBytes }, sizes] = await Promise.all([storage.room(), storage.getRecord(SIZES_RECORD)])
  const { bytesPerTask } = forecastOf(sizesFrom(sizes), null)
  const context: CleaningContext = {
    ...{ retention, now, usedBytes },
    bytesPerTask: Math.max(LEAST_TASK_BYTES, bytesPerTask ?? USUAL_TASK_BYTES),
  }
  // While the store holds too much the young ones may go as well.
  const before = (ending: Ending) => (excessOf(context) > 0 ? now : endedBefore(retention, ending, now))
  const lists = await Promise.all(
    endings.map((ending) => listEnded(storage, { ending, before: before(ending), limit })),
  )
  const isAll = lists.every((list) => list.length < limit)
  return { plan: planCleaning(lists.flat(), context), isAll, context }
}

async function listEnded(
  storage: CleaningOptions['storage'],
  query: { readonly ending: Ending; readonly before: number; readonly limit: number },
): Promise<EndedGroup[]> {
  const ended = await storage.listEndedGroups(query)
  const groups = await Promise.all(ended.map(({ id }) => storage.getGroup(id)))
  return ended.flatMap(({ endedAt }, index) => {
    const group = groups[index]
    return group ? [{ group, ending: query.ending, endedAt }] : []
  })
}

function reportOf(
  ended: readonly EndedGroup[],
  { usedBytes, bytesPerTask }: CleaningContext,
  hasMore: boolean,
): CleaningReport {
  const tasks = ended.reduce((sum, { group }) => sum + taskCount(group), 0)
  return {
    groups: ended.length,
    failedGroups: ended.filter(({ ending }) => ending === 'failed').length,
    tasks,
    bytes: usedBytes === null ? null : Math.min(usedBytes, tasks * bytesPerTask),
    hasMore,
  }
}
