import type { FastifyReply, FastifyRequest } from 'fastify'
import { CrewError } from '../core/errors.ts'
import type { ApiLogger } from './api-deps.ts'
import { RetryLaterError } from './retry-later-error.ts'

/** RFC 9457. */
export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

/** More faults than this help nobody, and a body of 10,000 bad tasks has ten times as many. */
export const MAX_FAULTS = 100

/** What a storage that does not answer costs: its callers come back after a second. */
const STORAGE_RETRY_SECONDS = 1

/** A refusal as RFC 9457 has it; `instance` is the request id, under which the log knows more. */
export function problemJson(error: CrewError, requestId: string): string {
  return JSON.stringify({
    type: `/docs/errors#${error.code}`,
    title: error.title,
    status: error.status,
    detail: error.message,
    instance: requestId,
    code: error.code,
    ...(error.faults.length > 0 && { errors: error.faults.slice(0, MAX_FAULTS) }),
  })
}

/** Answers with a problem, whatever the route has set so far. */
export function sendProblem(error: CrewError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error.status === 401) reply.header('www-authenticate', 'Bearer')
  if (error.status === 503) reply.header('retry-after', STORAGE_RETRY_SECONDS)
  if (error instanceof RetryLaterError) reply.header('retry-after', error.retryAfterSeconds)
  return reply.code(error.status).type(PROBLEM_TYPE).send(problemJson(error, request.id))
}

/** Turns whatever a handler threw into a problem. What nobody expected is logged here, once, and told to nobody. */
export function createErrorHandler(logger: ApiLogger | false | undefined) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const refusal = refusalOf(error) ?? cutOff(error, request)
    if (refusal === null && logger) logger.error({ err: error, requestId: request.id }, 'a request failed')
    sendProblem(refusal ?? new CrewError('internal', 'The log says more under the request id.'), request, reply)
  }
}

/** The refusal that an error means; null when it is a fault of ours. */
function refusalOf(error: unknown): CrewError | null {
  if (error instanceof CrewError) return error
  const code = error instanceof Error && 'code' in error ? error.code : null
  return typeof code === 'string' ? (fastifyRefusals[code]?.() ?? null) : null
}

/** Its client went away within its body, or was closed as too slow: nobody hears the answer, and a line in the log each were a flood. */
function cutOff(error: unknown, { raw }: FastifyRequest): CrewError | null {
  const isReset = error instanceof Error && 'code' in error && error.code === 'ECONNRESET'
  return isReset && raw.aborted ? bodyCutOff() : null
}

/** Nobody hears it. */
export const bodyCutOff = (): CrewError => new CrewError('invalid_json', 'The connection ended within the body.')

/** What Fastify refuses by itself. All else that it throws is a mistake in our use of it. */
const fastifyRefusals: Readonly<Record<string, () => CrewError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () =>
    new CrewError(
      'body_too_large',
      'Send less at once: CREW_MAX_BODY_BYTES is the limit; of a login and of a heartbeat it is lower.',
    ),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () => new CrewError('unsupported_media_type', 'Send Content-Type: application/json.'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => new CrewError('invalid_json', 'The body ended before its Content-Length.'),
  FST_ERR_BAD_URL: () => new CrewError('route_not_found', 'The address holds a % that begins no UTF-8 character.'),
  FST_ERR_MAX_PARAM_LENGTH: () =>
    new CrewError('route_not_found', 'A part of the address is longer than any name can be.'),
}
