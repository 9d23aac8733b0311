import type { Operations } from '../../../sdk/typescript/src/api-types.ts'
import type { Field } from './field.ts'
import type { RawObject } from './raw-members.ts'

export type OperationName = keyof Operations

/** A column of a table. */
export interface Column {
  readonly head: string
  /** A member, members of members with dots between (`counts.failed`), or what is made of the row. */
  readonly of: string | ((row: RawObject) => string)
}

/** How an answer is shown as a table; as JSON it is what the server sent. */
export type Shows =
  /** A page: the member that holds the rows. */
  | { readonly kind: 'rows'; readonly member: string; readonly id: string; readonly columns: readonly Column[] }
  /** The object that was changed or made: a row of a table. */
  | { readonly kind: 'row'; readonly id: string; readonly columns: readonly Column[] }
  /** All that is known of it, a line for each field. */
  | { readonly kind: 'fields'; readonly id: string }
  /** The answer says only that it is done. */
  | { readonly kind: 'done' }
  /** One member, as it was sent, in every format. */
  | { readonly kind: 'member'; readonly member: string }
  /** A page in words. */
  | { readonly kind: 'text'; readonly lines: (answer: RawObject) => readonly string[] }

/** What many of can be done by one bulk operation of the server, with its preview. */
export interface BulkTwin {
  readonly action: 'pause' | 'resume' | 'retry' | 'reset' | 'delete' | 'runNow'
  readonly target: 'tasks' | 'groups'
}

/** What a noun can do: a verb and the operation of the API that it stands for. */
export interface Verb {
  readonly name: string
  readonly about: string
  readonly operation: OperationName
  /** None; or ids, each of which is one call; or the one id. `-` reads ids from stdin. */
  readonly words: 'none' | 'ids' | 'id'
  readonly fields?: readonly Field[]
  /** Members that the body of every call has, as JSON text. */
  readonly fixed?: RawObject
  /** Parameters of every query, where no flag says another. */
  readonly fixedQuery?: RawObject
  readonly shows: Shows
  /** The body may come from a file, with the flags on top. */
  readonly hasFile?: true
  /** Sent instead when the body holds `tasks`. */
  readonly batch?: OperationName
  /** Where a graph in a file belongs, when not into the body itself. */
  readonly graphIn?: string
  /** What is gone cannot be had back: many of them are asked about. */
  readonly asks?: true
  readonly bulk?: BulkTwin
  /** `--wait`: which group to wait for. */
  readonly waitsFor?: 'asked' | 'answered' | 'taskGroupId' | 'group'
  /** Waiting is all it does. */
  readonly isWatch?: true
}

/** Nouns with the parameter of their address, and what is said of them. */
export interface Noun {
  readonly name: string
  readonly plural: string
  readonly about: string
  /** The parameter of the path that an id goes to. */
  readonly param: string
  readonly verbs: readonly Verb[]
}
