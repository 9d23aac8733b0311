import { Type } from 'typebox'
import { completedPercent } from '../../core/task-group.ts'
import {
  createGraph,
  createGroup,
  deleteGroup,
  findGroup,
  getGroup,
  listGroups,
  updateGroup,
} from '../../services/groups.ts'
import { resolveReceivers } from '../../services/notifications.ts'
import { unnoted } from '../activity-hook.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { roleOf } from '../auth/require-login.ts'
import { readGraph, readGroup, readGroupEdit } from '../bodies.ts'
import { long } from '../deadline.ts'
import { findable } from '../idempotency.ts'
import { groupJson, groupListJson } from '../present/group-json.ts'
import { sendDeleted, sendJson } from '../present/send.ts'
import { readGroupQuery } from '../queries.ts'
import { answers, bodyRefusals, commonRefusals, json } from '../schemas/answers.ts'
import { count } from '../schemas/fields.ts'
import { named } from '../schemas/named.ts'
import { GroupParams } from '../schemas/params.ts'
import { GroupListQuery } from '../schemas/queries.ts'

const tags = ['Task groups']
const group = json('The group.', named('TaskGroup'))
const page = json('A page of groups.', Type.Object({ taskGroups: Type.Array(named('TaskGroup')), count }))
const progress = json(
  'The share that is complete.',
  Type.Object({ completedPercent: Type.Number({ minimum: 0, maximum: 1 }) }),
)

/** Task groups: list, create, read, change, delete. */
export function groupRoutes(app: ApiInstance, { services }: ApiDeps): void {
  app.get('/api/v1/task_groups', { schema: schemas.list }, async (request, reply) => {
    const { groups, count } = await listGroups(services, readGroupQuery(request.query))
    return sendJson(reply, groupListJson(groups, count, roleOf(request)))
  })
  app.post(
    '/api/v1/task_groups',
    { schema: schemas.create, config: { ...unnoted, ...findable } },
    async (request, reply) => {
      const { group, keep } = resolveReceivers(services, readGroup(request.body, services.directory))
      return sendJson(reply, groupJson(await createGroup(services, group, keep), roleOf(request)))
    },
  )
  app.post(
    '/api/v1/task_groups/graph',
    { schema: schemas.graph, config: { ...long, ...unnoted, ...findable } },
    async (request, reply) => {
      const { group: graph, keep } = resolveReceivers(services, readGraph(request.body, services.directory))
      return sendJson(reply, groupJson(await createGraph(services, graph, keep), roleOf(request)))
    },
  )
  app.get('/api/v1/task_group/:id', { schema: schemas.read }, async (request, reply) =>
    sendJson(reply, groupJson(await getGroup(services, request.params.id), roleOf(request))),
  )
  app.put('/api/v1/task_group/:id', { schema: schemas.update, config: long }, async (request, reply) => {
    const { params, body } = request
    const { settings } = await findGroup(services, params.id)
    const given = readGroupEdit(body, services.directory)
    const { group: edit, keep } = resolveReceivers(services, given, settings.notify)
    return sendJson(reply, groupJson(await updateGroup(services, params.id, edit, keep), roleOf(request)))
  })
  app.delete('/api/v1/task_group/:id', { schema: schemas.delete, config: long }, async ({ params }, reply) => {
    await deleteGroup(services, params.id)
    return sendDeleted(reply, params.id)
  })
  app.get('/api/v1/task_group/:id/progress', { schema: schemas.progress }, async ({ params }, reply) => {
    const share = completedPercent(await getGroup(services, params.id))
    return sendJson(reply, JSON.stringify({ completedPercent: share }))
  })
}

const schemas = {
  list: {
    tags,
    operationId: 'listTaskGroups',
    summary: 'List task groups, newest first unless another order is asked for',
    querystring: GroupListQuery,
    response: answers(page, [...commonRefusals, 'invalid_request']),
  },
  create: {
    tags,
    operationId: 'createTaskGroup',
    summary: 'Create a task group',
    body: named('GroupInput'),
    response: answers(group, [
      ...commonRefusals,
      ...bodyRefusals,
      'duplicate_id',
      'key_scope_unavailable',
      'storage_full',
    ]),
  },
  graph: {
    tags,
    operationId: 'createTaskGraph',
    summary: 'Create a task group with all its tasks',
    description: 'All or nothing. Tasks may name each other as parents in any order.',
    body: named('GraphInput'),
    response: answers(group, [
      ...commonRefusals,
      ...bodyRefusals,
      'duplicate_id',
      'key_scope_unavailable',
      'unknown_parent',
      'cycle',
      'storage_full',
    ]),
  },
  read: {
    tags,
    operationId: 'getTaskGroup',
    summary: 'Read a task group',
    params: GroupParams,
    response: answers(group, [...commonRefusals, 'group_not_found']),
  },
  update: {
    tags,
    operationId: 'updateTaskGroup',
    summary: 'Change the name, the metadata, the key scope or the failure policy of a task group',
    params: GroupParams,
    body: named('GroupEdit'),
    response: answers(group, [
      ...commonRefusals,
      ...bodyRefusals,
      'group_not_found',
      'key_scope_unavailable',
      'conflict',
    ]),
  },
  delete: {
    tags,
    operationId: 'deleteTaskGroup',
    summary: 'Delete a task group with all its tasks',
    params: GroupParams,
    response: answers(json('It is gone.', named('Deleted')), [...commonRefusals, 'group_not_found', 'conflict']),
  },
  progress: {
    tags,
    operationId: 'getTaskGroupProgress',
    summary: 'Read how much of a task group is complete',
    params: GroupParams,
    response: answers(progress, [...commonRefusals, 'group_not_found']),
  },
}
