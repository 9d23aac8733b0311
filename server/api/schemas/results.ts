import { Type } from 'typebox'
import type { AttemptOutcome } from '../../core/attempt-record.ts'
import { reasonCodes } from '../../core/eligibility.ts'
import { errorCatalogue } from '../../core/errors.ts'
import { taskStates } from '../../core/task.ts'
import { groupStates } from '../../core/task-group.ts'
import { id, time } from './fields.ts'
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

const reason = {
  code: oneOf(reasonCodes),
  message: Type.String(),
  until: Type.String({ format: 'date-time', description: 'When it ends by itself, or the next may start.' }),
  ref: Type.String({ description: 'What is in the way: a task, a workgroup, a worker.' }),
}

/** Why a task is not running. */
export const Why = Type.Object({
  state: oneOf(taskStates),
  reasons: Type.Array(Type.Object(reason, { required: ['code', 'message'] })),
  ahead: Type.Integer({
    minimum: 0,
    description: 'How many of its group and worker start before it; 0 unless it waits for its turn or its limits.',
  }),
})

const stage = {
  worker: Type.String(),
  waiting: Type.Integer({
    minimum: 0,
    description: 'Tasks that are still to run; without those that failed for good.',
  }),
  running: Type.Integer({ minimum: 0 }),
  limit: Type.String({ description: 'What bounds how fast it goes, in words.' }),
  secondsLeft: Type.Number({ description: 'An estimate; absent with fewer than 20 samples, or when nobody can know.' }),
}

const bottleneck = Type.Object({
  worker: Type.String(),
  share: Type.Number({ minimum: 0, maximum: 1, description: 'Of all the work that is left.' }),
  message: Type.String(),
})

/** What holds a group up. */
export const GroupWhy = Type.Object({
  state: oneOf(groupStates),
  reasons: Type.Array(
    Type.Object(
      { ...reason, count: Type.Integer({ minimum: 1, description: 'How many tasks it holds.' }) },
      { required: ['code', 'message', 'count'] },
    ),
    { description: 'Those that hold most tasks first; each task is counted at what is most in its way.' },
  ),
  stages: Type.Array(Type.Object(stage, { required: ['worker', 'waiting', 'running', 'limit'] }), {
    description: 'What each worker has to do; those with most of the time left first.',
  }),
  bottleneck: orNull(bottleneck, 'The worker with most of the work left; null with fewer than 20 samples.'),
  secondsLeft: orNull(
    Type.Number(),
    'An estimate of the time to the end, of the tasks that go on by themselves; null with fewer than 20 attempts that succeeded in the last five minutes, while the group is paused, and when nobody can know.',
  ),
  isPartial: Type.Boolean({ description: 'It has more than 50,000 incomplete tasks; so many were looked at.' }),
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
