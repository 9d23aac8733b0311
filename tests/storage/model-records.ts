import type { ScannedRecord } from '../../storage/task-storage.ts'
import type { Model } from './model.ts'

/** A small document; `expiresAt` 0: it has no end. */
export interface ModelRecord {
  readonly value: string
  readonly expiresAt: number
}

export function recordInModel({ records, clock }: Model, key: string): string | null {
  const record = records.get(key)
  return record && (record.expiresAt === 0 || record.expiresAt > clock.now()) ? record.value : null
}

export function putInModel({ records }: Model, key: string, value: string | null, expiresAt: number): void {
  if (value === null) records.delete(key)
  else records.set(key, { value, expiresAt })
}

/** What is there and stays; null when it was put. */
export function createInModel(model: Model, key: string, value: string, expiresAt: number): string | null {
  const there = recordInModel(model, key)
  if (there === null) putInModel(model, key, value, expiresAt)
  return there
}

/** Those of a kind that have no end, by key. */
export function recordsOfKind({ records }: Model, kind: string): { key: string; value: string }[] {
  const found = [...records].filter(([key, { expiresAt }]) => key.startsWith(`${kind}/`) && expiresAt === 0)
  return found.map(([key, { value }]) => ({ key, value })).sort((a, b) => (a.key < b.key ? -1 : 1))
}

/** Those that are there, by key. */
export function scannedRecords({ records, clock }: Model): ScannedRecord[] {
  const found = [...records].map(([key, record]) => ({ key, ...record }))
  const alive = found.filter(({ expiresAt }) => expiresAt === 0 || expiresAt > clock.now())
  return alive.sort((a, b) => (a.key < b.key ? -1 : 1))
}
