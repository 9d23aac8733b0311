import { type TSchema, Type } from 'typebox'

/** A reference to a schema that has a name in the OpenAPI document. As a body it only documents: core checks it. */
export const named = (name: SchemaName): TSchema => Type.Unsafe<unknown>({ $ref: `${name}#` })

export type SchemaName =
  | 'Attempt'
  | 'Deleted'
  | 'GraphInput'
  | 'GroupEdit'
  | 'GroupInput'
  | 'Problem'
  | 'Retry'
  | 'Success'
  | 'Task'
  | 'TaskBatch'
  | 'TaskEdit'
  | 'TaskGroup'
  | 'TaskInput'
  | 'Why'
  | 'Workgroup'

/** One of some words. */
export const oneOf = <const Word extends string>(words: readonly Word[], description?: string) =>
  Type.Unsafe<Word>({ type: 'string', enum: words, ...(description !== undefined && { description }) })

/** A value or nothing. */
export const orNull = (schema: TSchema, description: string): TSchema =>
  Type.Unsafe<unknown>({ anyOf: [schema, { type: 'null' }], description })
