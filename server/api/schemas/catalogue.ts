import type { TSchema } from 'typebox'
import type { ApiInstance } from '../api-deps.ts'
import { Activity } from './activity.ts'
import { BulkOperation, BulkPreview } from './bulk.ts'
import { TaskError, TaskErrorDetail, TaskErrorList } from './error.ts'
import { Traffic } from './gate.ts'
import { GraphInput, GroupEdit, GroupInput, TaskBatch, TaskGraph, TaskGroup } from './group.ts'
import { PastHold } from './hold.ts'
import { LimitsEdit } from './limits.ts'
import type { SchemaName } from './named.ts'
import { Notifications } from './notification.ts'
import { Operator, OperatorEdit, OperatorInput } from './operator.ts'
import { Heartbeat } from './outside.ts'
import { ApiToken, Me, User } from './people.ts'
import { Attempt, Deleted, GroupWhy, Problem, Success, Why } from './results.ts'
import { SavedView } from './saved-view.ts'
import { Schedule, ScheduleInput, ScheduleRow, ScheduleTemplate } from './schedule.ts'
import { Cleaning, Overview, System } from './system.ts'
import { FinallyTask, Retry, Task, TaskEdit, TaskInput, TaskSummary } from './task.ts'
import { Worker, WorkerEdit, WorkerTest } from './worker.ts'
import { Workgroup } from './workgroup.ts'

const schemas: Readonly<Record<SchemaName, TSchema>> = {
  Activity,
  ApiToken,
  Attempt,
  BulkOperation,
  BulkPreview,
  Deleted,
  FinallyTask,
  GraphInput,
  GroupEdit,
  GroupInput,
  GroupWhy,
  Heartbeat,
  LimitsEdit,
  Me,
  Operator,
  OperatorEdit,
  OperatorInput,
  Overview,
  Notifications,
  PastHold,
  Problem,
  Retry,
  SavedView,
  Schedule,
  ScheduleInput,
  ScheduleRow,
  ScheduleTemplate,
  Success,
  System,
  Cleaning,
  Task,
  TaskBatch,
  TaskEdit,
  TaskGroup,
  TaskError,
  TaskErrorDetail,
  TaskErrorList,
  TaskGraph,
  TaskInput,
  TaskSummary,
  Traffic,
  User,
  Why,
  Worker,
  WorkerEdit,
  WorkerTest,
  Workgroup,
}

/** Makes every named schema known, so that routes and the OpenAPI document may refer to it. */
export function registerSchemas(app: ApiInstance): void {
  for (const [name, schema] of Object.entries(schemas)) app.addSchema({ ...schema, $id: name })
}
