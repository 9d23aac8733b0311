import type { ChangeSet } from '../../server/core/change-set.ts'
import type { ClaimRequest } from '../task-storage.ts'
import type { Engine } from './engine.ts'

/** The port's claim with its map as a list: calls cross to another thread as JSON. */
export type ClaimCall = Omit<ClaimRequest, 'slots'> & { readonly slots: readonly (readonly [string, number])[] }

/** What is written of a change set. Events are told by the side that made it, once it is applied. */
export type WrittenChangeSet = Pick<ChangeSet, 'guards' | 'changes'>

/** One call of the port: a method of `Engine` and its arguments. */
export type Call = {
  readonly [Method in EngineMethod]: { method: Method; args: Parameters<Engine[Method]> }
}[EngineMethod]

export type EngineMethod =
  | 'commit'
  | 'claim'
  | 'renewLeases'
  | 'listExpiredLeases'
  | 'getTasks'
  | 'findGroup'
  | 'getGroup'
  | 'listGroups'
  | 'countGroups'
  | 'listTasks'
  | 'listChildren'
  | 'listCreatedBy'
  | 'listDuplicates'
  | 'listAttempts'
  | 'listHolds'
  | 'listPastHolds'
  | 'getGates'
  | 'listWorkgroups'
  | 'listWorkers'
  | 'countTasks'
  | 'countAhead'
  | 'listFailing'
  | 'listNewestErrors'
  | 'listEndedGroups'
  | 'getRecord'
  | 'putRecord'
  | 'createRecord'
  | 'listRecords'
  | 'scanRecords'
  | 'sizeInBytes'
  | 'room'
  | 'audit'

/** What one call gave: its answer, or the error it met. */
export type Reply = { readonly value: unknown } | { readonly error: unknown }

/** Claims and renewals need no sync: a lost one is a lease of a dead boot. But one that hands a lease over does: that lease lives on. */
export const isWrite = (method: EngineMethod): boolean =>
  method === 'commit' || method === 'claim' || method === 'renewLeases'

/** Writes that are acknowledged. */
const ACKNOWLEDGED: ReadonlySet<EngineMethod> = new Set(['commit', 'putRecord', 'createRecord'])

export const isDurable = ({ method, args }: Call): boolean =>
  ACKNOWLEDGED.has(method) || (method === 'renewLeases' && args[2] !== undefined)
