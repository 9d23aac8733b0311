import type { CrewGoDocument } from '../core/crew-go-document.ts'

/** The store of crew-go, to be read and never written. Documents come a few at a time, so that a large store fits into memory. */
export interface CrewGoSource {
  /** At most so many groups and tasks there are. */
  countKeys(): Promise<number>
  /** Every group, in no order; one may come twice. */
  scanGroups(): AsyncIterable<readonly CrewGoDocument[]>
  /** Every task, in no order; one may come twice. */
  scanTasks(): AsyncIterable<readonly CrewGoDocument[]>
  /** Those that exist. */
  readGroups(ids: readonly string[]): Promise<CrewGoDocument[]>
  /** Those that exist. */
  readTasks(ids: readonly string[]): Promise<CrewGoDocument[]>
}
