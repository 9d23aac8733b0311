import type { TaskStorage } from '../../storage/task-storage.ts'
import type { Clock } from '../core/clock.ts'
import type { Turns } from './turns.ts'

/** What use cases of users and tokens work with. */
export interface PeopleContext {
  readonly storage: Pick<TaskStorage, 'getRecord' | 'putRecord' | 'listRecords'>
  readonly clock: Clock
  /** Records have no guard: who changes one reads and writes it back without another in between. */
  readonly turns: Turns
  readonly randomBytes: (size: number) => Uint8Array
  /** A few at once: each takes 64 MiB. */
  readonly hashPassword: (password: string) => Promise<string>
  /** The user that is no record: an admin whom no request can take away. Null where login is off. */
  readonly configured: { readonly name: string; readonly hasFixedPassword: boolean } | null
  /** Tells every server that what it knew of who may is no longer. */
  readonly accessChanged: () => Promise<void>
}

/** Users and tokens are read as a whole where they are listed. */
export const MAX_PEOPLE = 1000
