import { Type } from 'typebox'
import type { ActivityLog } from '../../services/activity.ts'
import type { ApiInstance } from '../api-deps.ts'
import { activityListJson } from '../present/activity-json.ts'
import { sendJson } from '../present/send.ts'
import { readPage } from '../queries.ts'
import { ActivityQuery } from '../schemas/activity.ts'
import { answers, commonRefusals, json } from '../schemas/answers.ts'
import { count } from '../schemas/fields.ts'
import { named } from '../schemas/named.ts'

/** Who did what. */
export function activityRoutes(app: ApiInstance, log: ActivityLog): void {
  app.get('/api/v1/activity', { schema }, async ({ query }, reply) => {
    const { actor, action, target } = query
    const { activity, count } = await log.list({ actor, action, target }, readPage(query))
    return sendJson(reply, activityListJson(activity, count))
  })
}

const page = json(
  'A page of what was done, newest first.',
  Type.Object({ activity: Type.Array(named('Activity')), count }),
)

const schema = {
  tags: ['Activity'],
  operationId: 'listActivity',
  summary: 'List who did what',
  description: `Every change by a person or a program, but for the creation of groups and tasks, and what workers answer. The newest 10,000 are
kept, of a crash all but the last quarter of a second. It tells which fields were set, and never payloads or secrets.`,
  querystring: ActivityQuery,
  response: answers(page, [...commonRefusals, 'invalid_request']),
}
