import { Type } from 'typebox'
import { explainTaskGroup } from '../../services/group-why.ts'
import { listAttemptsOf } from '../../services/tasks.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { long } from '../deadline.ts'
import { attemptsOfJson } from '../present/attempt-json.ts'
import { presentReason } from '../present/reason-json.ts'
import { sendJson } from '../present/send.ts'
import { readIds } from '../queries.ts'
import { answers, commonRefusals, json } from '../schemas/answers.ts'
import { named } from '../schemas/named.ts'
import { GroupParams } from '../schemas/params.ts'
import { AttemptsQuery } from '../schemas/queries.ts'

/** A group: what happened to its tasks, and what holds it up. */
export function groupInsightRoutes(app: ApiInstance, { services }: ApiDeps): void {
  app.get('/api/v1/task_group/:id/attempts', { schema: schemas.attempts }, async ({ params, query }, reply) =>
    sendJson(reply, attemptsOfJson(await listAttemptsOf(services, params.id, readIds(query.ids)))),
  )
  app.get('/api/v1/task_group/:id/why', { schema: schemas.why, config: long }, async ({ params }, reply) => {
    const { state, reasons, ...rest } = await explainTaskGroup(services, params.id)
    const told = reasons.map((reason) => ({ ...presentReason(reason), count: reason.count }))
    return sendJson(reply, JSON.stringify({ state, reasons: told, ...rest }))
  })
}

const attempts = Type.Object({
  tasks: Type.Array(
    Type.Object({
      taskId: Type.String(),
      attempts: Type.Array(named('Attempt'), { description: 'The newest 50, newest first.' }),
    }),
  ),
})

const schemas = {
  why: {
    tags: ['Task groups'],
    operationId: 'explainTaskGroup',
    summary: 'Read what holds a task group up',
    description: 'Told from the same rules as those by which tasks start, over all tasks that are not complete.',
    params: GroupParams,
    response: answers(json('What is in the way of how many tasks, and what is left to do.', named('GroupWhy')), [
      ...commonRefusals,
      'group_not_found',
    ]),
  },
  attempts: {
    tags: ['Task groups'],
    operationId: 'listAttemptsOfTasks',
    summary: 'List the attempts of several tasks of a group',
    description: 'In the order given; a task that is not there is left out.',
    params: GroupParams,
    querystring: AttemptsQuery,
    response: answers(json('The attempts, by task.', attempts), [
      ...commonRefusals,
      'group_not_found',
      'invalid_request',
    ]),
  },
}
