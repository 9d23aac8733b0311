import type { ApiInstance } from '../api-deps.ts'
import { long } from '../deadline.ts'
import type { EventHub } from '../event-hub.ts'
import { answers, text } from '../schemas/answers.ts'
import { EventQuery } from '../schemas/queries.ts'
import { invalidRequest } from '../validation.ts'

/** Server-sent events (WIRE section 6). */
export function eventRoutes(app: ApiInstance, hub: EventHub): void {
  app.get('/api/v1/events', { schema, config: long, exposeHeadRoute: false }, async ({ query, headers }, reply) => {
    const filter = { groupId: query.taskGroup, types: readTypes(query.types) }
    const lastEventId = headers['last-event-id']
    // `X-Accel-Buffering` keeps nginx from collecting what should arrive now.
    reply.type('text/event-stream; charset=utf-8').header('x-accel-buffering', 'no')
    return reply.send(hub.openStream(filter, typeof lastEventId === 'string' ? lastEventId : undefined))
  })
}

const eventTypes: readonly string[] = [
  'task.created',
  'task.updated',
  'task.deleted',
  'group.created',
  'group.updated',
  'group.deleted',
  'workgroup.held',
  'workgroup.resumed',
]

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
  description: `Each has an \`id\` and \`data\` like \`{"type":"task.updated","taskGroupId":"…","taskId":"…"}\`;
what it names can be read again. Send \`Last-Event-ID\` to go on where a connection broke off. The event \`resync\` says
that some were missed. A comment comes every 15 s. A client that does not keep up is disconnected.

Types: ${eventTypes.map((type) => `\`${type}\``).join(', ')}.`,
  querystring: EventQuery,
  response: answers(text('The stream.', 'text/event-stream'), ['unauthorized', 'invalid_request', 'too_many_requests']),
}
