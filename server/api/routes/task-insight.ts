import { Type } from 'typebox'
import { RawJson } from '../../core/raw-json.ts'
import { previewRequest } from '../../services/task-request.ts'
import { explainTask, listAttempts, pluckTask } from '../../services/tasks.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { roleOf } from '../auth/require-login.ts'
import { attemptsJson } from '../present/attempt-json.ts'
import { groupJson } from '../present/group-json.ts'
import { presentReason } from '../present/reason-json.ts'
import { sendJson } from '../present/send.ts'
import { PluckBody } from '../schemas/actions.ts'
import { answers, bodyRefusals, commonRefusals, json } from '../schemas/answers.ts'
import { named, orNull } from '../schemas/named.ts'
import { TaskParams } from '../schemas/params.ts'
import { TaskRequest } from '../schemas/worker.ts'
import { refOf } from './tasks.ts'

/** One task: what happened to it, why it is not running, and a copy to look into alone. */
export function taskInsightRoutes(app: ApiInstance, { services }: ApiDeps): void {
  app.get('/api/v1/task/:tid/attempts', { schema: schemas.attempts }, async ({ params }, reply) => {
    const { attempts, heartbeat } = await listAttempts(services, refOf(params))
    return sendJson(reply, attemptsJson(attempts, heartbeat))
  })
  app.get('/api/v1/task/:tid/why', { schema: schemas.why }, async ({ params }, reply) => {
    const { state, reasons, ahead } = await explainTask(services, refOf(params))
    return sendJson(reply, JSON.stringify({ state, reasons: reasons.map(presentReason), ahead }))
  })
  app.post('/api/v1/task/:tid/pluck', { schema: schemas.pluck }, async (request, reply) => {
    const { params, body } = request
    const changes = body?.input instanceof RawJson ? { input: body.input.text } : {}
    return sendJson(reply, groupJson(await pluckTask(services, refOf(params), changes), roleOf(request)))
  })
  app.get('/api/v1/task/:tid/request', { schema: schemas.request }, async ({ params }, reply) => {
    const { url, headers, body } = await previewRequest(services, refOf(params))
    return sendJson(reply, JSON.stringify({ url, method: 'POST', headers, body }))
  })
}

const tags = ['Tasks']
const HEARTBEAT = 'What its worker told while it worked on the newest one; null: nothing.'
const absent = [...commonRefusals, 'task_not_found'] as const
const attempts = json(
  'The newest 50, newest first.',
  Type.Object({ attempts: Type.Array(named('Attempt')), heartbeat: orNull(named('Heartbeat'), HEARTBEAT) }),
)

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
    description: 'Told from the same rules as those by which tasks start.',
    params: TaskParams,
    response: answers(json('Everything that is in the way.', named('Why')), absent),
  },
  pluck: {
    tags,
    operationId: 'pluckTask',
    summary: 'Copy a task into a new paused group, to run it alone',
    description: "The parents' results are frozen into the copy.",
    params: TaskParams,
    body: PluckBody,
    response: answers(json('The new group.', named('TaskGroup')), [...absent, ...bodyRefusals, 'storage_full']),
  },
  request: {
    tags,
    operationId: 'previewRequest',
    summary: 'Read what the worker of a task is sent',
    description: 'Of the attempt under way, else of the next one, with the results that its parents have by now.',
    params: TaskParams,
    response: answers(json('The request.', TaskRequest), absent),
  },
}
