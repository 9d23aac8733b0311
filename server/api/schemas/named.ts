import { type TSchema, Type } from 'typebox'

/** A reference to a schema that has a name in the OpenAPI document. As a body it only documents: core checks it. */
export const named = (name: SchemaName): TSchema => Type.Unsafe<unknown>({ $ref: `${name}#` })

export type SchemaName =
  | 'Activity'
  | 'ApiToken'
  | 'Attempt'
  | 'BulkOperation'
  | 'BulkPreview'
  | 'Deleted'
  | 'FinallyTask'
  | 'GraphInput'
  | 'GroupEdit'
  | 'GroupInput'
  | 'GroupWhy'
  | 'Heartbeat'
  | 'LimitsEdit'
  | 'Me'
  | 'Operator'
  | 'OperatorEdit'
  | 'OperatorInput'
  | 'Overview'
  | 'Notifications'
  | 'PastHold'
  | 'Problem'
  | 'Retry'
  | 'SavedView'
  | 'Schedule'
  | 'ScheduleInput'
  | 'ScheduleRow'
  | 'ScheduleTemplate'
  | 'Success'
  | 'System'
  | 'Cleaning'
  | 'Task'
  | 'TaskBatch'
  | 'TaskEdit'
  | 'TaskGroup'
  | 'TaskError'
  | 'TaskErrorDetail'
  | 'TaskErrorList'
  | 'TaskGraph'
  | 'TaskInput'
  | 'TaskSummary'
  | 'Traffic'
  | 'User'
  | 'Why'
  | 'Worker'
  | 'WorkerEdit'
  | 'WorkerTest'
  | 'Workgroup'

/** One of some words. */
export const oneOf = <const Word extends string>(words: readonly Word[], description?: string) =>
  Type.Unsafe<Word>({ type: 'string', enum: words, ...(description !== undefined && { description }) })

/** A value or nothing. */
export const orNull = (schema: TSchema, description: string): TSchema =>
  Type.Unsafe<unknown>({ anyOf: [schema, { type: 'null' }], description })
