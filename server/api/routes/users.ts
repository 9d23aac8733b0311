import { Type } from 'typebox'
import { createUser, deleteUser, editUser, listUsers } from '../../services/users.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { adminOnly } from '../auth/require-login.ts'
import { secretBody } from '../idempotency.ts'
import { userJson, userListJson } from '../present/people-json.ts'
import { sendJson } from '../present/send.ts'
import { readPage } from '../queries.ts'
import { answers, bodyRefusals, commonRefusals, json } from '../schemas/answers.ts'
import { count } from '../schemas/fields.ts'
import { named } from '../schemas/named.ts'
import { UserParams } from '../schemas/params.ts'
import { NewUserBody, UserEditBody } from '../schemas/people.ts'
import { PagingQuery } from '../schemas/queries.ts'

/** Users: list, add, change, delete. */
export function userRoutes(app: ApiInstance, { auth }: ApiDeps): void {
  app.get('/api/v1/users', { schema: schemas.list, config: adminOnly }, async ({ query }, reply) => {
    const { users, count } = await listUsers(auth.people, readPage(query))
    return sendJson(reply, userListJson(users, count))
  })
  app.post(
    '/api/v1/users',
    { schema: schemas.create, config: { ...adminOnly, ...secretBody } },
    async ({ body }, reply) => {
      const { name, role, password } = body
      return sendJson(reply, userJson(await createUser(auth.people, { name, role, password })))
    },
  )
  app.put('/api/v1/user/:name', { schema: schemas.edit, config: adminOnly }, async ({ params, body }, reply) => {
    const { role, password } = body
    return sendJson(reply, userJson(await editUser(auth.people, params.name, { role, password })))
  })
  app.delete('/api/v1/user/:name', { schema: schemas.delete, config: adminOnly }, async ({ params }, reply) => {
    await deleteUser(auth.people, params.name)
    return sendJson(reply, JSON.stringify({ name: params.name, deleted: true }))
  })
}

const tags = ['People']
const user = json('The user.', named('User'))
const page = json('A page of users, by name.', Type.Object({ users: Type.Array(named('User')), count }))
const deleted = json(
  'The user is gone.',
  Type.Object({ name: Type.String({ description: 'Who was deleted.' }), deleted: Type.Literal(true) }),
)

const schemas = {
  list: {
    tags,
    operationId: 'listUsers',
    summary: 'List the users',
    querystring: PagingQuery,
    response: answers(page, [...commonRefusals, 'invalid_request']),
  },
  create: {
    tags,
    operationId: 'createUser',
    summary: 'Add a user',
    body: NewUserBody,
    response: answers(user, [
      ...commonRefusals,
      ...bodyRefusals,
      'duplicate_id',
      'conflict',
      'too_many_requests',
      'storage_full',
    ]),
  },
  edit: {
    tags,
    operationId: 'updateUser',
    summary: "Change a user's role or password",
    description: 'The sessions of the user end.',
    params: UserParams,
    body: UserEditBody,
    response: answers(user, [
      ...commonRefusals,
      ...bodyRefusals,
      'user_not_found',
      'last_admin',
      'too_many_requests',
      'storage_full',
    ]),
  },
  delete: {
    tags,
    operationId: 'deleteUser',
    summary: 'Delete a user',
    description: 'The sessions of the user end; tokens stay.',
    params: UserParams,
    response: answers(deleted, [...commonRefusals, 'user_not_found', 'last_admin']),
  },
}
