import { Type } from 'typebox'
import { formatTime } from '../../core/time.ts'
import { explainTask, listAttempts, pluckTask } from '../../services/tasks.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { attemptsJson } from '../present/attempt-json.ts'
import { groupJson } from '../present/group-json.ts'
import { sendJson } from '../present/send.ts'
import { answers, commonRefusals, json } from '../schemas/answers.ts'
import { named } from '../schemas/named.ts'
import { TaskParams } from '../schemas/params.ts'
import { refOf } from './tasks.ts'

/** One task: what happened to it, why it is not running, and a copy to look into alone. */
export function taskInsightRoutes(app: ApiInstance, { services }: ApiDeps): void {
  app.get('/api/v1/task/:tid/attempts', { schema: schemas.attempts }, async ({ params }, reply) =>
    sendJson(reply, attemptsJson(await listAttempts(services, refOf(params)))),
  )
  app.get('/api/v1/task/:tid/why', { schema: schemas.why }, async ({ params }, reply) => {
    const { state, reasons } = await explainTask(services, refOf(params))
    return sendJson(reply, JSON.stringify({ state, reasons: reasons.map(presentReason) }))
  })
  app.post('/api/v1/task/:tid/pluck', { schema: schemas.pluck }, async ({ params }, reply) =>
    sendJson(reply, groupJson(await pluckTask(services, refOf(params)))),
  )
}

type Reason = Awaited<ReturnType<typeof explainTask>>['reasons'][number]

function presentReason({ code, message, until, ref }: Reason) {
  return { code, message, ...(until !== undefined && { until: formatTime(until) }), ...(ref !== undefined && { ref }) }
}

const tags = ['Tasks']
const absent = [...commonRefusals, 'task_not_found'] as const
const attempts = json('The newest 50, newest first.', Type.Object({ attempts: Type.Array(named('Attempt')) }))

const schemas = {
  attempts: {
    tags,
    operationId: 'listAttempts',
    summary: 'List the attempts of a task',
    params: TaskParams,
    response: answers(attempts, absent),
  },
  why: {
    tags,
    operationId: 'explainTask',
    summary: 'Read why a task is not running',
    params: TaskParams,
    response: answers(json('Everything that is in the way.', named('Why')), absent),
  },
  pluck: {
    tags,
    operationId: 'pluckTask',
    summary: 'Copy a task into a new paused group, to run it alone',
    description: "The parents' results are frozen into the copy.",
    params: TaskParams,
    response: answers(json('The new group.', named('TaskGroup')), [...absent, 'storage_full']),
  },
}
