import {
  type BulkOperation,
  type BulkOutcome,
  bulkSlot,
  decideBulk,
  groupSkipReason,
  type SingleAction,
} from '../core/bulk.ts'
import type { ChangeSet } from '../core/change-set.ts'
import { CrewError } from '../core/errors.ts'
import type { Task } from '../core/task.ts'
import { deleteGroup, pauseGroup, resetGroup, resumeGroup, retryGroup } from './groups.ts'
import type { ServiceContext } from './service-context.ts'
import { CHANGED_PER_COMMIT, changePage } from './task-pages.ts'
import { viewGroup } from './task-views.ts'
import { deleteTask, resetTask } from './tasks.ts'

/** Tasks that are changed each with what is around it: so many are dealt with until somebody may stop it. */
const SCOPES_PER_CHUNK = 64
/** A group is up to all its tasks. */
const GROUPS_PER_CHUNK = 8
/** Changes of one operation that are under way at once, but for those that are one commit. */
const LANES = 4

/** How many of the list are dealt with in one go. */
export function chunkSizeOf({ target, action }: BulkOperation): number {
  if (target === 'groups') return GROUPS_PER_CHUNK
  return isSingle(action) ? CHANGED_PER_COMMIT : SCOPES_PER_CHUNK
}

const isSingle = (action: BulkOperation['action']): action is SingleAction => action !== 'reset' && action !== 'delete'

/** Does it to the next ones of the list, and answers what became of each. Rejects when the storage is away. */
export async function runChunk(
  context: ServiceContext,
  operation: BulkOperation,
  ids: readonly string[],
): Promise<BulkOutcome[]> {
  const { action } = operation
  if (operation.target === 'tasks' && isSingle(action)) return changeChunk(context, { ...operation, action }, ids)
  const outcomes: BulkOutcome[] = []
  const left = ids.entries()
  const lane = async (): Promise<void> => {
    for (const [index, id] of left) outcomes[index] = await outcomeOf(id, () => runOne(context, operation, id))
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return outcomes
}

/** One commit of many changes, each of which stands for itself. */
async function changeChunk(
  context: ServiceContext,
  operation: BulkOperation & { readonly action: SingleAction },
  ids: readonly string[],
): Promise<BulkOutcome[]> {
  const places = new Map(ids.map((id, index) => [id, operation.next + index]))
  const faults = new Map<string, string>()
  const decide = (task: Task): ChangeSet | null => {
    const slot = bulkSlot(places.get(task.id) ?? 0, operation)
    try {
      return decideBulk(task, operation, { now: context.clock.now(), slot })
    } catch (error) {
      faults.set(task.id, messageOf(error))
      return null
    }
  }
  const { changed, left } = await changePage(context, ids, decide)
  for (const id of left) faults.set(id, 'It changed all the time: try again.')
  return ids.map((id): BulkOutcome => {
    const message = faults.get(id)
    if (message !== undefined) return { kind: 'failed', fault: { id, message } }
    return { kind: changed.has(id) ? 'done' : 'skipped' }
  })
}

/** Answers whether there was something to do. */
function runOne(context: ServiceContext, operation: BulkOperation, id: string): Promise<boolean> {
  return operation.target === 'groups' ? runGroup(context, operation, id) : runScope(context, operation, id)
}

async function runScope(
  context: ServiceContext,
  { action, remainingAttempts }: BulkOperation,
  taskId: string,
): Promise<true> {
  if (action === 'delete') await deleteTask(context, { taskId })
  else await resetTask(context, { taskId }, { remainingAttempts, descendants: false })
  return true
}

async function runGroup(context: ServiceContext, operation: BulkOperation, id: string): Promise<boolean> {
  const { action, remainingAttempts, spreadMs } = operation
  const group = await context.storage.getGroup(id)
  if (!group || groupSkipReason(action, viewGroup(context, group)) !== null) return false
  const spreadSeconds = spreadMs / 1000
  switch (action) {
    case 'pause':
      await pauseGroup(context, id)
      return true
    case 'resume':
      await resumeGroup(context, id, { spreadSeconds })
      return true
    case 'retry':
      await retryGroup(context, id, { remainingAttempts, spreadSeconds })
      return true
    case 'reset':
      await resetGroup(context, id, { remainingAttempts })
      return true
    case 'delete':
      await deleteGroup(context, id)
      return true
    case 'runNow':
      return false // of tasks only; refused where orders come in
  }
}

async function outcomeOf(id: string, run: () => Promise<boolean>): Promise<BulkOutcome> {
  try {
    return { kind: (await run()) ? 'done' : 'skipped' }
  } catch (error) {
    if (isOutage(error)) throw error
    return isGone(error) ? { kind: 'skipped' } : { kind: 'failed', fault: { id, message: messageOf(error) } }
  }
}

const codeOf = (error: unknown): string => (error instanceof CrewError ? error.code : '')
const isOutage = (error: unknown): boolean => ['storage_unavailable', 'storage_full'].includes(codeOf(error))
const isGone = (error: unknown): boolean => ['task_not_found', 'group_not_found'].includes(codeOf(error))
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
