import type { CrewEvent } from '../../core/change-set.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { stillAllowed } from '../auth/require-login.ts'
import { long } from '../deadline.ts'
import type { EventHub } from '../event-hub.ts'
import { answers, text } from '../schemas/answers.ts'
import { EventQuery } from '../schemas/queries.ts'
import { invalidRequest } from '../validation.ts'

/** Server-sent events (WIRE section 6). */
export function eventRoutes(app: ApiInstance, { auth }: ApiDeps, hub: EventHub): void {
  app.get('/api/v1/events', { schema, config: long, exposeHeadRoute: false }, async (request, reply) => {
    const { query, headers } = request
    const filter = { groupId: query.taskGroup, types: readTypes(query.types) }
    const lastEventId = headers['last-event-id']
    // `X-Accel-Buffering` keeps nginx from collecting what should arrive now.
    reply.type('text/event-stream; charset=utf-8').header('x-accel-buffering', 'no')
    const known = typeof lastEventId === 'string' ? lastEventId : undefined
    return reply.send(hub.openStream(filter, known, stillAllowed(auth, request)))
  })
}

const typesToTell = {
  'task.created': true,
  'task.updated': true,
  'task.deleted': true,
  'group.created': true,
  'group.updated': true,
  'group.deleted': true,
  'workgroup.held': true,
  'workgroup.resumed': true,
  'workgroup.updated': true,
  'worker.held': true,
  'worker.resumed': true,
  'worker.updated': true,
  'worker.deleted': true,
  'schedule.updated': true,
  'schedule.deleted': true,
} as const satisfies Record<CrewEvent['type'], true>

const eventTypes: readonly string[] = Object.keys(typesToTell)

function readTypes(types: string | undefined): ReadonlySet<string> | undefined {
  if (types === undefined) return undefined
  const names = types.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !eventTypes.includes(name))
  if (unknown === undefined) return new Set(names)
  throw invalidRequest([{ pointer: '/types', detail: `"${unknown}" is none of ${eventTypes.join(', ')}` }])
}

const schema = {
  tags: ['Live'],
  operationId: 'watchEvents',
  summary: 'Hear what changes, as server-sent events',
  description: `Each has an \`id\` and \`data\` like \`{"type":"task.updated","taskGroupId":"…","taskId":"…"}\`,
or with \`workgroup\`, \`worker\` or \`schedule\` instead; what it names can be read again. Send \`Last-Event-ID\` to go on
where a connection broke off. The event \`resync\` says that some were missed. A comment comes every 15 s. A client that does
not keep up is disconnected.

Types: ${eventTypes.map((type) => `\`${type}\``).join(', ')}.`,
  querystring: EventQuery,
  response: answers(text('The stream.', 'text/event-stream'), ['unauthorized', 'invalid_request', 'too_many_requests']),
}
