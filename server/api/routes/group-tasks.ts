import { Type } from 'typebox'
import { createTask, createTasks, listTasks } from '../../services/tasks.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { readBatch, readTask } from '../bodies.ts'
import { long } from '../deadline.ts'
import { sendJson } from '../present/send.ts'
import { taskJson, taskListJson } from '../present/task-json.ts'
import { readTaskQuery } from '../queries.ts'
import { answers, bodyRefusals, commonRefusals, json } from '../schemas/answers.ts'
import { count } from '../schemas/fields.ts'
import { named } from '../schemas/named.ts'
import { GroupParams } from '../schemas/params.ts'
import { TaskListQuery } from '../schemas/queries.ts'

/** The tasks of a group: list, create one, create many. */
export function groupTaskRoutes(app: ApiInstance, { services }: ApiDeps): void {
  app.get('/api/v1/task_group/:id/tasks', { schema: schemas.list }, async ({ params, query }, reply) => {
    const { tasks, count } = await listTasks(services, readTaskQuery(params.id, query))
    return sendJson(reply, taskListJson(tasks, count))
  })
  app.post('/api/v1/task_group/:id/tasks', { schema: schemas.create }, async ({ params, body }, reply) =>
    sendJson(reply, taskJson(await createTask(services, params.id, readTask(body)))),
  )
  app.post(
    '/api/v1/task_group/:id/tasks/batch',
    { schema: schemas.batch, config: long },
    async ({ params, body }, reply) => {
      const tasks = await createTasks(services, params.id, readBatch(body))
      return sendJson(reply, taskListJson(tasks, tasks.length))
    },
  )
}

const tasks = Type.Object({ tasks: Type.Array(named('Task')), count })
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
    response: answers(json('A page of tasks.', tasks), [...commonRefusals, 'group_not_found', 'invalid_request']),
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
