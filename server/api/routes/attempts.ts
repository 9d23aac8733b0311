import { Type } from 'typebox'
import { formatTime } from '../../core/time.ts'
import type { HeartbeatNote } from '../../services/heartbeats.ts'
import { endAttempt, keepAttempt, refuseToken } from '../../services/outside-attempts.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { sendJson } from '../present/send.ts'
import { answers, bodyRefusals, commonRefusals, json } from '../schemas/answers.ts'
import { named } from '../schemas/named.ts'
import { AnswerBody, HeartbeatBody } from '../schemas/outside.ts'
import { AttemptParams } from '../schemas/params.ts'

/** Attempts that their workers finish later (WIRE 5.3). The token in the address is the credential: nothing else is needed. */
export function attemptRoutes(app: ApiInstance, { services }: ApiDeps): void {
  // Before the body is read: nobody who has no token gets as much as a large body parsed here.
  const onRequest = async ({ params }: { params: unknown }): Promise<void> =>
    refuseToken(services, (params as { token: string }).token)
  const common = { onRequest, config: { isOpen: true, keepsText: true } }
  app.post('/api/v1/attempt/:token/complete', { ...common, schema: schemas.complete }, async (request, reply) => {
    await endAttempt(services, request.params.token, { kind: 'complete', body: request.bodyText || '{}' })
    return sendJson(reply, SUCCESS)
  })
  app.post('/api/v1/attempt/:token/fail', { ...common, schema: schemas.fail }, async (request, reply) => {
    await endAttempt(services, request.params.token, { kind: 'fail', body: request.bodyText || '{}' })
    return sendJson(reply, SUCCESS)
  })
  const beat = { onRequest, config: { isOpen: true }, schema: schemas.heartbeat, bodyLimit: MAX_HEARTBEAT_BYTES }
  app.post('/api/v1/attempt/:token/heartbeat', beat, async ({ params, body }, reply) => {
    const until = await keepAttempt(services, params.token, cleanNote(body))
    return sendJson(reply, JSON.stringify({ success: true, leaseUntil: formatTime(until) }))
  })
}

/** A hundred lines of two thousand letters, each of up to four bytes, and as much again for escapes. */
const MAX_HEARTBEAT_BYTES = 2 * 1024 * 1024

const SUCCESS = '{"success":true}'

/** Whatever a worker writes is shown to people. */
function cleanNote(body: HeartbeatNote | undefined): HeartbeatNote {
  const { progress, message, logs } = body ?? {}
  return {
    ...(progress === undefined ? {} : { progress }),
    ...(message === undefined ? {} : { message: message.toWellFormed() }),
    ...(logs === undefined ? {} : { logs: logs.map((line) => line.toWellFormed()) }),
  }
}

const common = {
  tags: ['Long-running workers'],
  params: AttemptParams,
  security: [],
}
const refusals = [
  ...commonRefusals.filter((code) => !['unauthorized', 'forbidden', 'too_many_requests'].includes(code)),
  ...bodyRefusals,
  'attempt_not_found',
  'attempt_superseded',
] as const
const done = json('It is booked.', named('Success'))
const kept = json(
  'It goes on.',
  Type.Object({
    success: Type.Literal(true),
    leaseUntil: Type.String({ format: 'date-time', description: 'The next heartbeat has to come before.' }),
  }),
)

const schemas = {
  complete: {
    ...common,
    operationId: 'completeAttempt',
    summary: 'Finish an attempt that was answered with 202',
    description:
      'With the fields of an answer. Repeating it is fine; after the attempt was superseded it changes nothing.',
    body: AnswerBody,
    response: answers(done, refusals),
  },
  fail: {
    ...common,
    operationId: 'failAttempt',
    summary: 'Tell that an attempt failed which was answered with 202',
    description: 'With the fields of an answer; `error` says why.',
    body: AnswerBody,
    response: answers(done, refusals),
  },
  heartbeat: {
    ...common,
    operationId: 'heartbeatAttempt',
    summary: 'Tell that an attempt which was answered with 202 goes on',
    description: `It has to come within the time that a call to the worker may take (\`Crew-Timeout\`), else the attempt counts as
timed out.`,
    body: HeartbeatBody,
    response: answers(kept, refusals),
  },
}
