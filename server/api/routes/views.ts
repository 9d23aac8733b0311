import { Type } from 'typebox'
import { Turns } from '../../services/turns.ts'
import { createView, deleteView, editView, listViews, type ViewContext } from '../../services/views.ts'
import { unnoted } from '../activity-hook.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { identityOf } from '../auth/require-login.ts'
import { findable } from '../idempotency.ts'
import { sendDeleted, sendJson } from '../present/send.ts'
import { viewJson, viewListJson } from '../present/view-json.ts'
import { readPage } from '../queries.ts'
import { answers, bodyRefusals, commonRefusals, json } from '../schemas/answers.ts'
import { count } from '../schemas/fields.ts'
import { named } from '../schemas/named.ts'
import { ViewParams } from '../schemas/params.ts'
import { PagingQuery } from '../schemas/queries.ts'
import { NewViewBody, ViewEditBody } from '../schemas/saved-view.ts'

/** Anybody keeps views of his own, and nobody asks afterwards who looked at what. */
const own = { role: 'viewer', ...unnoted } as const

/** Saved views of the list of groups: list, save, change, delete. */
export function viewRoutes(app: ApiInstance, { services }: ApiDeps): void {
  const context: ViewContext = { ...services, viewTurns: new Turns() }
  app.get('/api/v1/views', { schema: schemas.list }, async (request, reply) => {
    const who = identityOf(request)
    const { views, count } = await listViews(context, who, readPage(request.query))
    return sendJson(reply, viewListJson(views, count, who))
  })
  app.post('/api/v1/views', { schema: schemas.create, config: { ...own, ...findable } }, async (request, reply) => {
    const who = identityOf(request)
    const { name, query, isShared = false } = request.body
    return sendJson(
      reply,
      viewJson(await createView(context, who, { name: name.toWellFormed(), query, isShared }), who),
    )
  })
  app.put('/api/v1/view/:id', { schema: schemas.edit, config: own }, async (request, reply) => {
    const who = identityOf(request)
    const { name, query, isShared } = request.body
    const edit = { name: name?.toWellFormed(), query, isShared }
    return sendJson(reply, viewJson(await editView(context, who, request.params.id, edit), who))
  })
  app.delete('/api/v1/view/:id', { schema: schemas.delete, config: own }, async (request, reply) => {
    await deleteView(context, identityOf(request), request.params.id)
    return sendDeleted(reply, request.params.id)
  })
}

const tags = ['Views']
const view = json('The view.', named('SavedView'))
const page = json('A page of views.', Type.Object({ views: Type.Array(named('SavedView')), count }))

const schemas = {
  list: {
    tags,
    operationId: 'listViews',
    summary: 'List the saved views of task groups',
    description: 'The own ones by name, then those that others share.',
    querystring: PagingQuery,
    response: answers(page, [...commonRefusals, 'invalid_request']),
  },
  create: {
    tags,
    operationId: 'createView',
    summary: 'Save a view of task groups',
    description: 'At most 50 of one owner, and 1000 in all.',
    body: NewViewBody,
    response: answers(view, [...commonRefusals, ...bodyRefusals, 'duplicate_id', 'conflict', 'storage_full']),
  },
  edit: {
    tags,
    operationId: 'updateView',
    summary: 'Rename or change a saved view, or share it',
    description: 'One of another owner only admins change, and only while it is shared.',
    params: ViewParams,
    body: ViewEditBody,
    response: answers(view, [...commonRefusals, ...bodyRefusals, 'view_not_found', 'duplicate_id', 'storage_full']),
  },
  delete: {
    tags,
    operationId: 'deleteView',
    summary: 'Delete a saved view',
    params: ViewParams,
    response: answers(json('It is gone.', named('Deleted')), [...commonRefusals, 'view_not_found']),
  },
}
