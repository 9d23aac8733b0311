import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ApiInstance } from './api-deps.ts'

/** A request that was answered. */
export interface AnsweredRequest {
  /** The pattern of its address; an address that nobody knows is `none`. */
  readonly route: string
  readonly method: string
  readonly code: number
  readonly ms: number
}

/** Who counts requests, and asks how many clients listen. */
export interface RequestMeter {
  answered(request: AnsweredRequest): void
  setLiveClients(count: () => number): void
}

/** Methods that a client made up are not told apart. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** Tells of each request when it was answered; half a microsecond. What streams until its client goes is none to be timed. */
export function registerRequestMeter(app: ApiInstance, meter: RequestMeter): void {
  app.addHook('onResponse', async (request, reply) => {
    if (!isStream(reply)) meter.answered(answeredBy(request, reply))
  })
}

const isStream = (reply: FastifyReply): boolean =>
  reply.getHeader('content-type') === 'text/event-stream' || reply.statusCode === 101

function answeredBy({ method, routeOptions }: FastifyRequest, reply: FastifyReply): AnsweredRequest {
  return {
    route: routeOptions.url ?? 'none',
    method: METHODS.has(method) ? method : 'other',
    code: reply.statusCode,
    ms: reply.elapsedTime,
  }
}
