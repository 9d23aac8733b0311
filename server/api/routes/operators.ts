import { Type } from 'typebox'
import { createOperator, deleteOperator, editOperator, getOperator, listOperators } from '../../services/operators.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { adminOnly } from '../auth/require-login.ts'
import { readOperator } from '../bodies.ts'
import { operatorJson, operatorListJson } from '../present/operator-json.ts'
import { sendJson } from '../present/send.ts'
import { answers, bodyRefusals, commonRefusals, json } from '../schemas/answers.ts'
import { named } from '../schemas/named.ts'
import { OperatorParams } from '../schemas/params.ts'

/** Settings of workers in the words of Crew v1 (WIRE section 2). */
export function operatorRoutes(app: ApiInstance, { services }: ApiDeps): void {
  app.get('/api/v1/operators', { schema: schemas.list }, async (_request, reply) =>
    sendJson(reply, operatorListJson(await listOperators(services))),
  )
  app.post('/api/v1/operators', { schema: schemas.create, config: adminOnly }, async (request, reply) => {
    const operator = readOperator(request.body, null, services.directory)
    request.activity = { id: operator.channel }
    return sendJson(reply, operatorJson(await createOperator(services, operator)))
  })
  app.get('/api/v1/operator/:id', { schema: schemas.read }, async ({ params }, reply) =>
    sendJson(reply, operatorJson(await getOperator(services, params.id))),
  )
  app.put('/api/v1/operator/:id', { schema: schemas.edit, config: adminOnly }, async ({ params, body }, reply) => {
    const operator = readOperator(body, params.id, services.directory)
    return sendJson(reply, operatorJson(await editOperator(services, operator)))
  })
  app.delete('/api/v1/operator/:id', { schema: schemas.delete, config: adminOnly }, async ({ params }, reply) => {
    await deleteOperator(services, params.id)
    return sendJson(reply, JSON.stringify({ id: params.id, deleted: true }))
  })
}

const tags = ['Operators']
const operator = json('The operator.', named('Operator'))
const deleted = json(
  'It is gone.',
  Type.Object({ id: Type.String({ description: 'The channel.' }), deleted: Type.Literal(true) }),
)
const changed = [...commonRefusals, ...bodyRefusals, 'conflict', 'storage_full'] as const

const schemas = {
  list: {
    tags,
    operationId: 'listOperators',
    summary: 'List the workers with settings of their own, as operators',
    response: answers(json('All of them, by channel.', Type.Array(named('Operator'))), commonRefusals),
  },
  create: {
    tags,
    operationId: 'createOperator',
    summary: 'Give a worker settings, as an operator',
    body: named('OperatorInput'),
    response: answers(operator, [...changed, 'duplicate_id']),
  },
  read: {
    tags,
    operationId: 'getOperator',
    summary: 'Read an operator',
    params: OperatorParams,
    response: answers(operator, [...commonRefusals, 'worker_not_found']),
  },
  edit: {
    tags,
    operationId: 'updateOperator',
    summary: 'Change an operator',
    params: OperatorParams,
    body: named('OperatorEdit'),
    response: answers(operator, [...changed, 'worker_not_found']),
  },
  delete: {
    tags,
    operationId: 'deleteOperator',
    summary: 'Delete an operator: the settings of its worker',
    description: 'The tasks of its channel stay.',
    params: OperatorParams,
    response: answers(deleted, [...commonRefusals, 'worker_not_found']),
  },
}
