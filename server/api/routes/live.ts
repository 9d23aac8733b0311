import { CrewError } from '../../core/errors.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { stillAllowed } from '../auth/require-login.ts'
import { refuseForeignPages, refuseKnownForeigners } from '../auth/same-origin.ts'
import { long } from '../deadline.ts'
import type { EventHub } from '../event-hub.ts'
import type { LiveFeed } from '../live/live-feed.ts'
import { TOPICS } from '../live/topics.ts'
import { answers, nothing } from '../schemas/answers.ts'

/**
 * The websocket of the web UI (WIRE section 6). A browser opens one to any server from any page and sends the cookie along, so it
 * must come from our own, although it only reads.
 */
export function liveRoutes(
  app: ApiInstance,
  { auth }: ApiDeps,
  live: { readonly hub: EventHub; readonly tabs: LiveFeed },
): void {
  app.route({
    method: 'GET',
    url: '/api/v1/live',
    schema,
    config: long,
    exposeHeadRoute: false,
    preHandler: async (request) => {
      if (auth.kind === 'on' && request.headers.authorization === undefined) refuseForeignPages(request)
      if (auth.kind === 'application') refuseKnownForeigners(request)
      live.hub.refuseTooMany()
    },
    handler: async () => {
      throw new CrewError('invalid_request', 'This address is a websocket: ask for Upgrade: websocket.')
    },
    wsHandler: (socket, request) => {
      live.tabs.join(socket, stillAllowed(auth, request))
    },
  })
}

const schema = {
  tags: ['Live'],
  operationId: 'followTopics',
  summary: 'Follow topics over a websocket',
  description: `The first frame is \`{"seq", "now"}\`, and so is one every 15 s. Send \`{"sub": ["group:ID", "workers"],
"since": seq}\`: these topics, and no others, are told from then on. The answer has the same \`sub\`, and what happened
since then. Frames are \`{"seq", "deltas": [{"topic", "tasks"?, "groups"?, "workers"?, "workgroups"?, "schedules"?: [ids],
"isListChanged"?, "isPartial"?}]}\`, at most four a second: what they name can be read again. \`isListChanged\` says that something was
created or deleted, \`isPartial\` that more changed than is named, and \`"resync": true\` in a frame that anything may have. It closes with
4401 when the session is over. A client that does not keep up is disconnected. With the session cookie only pages of this
server may open it.

Topics: ${TOPICS}; \`groups\` is also told of changes of tasks.`,
  response: answers(
    nothing('The connection is a websocket now.'),
    ['unauthorized', 'forbidden', 'invalid_request', 'too_many_requests'],
    101,
  ),
}
