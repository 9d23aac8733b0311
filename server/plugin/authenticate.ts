import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { type Identity, isRole, type Role, roles } from '../core/roles.ts'

/** Who asks, as the application says it. */
export interface Person {
  /** As it stands in the activity. */
  readonly name: string
  readonly role: Role
}

/**
 * Says who sends a request, behind the application's own hooks; null: nobody that may. It is asked at every request, and every 15 s for
 * as long as a stream or a websocket lasts. An error with the `statusCode` 401 or 403 means null too.
 */
export type Authenticate = (request: FastifyRequest) => Person | null | Promise<Person | null>

/** The requests as the application knows them, by what both have in hand. */
export type HostRequests = WeakMap<IncomingMessage, FastifyRequest>

/** Asks the application about a request of Crew's. */
export function createIdentify(authenticate: Authenticate, requests: HostRequests) {
  return async (raw: IncomingMessage): Promise<Identity | null> => {
    const request = requests.get(raw)
    const person = request === undefined ? null : await ask(authenticate, request)
    return person === null ? null : { ...checked(person), kind: 'application' }
  }
}

async function ask(authenticate: Authenticate, request: FastifyRequest): Promise<Person | null> {
  try {
    return (await authenticate(request)) ?? null
  } catch (error) {
    const { statusCode } = error as { statusCode?: unknown }
    if (statusCode === 401 || statusCode === 403) return null
    throw error
  }
}

function checked({ name, role }: Person): Person {
  if (typeof name === 'string' && name !== '' && isRole(role)) return { name, role }
  throw new Error(`authenticate answered no {name, role}: expected a name, and one of ${roles.join(', ')}.`)
}
