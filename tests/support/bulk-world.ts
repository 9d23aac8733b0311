import type { BulkFilter, BulkOrder } from '../../server/core/bulk.ts'
import {
  type BulkContext,
  type BulkSelection,
  type BulkView,
  getBulk,
  previewBulk,
  startBulk,
} from '../../server/services/bulk.ts'
import { BulkRunner } from '../../server/services/bulk-runner.ts'
import { Turns } from '../../server/services/turns.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { openServiceWorld, type ServiceWorld } from './service-world.ts'
import { wrapStorage } from './storage-wrappers.ts'

/** A store with a server that does things in bulk. */
export interface BulkWorld extends ServiceWorld {
  readonly bulk: BulkContext
  readonly errors: unknown[]
  order(order: Partial<BulkOrder>, selection: BulkSelection): Promise<{ id: string; count: number }>
  /** Previews, begins, and waits for the end. */
  run(order: Partial<BulkOrder>, selection: BulkSelection): Promise<BulkView>
  /** Another server on the same storage, or on one that stands before it. */
  server(storage?: TaskStorage): BulkContext
}

export const retryTasks = { action: 'retry', target: 'tasks', remainingAttempts: 5, spreadMs: 0 } as const
export const matching = (filter: BulkFilter): BulkSelection => ({ filter })
export const inGroup = matching({ taskGroup: 'g' })

export async function openBulk(): Promise<BulkWorld> {
  const world = await openServiceWorld()
  const errors: unknown[] = []
  const server = (storage: TaskStorage = world.storage): BulkContext => {
    const context = world.through(storage)
    return { ...context, bulk: new BulkRunner(context, (error) => errors.push(error)), bulkTurns: new Turns() }
  }
  const bulk = { ...world.context, bulk: new BulkRunner(world.context), bulkTurns: new Turns() }
  const order: BulkWorld['order'] = async (some, selection) => {
    const { snapshot, count } = await previewBulk(bulk, { ...retryTasks, ...some }, selection)
    return { id: snapshot.id, count }
  }
  return {
    ...world,
    bulk,
    errors,
    order,
    server,
    run: async (some, selection) => {
      const { id } = await order(some, selection)
      await startBulk(bulk, id, 'dana')
      await bulk.bulk.ended(id)
      return getBulk(bulk, id)
    },
  }
}

/** Tasks that are failed for good. */
export const failedTasks = (count: number, prefix = 't') =>
  Array.from({ length: count }, (_, index) => ({ id: `${prefix}${index}`, remainingAttempts: 0 }))

/** Commits wait until they are let through. */
export function heldCommits(storage: TaskStorage) {
  const waiting: (() => void)[] = []
  let arrived = () => {}
  let isOpen = false
  return {
    storage: wrapStorage(storage, {
      async commit(changeSets) {
        if (!isOpen)
          await new Promise<void>((go) => {
            waiting.push(go)
            arrived()
          })
        return storage.commit(changeSets)
      },
    }),
    /** Resolves when a commit waits. */
    async reached() {
      if (waiting.length === 0) await new Promise<void>((heard) => (arrived = heard))
    },
    open() {
      isOpen = true
      for (const go of waiting.splice(0)) go()
    },
  }
}
