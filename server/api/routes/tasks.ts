import type { FastifySchema } from 'fastify'
import { deleteTask, getTask, resetTask, retryTask, updateTask } from '../../services/tasks.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { readTaskEdit } from '../bodies.ts'
import { long } from '../deadline.ts'
import { sendDeleted, sendJson } from '../present/send.ts'
import { taskJson } from '../present/task-json.ts'
import { AttemptsBody, DEFAULT_ATTEMPTS, ResetBody } from '../schemas/actions.ts'
import { answers, bodyRefusals, commonRefusals, json } from '../schemas/answers.ts'
import { named } from '../schemas/named.ts'
import { GroupTaskParams, TaskParams } from '../schemas/params.ts'

/** One task: read, change, delete, reset, retry; by its id alone, and below its group as crew-go's clients know it. */
export function taskRoutes(app: ApiInstance, deps: ApiDeps): void {
  mount(app, deps, '/api/v1/task/:tid', (schema) => ({ ...schema, params: TaskParams }))
  mount(app, deps, '/api/v1/task_group/:gid/task/:tid', (schema) => ({
    ...schema,
    operationId: `${schema.operationId}InGroup`,
    params: GroupTaskParams,
  }))
}

type Params = { readonly tid: string; readonly gid?: string }

/** What the services take: a task, and the group that it must be of. */
export const refOf = ({ tid, gid }: Params) => ({ taskId: tid, ...(gid !== undefined && { groupId: gid }) })

type Located = <Schema extends FastifySchema & { operationId: string }>(
  schema: Schema,
) => Schema & { params: typeof TaskParams }

function mount(app: ApiInstance, { services }: ApiDeps, url: string, at: Located): void {
  app.get(url, { schema: at(schemas.read) }, async ({ params }, reply) =>
    sendJson(reply, taskJson(await getTask(services, refOf(params)))),
  )
  app.put(url, { schema: at(schemas.update) }, async ({ params, body }, reply) =>
    sendJson(reply, taskJson(await updateTask(services, refOf(params), readTaskEdit(body)))),
  )
  app.delete(url, { schema: at(schemas.delete), config: long }, async ({ params }, reply) => {
    await deleteTask(services, refOf(params))
    return sendDeleted(reply, params.tid)
  })
  app.post(`${url}/reset`, { schema: at(schemas.reset), config: long }, async ({ params, body }, reply) => {
    const { remainingAttempts = DEFAULT_ATTEMPTS, descendants = false } = body
    return sendJson(reply, taskJson(await resetTask(services, refOf(params), { remainingAttempts, descendants })))
  })
  app.post(`${url}/retry`, { schema: at(schemas.retry) }, async ({ params, body }, reply) => {
    const { remainingAttempts = DEFAULT_ATTEMPTS } = body
    return sendJson(reply, taskJson(await retryTask(services, refOf(params), { remainingAttempts })))
  })
}

const tags = ['Tasks']
const task = json('The task.', named('Task'))
const absent = [...commonRefusals, 'group_not_found', 'task_not_found'] as const

const schemas = {
  read: { tags, operationId: 'getTask', summary: 'Read a task', response: answers(task, absent) },
  update: {
    tags,
    operationId: 'updateTask',
    summary: 'Change a task',
    description: '`isComplete: true` wakes its children. While it runs only `isPaused` and `name` may change.',
    body: named('TaskEdit'),
    response: answers(task, [...absent, ...bodyRefusals, 'task_running', 'conflict']),
  },
  delete: {
    tags,
    operationId: 'deleteTask',
    summary: 'Delete a task',
    description: 'A child without another parent goes with it. An attempt under way changes nothing any more.',
    response: answers(json('It is gone.', named('Deleted')), [...absent, 'conflict']),
  },
  reset: {
    tags,
    operationId: 'resetTask',
    summary: 'Make a task look as if it never ran',
    description:
      'Its own continuations are deleted; its complete children wait again. An attempt under way is fenced off.',
    body: ResetBody,
    response: answers(task, [...absent, ...bodyRefusals, 'conflict']),
  },
  retry: {
    tags,
    operationId: 'retryTask',
    summary: 'Try a task again now',
    body: AttemptsBody,
    response: answers(task, [...absent, ...bodyRefusals, 'conflict']),
  },
}
