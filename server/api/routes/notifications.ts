import { getNotifications, type NotificationContext, putNotifications } from '../../services/notifications.ts'
import { Turns } from '../../services/turns.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { adminOnly } from '../auth/require-login.ts'
import { readNotifications } from '../bodies.ts'
import { sendJson } from '../present/send.ts'
import { receiverJson } from '../present/settings-json.ts'
import { answers, bodyRefusals, commonRefusals, json } from '../schemas/answers.ts'
import { named } from '../schemas/named.ts'

/** Who is told of all groups: read, set. */
export function notificationRoutes(app: ApiInstance, { services }: ApiDeps): void {
  const context: NotificationContext = { ...services, notificationTurns: new Turns() }
  app.get('/api/v1/notifications', { schema: schemas.read, config: adminOnly }, async (_, reply) =>
    sendJson(reply, notificationsJson(await getNotifications(context))),
  )
  app.put('/api/v1/notifications', { schema: schemas.put, config: adminOnly }, async ({ body }, reply) =>
    sendJson(reply, notificationsJson(await putNotifications(context, readNotifications(body, services.directory)))),
  )
}

const notificationsJson = ({ receivers }: Awaited<ReturnType<typeof getNotifications>>): string =>
  JSON.stringify({ notify: receivers.map(receiverJson) })

const tags = ['Notifications']
const notifications = json('Who is told.', named('Notifications'))

const schemas = {
  read: {
    tags,
    operationId: 'getNotifications',
    summary: 'Read who is told of all task groups',
    response: answers(notifications, commonRefusals),
  },
  put: {
    tags,
    operationId: 'updateNotifications',
    summary: 'Set who is told of all task groups',
    description: `Deliveries are tasks of a group of the day, \`crew.notifications.2026-11-22\`. Groups that ended before are not told of.`,
    body: named('Notifications'),
    response: answers(notifications, [...commonRefusals, ...bodyRefusals, 'conflict', 'storage_full']),
  },
}
