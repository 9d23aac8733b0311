import { formatTime } from '../../core/time.ts'
import type { BulkPreview, BulkView } from '../../services/bulk.ts'

/** What an order would do. */
export function bulkPreviewJson({ snapshot, count, byState, byGroup, skipped, samples }: BulkPreview): string {
  const { id, action, target, expiresAt } = snapshot
  const order = { snapshot: id, action, target }
  return JSON.stringify({ ...order, count, byState, byGroup, skipped, samples, expiresAt: formatTime(expiresAt) })
}

/** An operation as clients see it. */
export const bulkJson = (view: BulkView): string => JSON.stringify(presentBulk(view))

/** A page of operations, with how many there are over all pages. */
export const bulkListJson = (views: readonly BulkView[], count: number): string =>
  JSON.stringify({ operations: views.map(presentBulk), count })

function presentBulk({ operation, state }: BulkView) {
  const { id, action, target, total, done, skipped, failed, faults, startedAt, endedAt, actor } = operation
  return {
    id,
    action,
    target,
    state,
    total,
    done,
    skipped,
    failed,
    faults,
    startedAt: formatTime(startedAt),
    endedAt: endedAt === null ? null : formatTime(endedAt),
    actor,
  }
}
