import type { TaskState } from './task.ts'
import type { GroupState } from './task-group.ts'

/** One of those that an order would meet. */
export interface BulkItem {
  readonly id: string
  readonly name: string
  readonly state: TaskState | GroupState
  readonly groupId: string
  /** Higher first, where starts are spread. */
  readonly priority: number
  /** Tasks that it stands for: 1 of a task, all of a group. */
  readonly size: number
  /** Why the order leaves it as it is; null: it does not. */
  readonly skipReason: string | null
}

/** What an order would do. */
export interface BulkCensus {
  readonly count: number
  readonly byState: Readonly<Record<string, number>>
  /** The groups with most tasks of it, at most 20. */
  readonly byGroup: readonly { readonly id: string; readonly count: number }[]
  readonly skipped: readonly { readonly reason: string; readonly count: number }[]
  readonly samples: readonly Pick<BulkItem, 'id' | 'name' | 'state'>[]
}

const LISTED_GROUPS = 20
const SAMPLES = 5

/** Counts what would be done and what would not. */
export function censusOf(items: readonly BulkItem[]): BulkCensus {
  const met = items.filter(({ skipReason }) => skipReason === null)
  const byGroup = mostFirst(countBy(met, ({ groupId, size }) => [groupId, size]))
  const reasons = items.flatMap(({ skipReason }) => (skipReason === null ? [] : [skipReason]))
  return {
    count: met.length,
    byState: Object.fromEntries(countBy(met, ({ state }) => [state, 1])),
    byGroup: byGroup.slice(0, LISTED_GROUPS).map(([id, count]) => ({ id, count })),
    skipped: mostFirst(countBy(reasons, (reason) => [reason, 1])).map(([reason, count]) => ({ reason, count })),
    samples: met.slice(0, SAMPLES).map(({ id, name, state }) => ({ id, name, state })),
  }
}

/** The ids that an order is frozen for, in the order in which it meets them. */
export function frozenIds(items: readonly BulkItem[]): string[] {
  const met = items.filter(({ skipReason }) => skipReason === null)
  return met.toSorted((a, b) => b.priority - a.priority).map(({ id }) => id)
}

function countBy<Item>(
  items: readonly Item[],
  countOf: (item: Item) => readonly [string, number],
): Map<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) {
    const [word, count] = countOf(item)
    counts.set(word, (counts.get(word) ?? 0) + count)
  }
  return counts
}

const mostFirst = (counts: ReadonlyMap<string, number>): [string, number][] => [...counts].sort(([, a], [, b]) => b - a)
