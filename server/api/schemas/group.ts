import { Type } from 'typebox'
import { taskStates } from '../../core/task.ts'
import { groupStates } from '../../core/task-group.ts'
import { MAX_GRAPH_TASKS } from '../../services/group-graph.ts'
import { MAX_BATCH } from '../bodies.ts'
import { count, id, keyScope, metadata, name, onTaskFailure, time } from './fields.ts'
import { named, oneOf, orNull } from './named.ts'
import { finallyTask, notify } from './notification.ts'

const counts = Type.Object(Object.fromEntries(taskStates.map((state) => [state, Type.Integer({ minimum: 0 })])), {
  description: 'Its tasks by state.',
})

/** A group in an answer. */
export const TaskGroup = Type.Object({
  id: id('Unique.'),
  name,
  createdAt: time('When it was created.'),
  isPaused: Type.Boolean({ description: 'Nothing of it starts: somebody paused it, or a failure stopped it.' }),
  stoppedBy: orNull(
    Type.Object({ taskId: id('The task.'), at: time('When it failed for good.') }),
    'The failure that stopped it (`onTaskFailure` is `failFast`), until somebody retries, resets or resumes it.',
  ),
  metadata,
  keyScope,
  onTaskFailure,
  notify,
  finally: finallyTask,
  state: oneOf(groupStates, 'failed: nothing can move until somebody acts.'),
  isSettled: Type.Boolean({
    description: 'It has ended, `finally` included. Its state shows an end a moment before that task is made.',
  }),
  counts,
  completedPercent: Type.Number({ minimum: 0, maximum: 1, description: 'A fraction, weighted by `progressWeight`.' }),
})

const input = {
  id: Type.String({ description: 'Chosen by the caller, or made by the server.' }),
  name,
  metadata,
  keyScope,
  onTaskFailure,
  notify,
  finally: finallyTask,
}

/** A group as a client asks for it. */
export const GroupInput = Type.Partial(Type.Object({ ...input, isPaused: Type.Boolean() }))

/** What a change of a group may hold. */
export const GroupEdit = Type.Partial(
  Type.Object({ name, metadata, keyScope, onTaskFailure, notify, finally: finallyTask }),
)

const tasks = Type.Array(named('TaskInput'), {
  maxItems: MAX_BATCH,
  description: 'In any order: parents may come later.',
})

/** A group with all its tasks. */
export const GraphInput = Type.Object(
  { ...Type.Partial(Type.Object({ ...input, isPaused: Type.Boolean() })).properties, tasks },
  { required: ['tasks'] },
)

const at = (what: string) => Type.Integer({ minimum: 0, description: `The place of its ${what} in \`${what}s\`.` })
const texts = (description: string) => Type.Array(Type.String(), { description })

/** All tasks of a group, field by field: what a drawing of them needs, and no more. */
export const TaskGraph = Type.Object({
  count,
  workers: texts('Every worker that tasks of the group name.'),
  states: Type.Array(oneOf(taskStates), { description: 'The words for states.' }),
  ids: texts('Its tasks, oldest first; the lists below are in this order.'),
  names: texts('For people.'),
  worker: Type.Array(at('worker')),
  state: Type.Array(at('state')),
  parents: Type.Array(Type.Array(Type.Integer({ minimum: 0 })), {
    description: 'The places of their parents in `ids`.',
  }),
  isPartial: Type.Boolean({ description: `There are more: ${MAX_GRAPH_TASKS} tasks at most are told.` }),
})

/** Tasks for one group. */
export const TaskBatch = Type.Object({ tasks })
