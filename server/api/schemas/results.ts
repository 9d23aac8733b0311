import { Type } from 'typebox'
import type { AttemptOutcome } from '../../core/attempt-record.ts'
import { errorCatalogue } from '../../core/errors.ts'
import { taskStates } from '../../core/task.ts'
import { id, time, workgroup } from './fields.ts'
import { oneOf, orNull } from './named.ts'

const outcomes = [
  'succeeded',
  'failed',
  'rateLimited',
  'timeout',
  'networkError',
  'badResponse',
  'lost',
  'givenBack',
] as const satisfies readonly AttemptOutcome[]

const maybeTime = (description: string) => orNull(Type.String({ format: 'date-time' }), description)

/** The durable record of one attempt. */
export const Attempt = Type.Object({
  number: Type.Integer({ minimum: 1 }),
  startedAt: time('Its beginning.'),
  endedAt: time('Its end.'),
  durationMs: Type.Number(),
  outcome: oneOf(outcomes),
  statusCode: orNull(Type.Integer(), "The status of the worker's answer; null when there was none."),
  error: orNull(Type.String(), 'null on success.'),
  retryAt: maybeTime('When the task is tried again; null when it is not.'),
  deliveryId: Type.String({ description: 'The same for every retry of one run, a new one after a reset.' }),
})

/** Why a task is not running. */
export const Why = Type.Object({
  state: oneOf(taskStates),
  reasons: Type.Array(
    Type.Object(
      {
        code: Type.String(),
        message: Type.String(),
        until: Type.String({ format: 'date-time', description: 'When the reason ends by itself.' }),
        ref: Type.String({ description: 'What is in the way: a task, a workgroup, a worker.' }),
      },
      { required: ['code', 'message'] },
    ),
  ),
})

/** A workgroup with its hold. */
export const Workgroup = Type.Object({
  name: workgroup,
  isHeld: Type.Boolean(),
  heldUntil: time('Nothing of it starts before.'),
  reason: Type.String(),
  waiting: Type.Integer({ minimum: 0, description: 'Tasks that could run but for the hold, or wait for a slot.' }),
  running: Type.Integer({ minimum: 0 }),
})

export const Deleted = Type.Object({ id: id('What was deleted.'), deleted: Type.Literal(true) })

export const Success = Type.Object({ success: Type.Literal(true) })

/** Every refusal, RFC 9457. */
export const Problem = Type.Object(
  {
    type: Type.String({ format: 'uri-reference', description: 'Where the code is explained.' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: 'What happened, and what to do.' }),
    instance: Type.String({ description: 'The request id: the log says more under it.' }),
    code: oneOf(Object.keys(errorCatalogue), 'A stable word.'),
    errors: Type.Array(Type.Object({ pointer: Type.String({ description: 'RFC 6901.' }), detail: Type.String() })),
  },
  { required: ['type', 'title', 'status', 'detail', 'instance', 'code'] },
)
