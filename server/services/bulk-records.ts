import type { TaskStorage } from '../../storage/task-storage.ts'
import type { BulkOperation, BulkSnapshot } from '../core/bulk.ts'
import { isId } from '../core/ids.ts'

/**
 * Where bulk operations are kept, in records of the port: `bulk/ID` the operation, `bulk-snapshot/ID` the order that it came from,
 * `bulk-ids/ID:N` its list in slices, `bulk-stop/ID` that somebody wants it to stop. Records have no guard: an operation is written
 * by the one server that works on it, so what others want of it stands beside it.
 */
const KIND = 'bulk'

/** A slice of the list is some 40 KB: little enough to read and write in one go. */
export const IDS_PER_SLICE = 1000

/** Operations that are kept; older ones are forgotten. */
export const MAX_KEPT = 100

/** How long after its end a snapshot is still known, so that whoever comes late hears why. */
const REMEMBERED_MS = 3_600_000

type Records = Pick<TaskStorage, 'getRecord' | 'putRecord' | 'listRecords'>

export async function putSnapshot(storage: Records, snapshot: BulkSnapshot, ids: readonly string[]): Promise<void> {
  const until = snapshot.expiresAt + REMEMBERED_MS
  for (let at = 0; at < ids.length; at += IDS_PER_SLICE) {
    const slice = ids.slice(at, at + IDS_PER_SLICE)
    await storage.putRecord(sliceKey(snapshot.id, at / IDS_PER_SLICE), JSON.stringify(slice), until)
  }
  await storage.putRecord(`bulk-snapshot/${snapshot.id}`, JSON.stringify(snapshot), until)
}

export const findSnapshot = async (storage: Records, id: string): Promise<BulkSnapshot | null> =>
  isId(id) ? read<BulkSnapshot>(storage, `bulk-snapshot/${id}`) : null

/** From now on its list is kept until the operation has ended. Once more does no harm. */
export async function keepIds(storage: Records, { id, total }: BulkOperation): Promise<void> {
  for (let slice = 0; slice * IDS_PER_SLICE < total; slice++) {
    const text = await storage.getRecord(sliceKey(id, slice))
    if (text !== null) await storage.putRecord(sliceKey(id, slice), text)
  }
}

/** Null: it is gone. */
export const readIds = (storage: Records, id: string, slice: number): Promise<string[] | null> =>
  read<string[]>(storage, sliceKey(id, slice))

export async function dropIds(storage: Records, { id, total }: BulkOperation): Promise<void> {
  for (let slice = 0; slice * IDS_PER_SLICE < total; slice++) await storage.putRecord(sliceKey(id, slice), null)
}

export const putOperation = (storage: Records, operation: BulkOperation): Promise<void> =>
  storage.putRecord(`${KIND}/${operation.id}`, JSON.stringify(operation))

export const findOperation = async (storage: Records, id: string): Promise<BulkOperation | null> =>
  isId(id) ? read<BulkOperation>(storage, `${KIND}/${id}`) : null

/** All that are kept, newest first. */
export async function readOperations(storage: Records): Promise<BulkOperation[]> {
  const { records } = await storage.listRecords(KIND, { page: 1, pageSize: 2 * MAX_KEPT })
  const operations = records.map(({ value }) => JSON.parse(value) as BulkOperation)
  return operations.sort((a, b) => b.startedAt - a.startedAt || (a.id < b.id ? 1 : -1))
}

export async function dropOperation(storage: Records, operation: BulkOperation): Promise<void> {
  await dropIds(storage, operation)
  await storage.putRecord(`${KIND}/${operation.id}`, null)
}

/** Told to whichever server works on it. */
export const askToStop = (storage: Records, id: string, now: number): Promise<void> =>
  storage.putRecord(`bulk-stop/${id}`, String(now), now + REMEMBERED_MS)

export const isAskedToStop = async (storage: Records, id: string): Promise<boolean> =>
  (await storage.getRecord(`bulk-stop/${id}`)) !== null

export const forgetStop = (storage: Records, id: string): Promise<void> => storage.putRecord(`bulk-stop/${id}`, null)

const sliceKey = (id: string, slice: number): string => `bulk-ids/${id}:${slice}`

async function read<Value>(storage: Records, key: string): Promise<Value | null> {
  const text = await storage.getRecord(key)
  return text === null ? null : (JSON.parse(text) as Value)
}
