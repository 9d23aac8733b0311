import { Type } from 'typebox'
import { RawJson } from '../../core/raw-json.ts'
import { HISTORY_MINUTES } from '../../core/worker-history.ts'
import { testWorker } from '../../services/worker-test.ts'
import {
  deleteWorker,
  editWorker,
  getWorker,
  getWorkerHistory,
  listWorkers,
  pauseWorker,
  resumeWorker,
} from '../../services/workers.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { adminOnly } from '../auth/require-login.ts'
import { readWorkerEdit } from '../bodies.ts'
import { long } from '../deadline.ts'
import { endOfHold } from '../end-of-hold.ts'
import { sendJson } from '../present/send.ts'
import { workerHistoryJson, workerJson, workerListJson, workerTestJson } from '../present/worker-json.ts'
import { readPage } from '../queries.ts'
import { answers, bodyRefusals, commonRefusals, json } from '../schemas/answers.ts'
import { count } from '../schemas/fields.ts'
import { HoldBody } from '../schemas/hold.ts'
import { named } from '../schemas/named.ts'
import { WorkerParams } from '../schemas/params.ts'
import { WorkerListQuery } from '../schemas/queries.ts'
import { HistoryQuery, TestBody, WorkerHistory } from '../schemas/worker.ts'

/** Workers: list, read, set, delete, hold, resume, try. */
export function workerRoutes(app: ApiInstance, { services, clock }: ApiDeps): void {
  app.get('/api/v1/workers', { schema: schemas.list }, async ({ query }, reply) => {
    const { workers, count } = await listWorkers(services, { ...readPage(query), search: query.search ?? '' })
    return sendJson(reply, workerListJson(workers, count))
  })
  app.get('/api/v1/worker/:name', { schema: schemas.read }, async ({ params }, reply) =>
    sendJson(reply, workerJson(await getWorker(services, params.name))),
  )
  app.get('/api/v1/worker/:name/history', { schema: schemas.history }, async ({ params, query }, reply) => {
    const minutes = await getWorkerHistory(services, params.name, query.minutes ?? HISTORY_MINUTES)
    return sendJson(reply, workerHistoryJson(minutes))
  })
  app.put('/api/v1/worker/:name', { schema: schemas.edit, config: adminOnly }, async ({ params, body }, reply) => {
    const edit = readWorkerEdit(body, params.name, services.directory)
    return sendJson(reply, workerJson(await editWorker(services, params.name, edit)))
  })
  app.delete('/api/v1/worker/:name', { schema: schemas.delete, config: adminOnly }, async ({ params }, reply) => {
    await deleteWorker(services, params.name)
    return sendJson(reply, JSON.stringify({ name: params.name, deleted: true }))
  })
  app.post('/api/v1/worker/:name/pause', { schema: schemas.pause }, async ({ params, body }, reply) => {
    const hold = { until: endOfHold(body, clock.now()), reason: (body.reason ?? '').toWellFormed() }
    return sendJson(reply, workerJson(await pauseWorker(services, params.name, hold)))
  })
  app.post('/api/v1/worker/:name/resume', { schema: schemas.resume }, async ({ params }, reply) =>
    sendJson(reply, workerJson(await resumeWorker(services, params.name))),
  )
  app.post('/api/v1/worker/:name/test', { schema: schemas.test, config: long }, async ({ params, body }, reply) => {
    const input = body.input instanceof RawJson ? body.input.text : undefined
    const test = await testWorker(services, params.name, { input, timeoutSeconds: body.timeoutSeconds })
    return sendJson(reply, workerTestJson(test))
  })
}

const tags = ['Workers']
const worker = json('The worker.', named('Worker'))
const page = json('A page of workers, by name.', Type.Object({ workers: Type.Array(named('Worker')), count }))
const deleted = json(
  'Its settings are gone.',
  Type.Object({ name: Type.String({ description: 'Whose settings were deleted.' }), deleted: Type.Literal(true) }),
)
const tested = json('What was sent, and what came back.', named('WorkerTest'))
const action = {
  tags,
  params: WorkerParams,
  response: answers(worker, [...commonRefusals, ...bodyRefusals]),
}

const schemas = {
  history: {
    tags,
    operationId: 'getWorkerHistory',
    summary: 'Read what a worker did in each minute of the last hour',
    description: 'Of the server that is asked alone, since its start; of the 200 workers that it called last.',
    params: WorkerParams,
    querystring: HistoryQuery,
    response: answers(json('By the minute.', WorkerHistory), [
      ...commonRefusals,
      'worker_not_found',
      'invalid_request',
    ]),
  },
  list: {
    tags,
    operationId: 'listWorkers',
    summary: 'List the workers and rules that have settings, or that tasks, holds or limits name',
    querystring: WorkerListQuery,
    response: answers(page, [...commonRefusals, 'invalid_request']),
  },
  read: {
    tags,
    operationId: 'getWorker',
    summary: 'Read a worker: its settings, its limits, and how it goes',
    params: WorkerParams,
    response: answers(worker, [...commonRefusals, 'worker_not_found']),
  },
  edit: {
    ...action,
    operationId: 'updateWorker',
    summary: 'Set how a worker is called, and how fast',
    description: `The name may be a rule: \`*\`, or \`shopify/*\` for every worker below \`shopify/\`. The longest rule that fits counts, as a
whole, where a worker has no settings; when it is given its own, they begin with those of the rule.`,
    body: named('WorkerEdit'),
    response: answers(worker, [...commonRefusals, ...bodyRefusals, 'conflict', 'storage_full']),
  },
  delete: {
    tags,
    operationId: 'deleteWorker',
    summary: 'Delete the settings of a worker or a rule',
    description: 'Its tasks stay, and so do holds, but a pause by hand ends.',
    params: WorkerParams,
    response: answers(deleted, [...commonRefusals, 'worker_not_found']),
  },
  pause: {
    ...action,
    operationId: 'pauseWorker',
    summary: 'Hold a worker, for a while or until it is resumed',
    description: 'Only ever raises: a shorter hold changes nothing. Attempts under way are left alone.',
    body: HoldBody,
  },
  resume: {
    ...action,
    operationId: 'resumeWorker',
    summary: 'End the hold on a worker, and close its breaker',
    description: 'It opens step by step (`ramp`).',
  },
  test: {
    tags,
    operationId: 'testWorker',
    summary: 'Call a worker once, outside any group',
    description: `With a made-up task and the header \`Crew-Test: 1\`. Nothing comes of the answer. Takes as long as the worker takes, and
is not bound by its limits or holds.`,
    params: WorkerParams,
    body: TestBody,
    response: answers(tested, [...commonRefusals, ...bodyRefusals, 'worker_has_no_address', 'too_many_requests']),
  },
}
