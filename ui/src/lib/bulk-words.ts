import type { BulkOperation } from '../api/operations.ts'
import { countOf } from './format.ts'

export type BulkAction = BulkOperation['action']
export type BulkTarget = BulkOperation['target']

/** The verb of a button, and what became of each that it was done to. */
export const BULK_VERBS: Readonly<Record<BulkAction, readonly [verb: string, done: string]>> = {
  pause: ['Pause', 'paused'],
  resume: ['Resume', 'resumed'],
  retry: ['Retry', 'retried'],
  reset: ['Reset', 'reset'],
  delete: ['Delete', 'deleted'],
  runNow: ['Run now', 'made due'],
}

/** What happens, in plain words. */
const MEANINGS: Readonly<Record<BulkTarget, Readonly<Record<BulkAction, string>>>> = {
  tasks: {
    pause: 'No new attempt of them starts. What runs finishes and counts.',
    resume: 'They may start again, unless something else holds them.',
    retry: 'They get this many attempts and are tried again. What is complete stays.',
    reset: 'Their outputs and errors are deleted, what they created goes as well, and they run from their beginning.',
    delete: 'They are gone for good, and so are children that have no other parent.',
    runNow: 'They are due now instead of later.',
  },
  groups: {
    pause: 'Nothing of them starts. What runs finishes and counts.',
    resume: 'They go on, those of their tasks that were paused one by one too.',
    retry: 'All their incomplete tasks get this many attempts, and the failed ones are tried again.',
    reset: 'They run from their beginning: with seed tasks, all others are deleted and the seeds make them again.',
    delete: 'The groups and all their tasks are gone for good.',
    runNow: '',
  },
}

export const meaningOf = (target: BulkTarget, action: BulkAction): string => MEANINGS[target][action]

/** `12 tasks`, `1 group`. */
export const countOfTarget = (count: number, target: BulkTarget): string =>
  countOf(count, target === 'tasks' ? 'task' : 'group')

/** Red is for what deletes. */
export const isDestructive = (action: BulkAction): boolean => action === 'delete' || action === 'reset'

/** Above this, and for what cannot be undone, the number is typed: a click alone is too little. */
const MANY = 1000

/** What has to be typed before it is done; null: a click is enough. */
export function numberToType(action: BulkAction, count: number): string | null {
  return count > MANY || (action === 'delete' && count > 1) ? String(count) : null
}

/** How far it is, as a share. */
export const shareOf = ({
  total,
  done,
  skipped,
  failed,
}: Pick<BulkOperation, 'total' | 'done' | 'skipped' | 'failed'>): number =>
  total === 0 ? 1 : (done + skipped + failed) / total
