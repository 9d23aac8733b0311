import type { TSchema } from 'typebox'
import type { ApiInstance } from '../api-deps.ts'
import { GraphInput, GroupEdit, GroupInput, TaskBatch, TaskGroup } from './group.ts'
import type { SchemaName } from './named.ts'
import { Attempt, Deleted, Problem, Success, Why, Workgroup } from './results.ts'
import { Retry, Task, TaskEdit, TaskInput } from './task.ts'

const schemas: Readonly<Record<SchemaName, TSchema>> = {
  Attempt,
  Deleted,
  GraphInput,
  GroupEdit,
  GroupInput,
  Problem,
  Retry,
  Success,
  Task,
  TaskBatch,
  TaskEdit,
  TaskGroup,
  TaskInput,
  Why,
  Workgroup,
}

/** Makes every named schema known, so that routes and the OpenAPI document may refer to it. */
export function registerSchemas(app: ApiInstance): void {
  for (const [name, schema] of Object.entries(schemas)) app.addSchema({ ...schema, $id: name })
}
