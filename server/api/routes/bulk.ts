import { Type } from 'typebox'
import { actorOf } from '../../core/activity.ts'
import {
  type BulkContext,
  continueBulk,
  getBulk,
  listBulk,
  previewBulk,
  startBulk,
  stopBulk,
} from '../../services/bulk.ts'
import { BulkRunner } from '../../services/bulk-runner.ts'
import { Turns } from '../../services/turns.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { identityOf } from '../auth/require-login.ts'
import { readBulk } from '../bulk-body.ts'
import { long } from '../deadline.ts'
import { bulkJson, bulkListJson, bulkPreviewJson } from '../present/bulk-json.ts'
import { sendJson } from '../present/send.ts'
import { readPage } from '../queries.ts'
import { answers, bodyRefusals, commonRefusals, json } from '../schemas/answers.ts'
import { BulkBody } from '../schemas/bulk.ts'
import { count } from '../schemas/fields.ts'
import { named } from '../schemas/named.ts'
import { BulkParams } from '../schemas/params.ts'
import { PagingQuery } from '../schemas/queries.ts'

/** Bulk operations: preview, begin, watch, stop, continue. */
export function bulkRoutes(app: ApiInstance, { services, logger }: ApiDeps): void {
  const bulk = new BulkRunner(services, (err, operation) => {
    if (logger) logger.error({ err, operation }, 'a bulk operation was interrupted')
  })
  const context: BulkContext = { ...services, bulk, bulkTurns: new Turns() }
  app.addHook('preClose', () => bulk.close())
  app.post('/api/v1/bulk', { schema: schemas.create, config: long }, async (request, reply) => {
    const wanted = readBulk(request.body)
    if (wanted.kind === 'preview') {
      request.activity = { isTrial: true }
      return sendJson(reply, bulkPreviewJson(await previewBulk(context, wanted.order, wanted.selection)))
    }
    const begun = await startBulk(context, wanted.snapshot, actorOf(identityOf(request)))
    const { id, action, target, total } = begun.operation
    request.activity = { id, what: 'Begin a bulk operation', told: `${action} ${target}, ${total} in all` }
    return sendJson(reply, bulkJson(begun))
  })
  app.get('/api/v1/bulk', { schema: schemas.list }, async ({ query }, reply) => {
    const { operations, count } = await listBulk(context, readPage(query))
    return sendJson(reply, bulkListJson(operations, count))
  })
  app.get('/api/v1/bulk/:id', { schema: schemas.read }, async ({ params }, reply) =>
    sendJson(reply, bulkJson(await getBulk(context, params.id))),
  )
  app.post('/api/v1/bulk/:id/stop', { schema: schemas.stop, config: long }, async ({ params }, reply) =>
    sendJson(reply, bulkJson(await stopBulk(context, params.id))),
  )
  app.post('/api/v1/bulk/:id/continue', { schema: schemas.continue, config: long }, async ({ params }, reply) =>
    sendJson(reply, bulkJson(await continueBulk(context, params.id))),
  )
}

const tags = ['Bulk operations']
const operation = json('The operation.', named('BulkOperation'))
const created = json(
  'The preview, or the operation that its snapshot has become.',
  Type.Union([named('BulkPreview'), named('BulkOperation')]),
)
const page = json(
  'A page of operations, newest first; the newest 100 are kept.',
  Type.Object({ operations: Type.Array(named('BulkOperation')), count }),
)
const absent = [...commonRefusals, 'bulk_not_found'] as const
const action = { tags, params: BulkParams }

const schemas = {
  create: {
    tags,
    operationId: 'createBulk',
    summary: 'Preview what is to be done to many tasks or groups, or do it',
    description: `First \`{"dryRun": true, "action": …, "target": …, "filter": …}\`: nothing is done, and the list is kept for
ten minutes. Then \`{"snapshot": …}\` does it, to those of the list and to no others, in the background. The same snapshot
twice is the same operation.`,
    body: BulkBody,
    response: answers(created, [
      ...commonRefusals,
      ...bodyRefusals,
      'bulk_not_found',
      'group_not_found',
      'snapshot_expired',
      'too_many_requests',
      'storage_full',
    ]),
  },
  list: {
    tags,
    operationId: 'listBulk',
    summary: 'List bulk operations',
    querystring: PagingQuery,
    response: answers(page, [...commonRefusals, 'invalid_request']),
  },
  read: {
    tags,
    operationId: 'getBulk',
    summary: 'Read a bulk operation',
    params: BulkParams,
    response: answers(operation, absent),
  },
  stop: {
    ...action,
    operationId: 'stopBulk',
    summary: 'Stop a bulk operation',
    description: 'What was done stays. One that another server works on stops a moment later.',
    response: answers(operation, [...absent, ...bodyRefusals]),
  },
  continue: {
    ...action,
    operationId: 'continueBulk',
    summary: 'Go on with a bulk operation that was interrupted',
    response: answers(operation, [...absent, ...bodyRefusals, 'conflict', 'too_many_requests', 'storage_full']),
  },
}
