import { Type } from 'typebox'
import { readGroupGraph } from '../../services/group-graph.ts'
import { createTask, createTasks, listTasks } from '../../services/tasks.ts'
import { unnoted } from '../activity-hook.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { readBatch, readTask } from '../bodies.ts'
import { long } from '../deadline.ts'
import { findable } from '../idempotency.ts'
import { sendJson } from '../present/send.ts'
import { taskJson, taskListJson, taskSummaryListJson } from '../present/task-json.ts'
import { readTaskQuery } from '../queries.ts'
import { answers, bodyRefusals, commonRefusals, json } from '../schemas/answers.ts'
import { count } from '../schemas/fields.ts'
import { named } from '../schemas/named.ts'
import { GroupParams } from '../schemas/params.ts'
import { TaskListQuery } from '../schemas/queries.ts'

/** The tasks of a group: list, create one, create many. */
export function groupTaskRoutes(app: ApiInstance, { services }: ApiDeps): void {
  app.get('/api/v1/task_group/:id/tasks', { schema: schemas.list }, async ({ params, query }, reply) => {
    const wanted = readTaskQuery(params.id, query)
    const { tasks, count } = await listTasks(services, wanted)
    return sendJson(reply, (wanted.payloads ? taskListJson : taskSummaryListJson)(tasks, count))
  })
  app.get('/api/v1/task_group/:id/graph', { schema: schemas.graph, config: long }, async ({ params }, reply) =>
    sendJson(reply, JSON.stringify(await readGroupGraph(services, params.id))),
  )
  app.post(
    '/api/v1/task_group/:id/tasks',
    { schema: schemas.create, config: { ...unnoted, ...findable } },
    async ({ params, body }, reply) => sendJson(reply, taskJson(await createTask(services, params.id, readTask(body)))),
  )
  app.post(
    '/api/v1/task_group/:id/tasks/batch',
    { schema: schemas.batch, config: { ...long, ...unnoted, ...findable } },
    async ({ params, body }, reply) => {
      const tasks = await createTasks(services, params.id, readBatch(body))
      return sendJson(reply, taskListJson(tasks, tasks.length))
    },
  )
}

const tasks = Type.Object({ tasks: Type.Array(named('Task')), count })
const page = Type.Object({ tasks: Type.Array(Type.Union([named('Task'), named('TaskSummary')])), count })
const creation = {
  tags: ['Tasks'],
  params: GroupParams,
}
const creationRefusals = [
  ...commonRefusals,
  ...bodyRefusals,
  'group_not_found',
  'duplicate_id',
  'unknown_parent',
  'storage_full',
] as const

const schemas = {
  list: {
    tags: ['Tasks'],
    operationId: 'listTasks',
    summary: 'List the tasks of a group, oldest first',
    description: 'Besides the parameters below, `metadata.NAME=VALUE` leaves only tasks with that metadata.',
    params: GroupParams,
    querystring: TaskListQuery,
    response: answers(json('A page of tasks; summaries when `payloads` is false.', page), [
      ...commonRefusals,
      'group_not_found',
      'invalid_request',
    ]),
  },
  graph: {
    tags: ['Tasks'],
    operationId: 'getTaskGraph',
    summary: 'Read the tasks of a group with their parents, in short',
    description: 'Field by field and without payloads: 10,000 tasks are some hundred kilobytes.',
    params: GroupParams,
    response: answers(json('The tasks, oldest first.', named('TaskGraph')), [...commonRefusals, 'group_not_found']),
  },
  create: {
    ...creation,
    operationId: 'createTask',
    summary: 'Create a task',
    body: named('TaskInput'),
    response: answers(json('The task.', named('Task')), creationRefusals),
  },
  batch: {
    ...creation,
    operationId: 'createTasks',
    summary: 'Create up to 10,000 tasks in one call',
    description: 'All or nothing. Tasks may name each other as parents in any order.',
    body: named('TaskBatch'),
    response: answers(json('The tasks, in the order given.', tasks), [...creationRefusals, 'cycle']),
  },
}
