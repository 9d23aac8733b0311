import type { FastifyRequest } from 'fastify'
import { CrewError } from '../../core/errors.ts'
import { getGroup } from '../../services/groups.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { identifySender, refuseOtherSites, stillAllowed, unauthorized } from '../auth/require-login.ts'
import { refuseKnownForeigners } from '../auth/same-origin.ts'
import type { EventHub } from '../event-hub.ts'
import type { GroupFeed } from '../live/group-feed.ts'
import { answers, nothing } from '../schemas/answers.ts'
import { StreamParams } from '../schemas/params.ts'

/**
 * crew-go's websocket. Browsers cannot set headers on one, so the token stands in the address: it is checked before the
 * upgrade, and nothing here writes addresses to the log.
 */
export function streamRoutes(
  app: ApiInstance,
  deps: ApiDeps,
  live: { readonly hub: EventHub; readonly feed: GroupFeed },
): void {
  app.route({
    method: 'GET',
    url: '/api/v1/task_group/:gid/stream/:token',
    schema,
    config: { isOpen: true, isLong: true },
    exposeHeadRoute: false,
    preHandler: async (request) => {
      await requireToken(request, deps, request.params.token)
      await getGroup(deps.services, request.params.gid)
      live.hub.refuseTooMany()
    },
    handler: async () => {
      throw new CrewError('invalid_request', 'This address is a websocket: ask for Upgrade: websocket.')
    },
    wsHandler: (socket, request) => {
      const { gid, token } = request.params as { gid: string; token: string }
      const { auth } = deps
      const isAllowed = auth.kind === 'application' ? stillAllowed(auth, request) : () => auth.check(token)
      live.feed.join(gid, socket, isAllowed)
    },
  })
}

async function requireToken(request: FastifyRequest, { auth }: ApiDeps, token: string): Promise<void> {
  if (auth.kind === 'off') return refuseOtherSites(request)
  if (auth.kind === 'application') {
    await identifySender(auth, request)
    return refuseKnownForeigners(request)
  }
  if (!(await auth.check(token)))
    throw unauthorized('The token at the end of the address is not good: POST /login gives one.')
}

const schema = {
  tags: ['Live'],
  operationId: 'streamTaskGroup',
  summary: 'Watch a task group over a websocket',
  description: `Frames are \`{"type": "create"|"update"|"delete", "task": …}\` and the same with \`taskGroup\`. Deleted
tasks come with \`id\` and \`taskGroupId\` only.`,
  security: [],
  params: StreamParams,
  response: answers(
    nothing('The connection is a websocket now.'),
    ['unauthorized', 'group_not_found', 'invalid_request', 'too_many_requests'],
    101,
  ),
}
