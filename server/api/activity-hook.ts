import type { FastifyReply, FastifyRequest } from 'fastify'
import { type ActivityTarget, actorOf, toldOf } from '../core/activity.ts'
import type { Clock } from '../core/clock.ts'
import type { ActivityLog } from '../services/activity.ts'
import type { ApiInstance } from './api-deps.ts'
import { identityOf } from './auth/require-login.ts'
import { isRead } from './auth/same-origin.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Too many of them, and nothing that one would ask about: not told in the activity. */
    isUnnoted?: boolean
  }
  interface FastifyRequest {
    /** What a handler knows better than the address and the body say. */
    activity: ActivityNote | null
  }
}

export interface ActivityNote {
  /** Of the target, where the address does not name it. */
  readonly id?: string
  /** Instead of what the documentation says of the operation. */
  readonly what?: string
  /** Instead of the fields of the body; never a secret or what is somebody's. */
  readonly told?: string
  /** Nothing was done. Only the handler knows: whoever is to be noted must not be able to say so. */
  readonly isTrial?: boolean
}

/** What routes of the hot paths say. */
export const unnoted = { isUnnoted: true } as const

interface Deps {
  readonly log: ActivityLog
  readonly clock: Clock
  readonly newId: () => string
}

/**
 * The one hook that notes what was done: after each write that succeeded, but for those that say they are `unnoted`, need no login, or
 * were only tried. It stands at those routes alone, so that reads and hot paths pay nothing. Not `onResponse`: that is silent when the
 * client has gone away, and whoever did not wait for the answer would have done nothing.
 */
export function registerActivity(app: ApiInstance, { log, clock, newId }: Deps): void {
  app.decorateRequest('activity', null)
  app.addHook('onRoute', (route) => {
    const { config = {}, method, schema, url } = route
    if (isRead(String(method)) || config.isOpen || config.isUnnoted || !schema) return
    const { operationId = '', summary = '' } = schema
    const note = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
      if (reply.statusCode >= 400 || request.activity?.isTrial) return
      log.note({
        id: newId(),
        at: clock.now(),
        actor: actorOf(identityOf(request)),
        action: operationId.replace(/InGroup$/, ''),
        target: targetOf(url, request),
        summary: sentence(request.activity?.what ?? summary, request.activity?.told ?? toldOf(request.body)),
        requestId: request.id,
      })
    }
    route.onSend = [route.onSend ?? [], note].flat()
  })
}

const sentence = (summary: string, told: string): string => (told === '' ? summary : `${summary}: ${told}`)

/** The first part of an address below `/api/v1`, and what it is about. */
const kinds: Readonly<Record<string, string>> = {
  task_group: 'taskGroup',
  users: 'user',
  tokens: 'token',
  operators: 'operator',
  me: 'user',
}

function targetOf(url: string, { params, body, activity }: FastifyRequest): ActivityTarget {
  const { tid, id, gid, name } = params as Readonly<Record<string, string | undefined>>
  if (tid !== undefined) return { kind: 'task', id: tid }
  const [, , , part = ''] = url.split('/')
  return { kind: kinds[part] ?? part, id: activity?.id ?? id ?? gid ?? name ?? nameIn(body) }
}

/** What was added is called by its name. */
function nameIn(body: unknown): string {
  if (typeof body !== 'object' || body === null || !('name' in body)) return ''
  return typeof body.name === 'string' ? body.name : ''
}
