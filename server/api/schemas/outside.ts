import { Type } from 'typebox'
import { id, workerName } from './fields.ts'
import { named, orNull } from './named.ts'

/** So long may a request of a polling worker wait (WIRE section 2). */
export const MAX_WAIT_SECONDS = 30
/** Who works longer without a word says so by heartbeats. */
const MAX_LEASE_SECONDS = 24 * 3600
/** A name, a host, a UUID. */
const MAX_WORKER_ID_LENGTH = 256
const MAX_MESSAGE_LENGTH = 1000
const MAX_LINES = 100
const MAX_LINE_LENGTH = 2000

const workerId = Type.String({
  minLength: 1,
  maxLength: MAX_WORKER_ID_LENGTH,
  description: 'Which of the workers of the channel asks: whoever acquired a task releases it.',
})

export const AcquireBody = Type.Object({
  workerId,
  wait: Type.Optional(
    Type.Number({ minimum: 0, maximum: MAX_WAIT_SECONDS, description: 'Seconds to wait for a task; 0: not at all.' }),
  ),
  leaseSeconds: Type.Optional(
    Type.Number({
      minimum: 1,
      maximum: MAX_LEASE_SECONDS,
      description:
        'After so long without a release or a heartbeat the task is free again; by default what a call may take.',
    }),
  ),
})

const field = (description: string) => Type.Optional(Type.Unsafe<unknown>({ description }))

/** Read as any answer of a worker (WIRE section 3): what is wrong with it fails the attempt, and says so in its error. */
const answer = {
  output: field('Any JSON: kept byte for byte.'),
  error: field('Present and not null: the attempt failed.'),
  children: field('An array of tasks that come after this one.'),
  workgroupDelayInSeconds: field('Holds the workgroup.'),
  childrenDelayInSeconds: field('Holds the direct children.'),
  workgroup: field('Which workgroup the delay is for, if not the own one.'),
  rateLimited: field(
    'true: as an answer of 429. The workgroup is held, or the worker if it has none; no attempt is used up.',
  ),
  retryable: field('false: no more attempts.'),
  retryAfterSeconds: field('Of this task alone, instead of its retry delay.'),
}

export const AnswerBody = Type.Object(answer)
export const ReleaseBody = Type.Object({
  workerId,
  attempt: Type.Optional(
    Type.Integer({
      minimum: 1,
      description: 'What acquire said: with it, a release that comes late ends no later attempt of the same worker.',
    }),
  ),
  ...answer,
})

export const HeartbeatBody = Type.Object({
  progress: Type.Optional(Type.Number({ minimum: 0, maximum: 1, description: 'A fraction.' })),
  message: Type.Optional(Type.String({ maxLength: MAX_MESSAGE_LENGTH, description: 'What it is at.' })),
  logs: Type.Optional(
    Type.Array(Type.String({ maxLength: MAX_LINE_LENGTH }), {
      maxItems: MAX_LINES,
      description: 'Lines that come behind those told before; the newest 100 are kept.',
    }),
  ),
})

/** What a worker told of an attempt while it was at it. */
export const Heartbeat = Type.Object({
  attempt: Type.Integer({ minimum: 1, description: 'The number of the attempt.' }),
  at: Type.String({ format: 'date-time' }),
  progress: orNull(Type.Number({ minimum: 0, maximum: 1 }), 'null: it was not told.'),
  message: Type.String(),
  logs: Type.Array(Type.String()),
})

/** A task as a polling worker gets it: with the names of Crew v1 beside the others. */
export const PolledTask = Type.Intersect([named('Task'), Type.Object({ _id: id('Its id.'), channel: workerName })])

const counted = (description: string) => Type.Integer({ minimum: 0, description })

export const Channels = Type.Array(
  Type.Object({
    name: workerName,
    totalCount: counted('All of its tasks.'),
    completedCount: counted('Those that are complete.'),
    assignedCount: counted('Those in flight: fetched, or sent to the worker.'),
  }),
)

const callback = Type.Object({
  url: Type.String({ description: 'Behind it `/complete`, `/fail`, `/heartbeat`.' }),
  token: Type.String({ description: 'All that these need, and good for this attempt alone.' }),
})
const parent = Type.Object({
  _id: id('The parent.'),
  channel: workerName,
  input: Type.Unsafe<unknown>({}),
  output: Type.Unsafe<unknown>({}),
})

export const Acquired = Type.Object({
  task: orNull(PolledTask, 'null: there is none.'),
  parents: Type.Optional(Type.Array(parent)),
  attempt: Type.Optional(Type.Integer({ minimum: 1, description: 'Which attempt of the task it is.' })),
  deliveryId: Type.Optional(
    Type.String({
      description: 'The same for every retry of one run: an idempotency key, as a called worker gets it.',
    }),
  ),
  callback: Type.Optional(callback),
  leaseUntil: Type.Optional(Type.String({ format: 'date-time', description: 'Unless it is released or kept before.' })),
})
