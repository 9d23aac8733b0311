import { Type } from 'typebox'
import { taskStates } from '../../core/task.ts'
import { id, key, metadata, name, remainingAttempts, time, workerName, workgroup } from './fields.ts'
import { named, oneOf, orNull } from './named.ts'

/** How the delay after a failed attempt grows. */
export const Retry = Type.Object({
  strategy: oneOf(['fixed', 'exponential']),
  factor: Type.Number({ minimum: 1, description: 'By how much it grows each time.' }),
  maxSeconds: orNull(Type.Number({ minimum: 0 }), 'It grows no further.'),
  jitter: Type.Number({ minimum: 0, maximum: 1, description: 'The share of the delay that chance adds at most.' }),
})

const common = {
  name,
  worker: workerName,
  workgroup,
  key,
  remainingAttempts,
  priority: Type.Integer({ description: 'Higher runs first among what is ready.' }),
  progressWeight: Type.Number({ exclusiveMinimum: 0, description: "Its share in the group's progress." }),
  isPaused: Type.Boolean({ description: 'Its own flag; a paused group holds its tasks as well.' }),
  isComplete: Type.Boolean(),
}

const settings = {
  isSeed: Type.Boolean({ description: 'Kept when the group is reset.' }),
  errorDelayInSeconds: Type.Number({ minimum: 0, description: 'Wait after a failed attempt.' }),
  retry: orNull(named('Retry'), 'How that wait grows; null is fixed, without jitter.'),
  timeoutSeconds: orNull(Type.Number({ exclusiveMinimum: 0 }), "null is the worker's."),
}

const payloads = {
  input: Type.Unsafe<unknown>({ description: 'Any JSON: delivered byte for byte.' }),
  output: Type.Unsafe<unknown>({ description: 'Any JSON: kept byte for byte.' }),
}

const parentIds = Type.Array(id('A task of the same group.'), { description: 'It runs when all of them are complete.' })

const before = {
  id: id('Unique over all groups.'),
  taskGroupId: id('Its group.'),
  ...common,
  runAfter: time('Not before this: the later of its own and the hold on its workgroup or worker.'),
}

const after = {
  errors: Type.Array(Type.String(), { description: 'One line a failed attempt, the newest 50.' }),
  metadata,
  parentIds,
  createdAt: time('When it was created.'),
  busyExecuting: Type.Boolean({ description: 'An attempt is under way.' }),
  state: oneOf(taskStates),
}

const { isSeed: _isSeed, ...ofRetries } = settings
const { key: _key, isPaused: _isPaused, isComplete: _isComplete, ...ofAny } = common

/** A task that runs when all others of its group have ended. */
export const FinallyTask = Type.Object(
  {
    ...Type.Partial(Type.Object({ ...ofAny, ...ofRetries, input: payloads.input, metadata })).properties,
    worker: workerName,
  },
  { required: ['worker'] },
)

/** A task in an answer: every field, in this order. */
export const Task = Type.Object({ ...before, ...settings, ...payloads, ...after })

/** A task in a list that was not asked for payloads. */
export const TaskSummary = Type.Object(
  { ...before, ...settings, ...after },
  { description: 'A task without its input and its output.' },
)

const runAfterInput = orNull(Type.String(), 'RFC 3339 with any offset. null, "" and the year-1 zero are unset.')

/** A task as a client asks for it. */
export const TaskInput = Type.Object(
  {
    ...Type.Partial(Type.Object(common)).properties,
    worker: workerName,
    ...Type.Partial(
      Type.Object({ id: Type.String(), runAfter: runAfterInput, ...settings, ...payloads, metadata, parentIds }),
    ).properties,
  },
  { required: ['worker'], description: 'All but `worker` may be left out. Unknown fields are ignored.' },
)

/** What a change of a task may hold. */
export const TaskEdit = Type.Partial(
  Type.Object({ ...common, runAfter: runAfterInput, ...settings, ...payloads, metadata }),
  {
    description: 'What is left out stays. Unknown fields are ignored, so that a whole task may be sent back.',
  },
)
