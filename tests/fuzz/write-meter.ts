import type { TaskStorage } from '../../storage/task-storage.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'

/** Counts what changed something in a store. */
export interface WriteMeter {
  readonly storage: TaskStorage
  /** All so far, as lines. */
  readonly writes: readonly string[]
}

/** Records that a refusal may write: what came of a request with a key is kept for it, and that a token was used. */
const ofRefusals = ['idempotency', 'token-used']

/** Cheaper than a full scan before and after each of 25,000 requests: what is not written cannot have changed. */
export function meterWrites(storage: TaskStorage): WriteMeter {
  const writes: string[] = []
  const noteRecord = (key: string): void => {
    if (!ofRefusals.some((kind) => key.startsWith(kind))) writes.push(`record ${key}`)
  }
  const metered = wrapStorage(storage, {
    async commit(changeSets) {
      const results = await storage.commit(changeSets)
      for (const [at, { changes }] of changeSets.entries())
        if (results[at] === 'applied' && changes.length > 0) writes.push(changes.map(({ kind }) => kind).join())
      return results
    },
    async putRecord(key, value, expiresAt) {
      noteRecord(key)
      await storage.putRecord(key, value, expiresAt)
    },
    async createRecord(key, value, expiresAt) {
      const other = await storage.createRecord(key, value, expiresAt)
      if (other === null) noteRecord(key)
      return other
    },
  })
  return { storage: metered, writes }
}
