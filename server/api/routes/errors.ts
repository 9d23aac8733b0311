import { getError, listErrors } from '../../services/errors.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { long } from '../deadline.ts'
import { errorJson, errorListJson } from '../present/error-json.ts'
import { sendJson } from '../present/send.ts'
import { readErrorScan, readPage } from '../queries.ts'
import { answers, commonRefusals, json } from '../schemas/answers.ts'
import { ErrorListQuery, ErrorQuery } from '../schemas/error.ts'
import { named } from '../schemas/named.ts'
import { ErrorParams } from '../schemas/params.ts'

/** What tasks fail by, sorted by kind. */
export function errorRoutes(app: ApiInstance, { services }: ApiDeps): void {
  app.get('/api/v1/errors', { schema: schemas.list, config: long }, async ({ query }, reply) =>
    sendJson(reply, errorListJson(await listErrors(services, readErrorScan(query)))),
  )
  app.get('/api/v1/error/:fingerprint', { schema: schemas.read, config: long }, async ({ params, query }, reply) => {
    const scan = { ...readErrorScan(query), ...readPage(query) }
    return sendJson(reply, errorJson(await getError(services, params.fingerprint, scan)))
  })
}

const tags = ['Errors']
const refusals = [...commonRefusals, 'group_not_found', 'invalid_request'] as const

const schemas = {
  list: {
    tags,
    operationId: 'listErrors',
    summary: 'List what tasks fail by, sorted by kind',
    description: `Tasks that failed or wait to be tried again, by the fingerprint of their last error. Of more than 10,000 those of
the newest groups are looked at.`,
    querystring: ErrorListQuery,
    response: answers(json('The kinds of errors.', named('TaskErrorList')), refusals),
  },
  read: {
    tags,
    operationId: 'getError',
    summary: 'Read one kind of error, with the tasks that fail by it',
    params: ErrorParams,
    querystring: ErrorQuery,
    response: answers(json('The kind, with a page of its tasks.', named('TaskErrorDetail')), [
      ...refusals,
      'error_not_found',
    ]),
  },
}
