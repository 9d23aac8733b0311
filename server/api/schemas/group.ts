import { Type } from 'typebox'
import { taskStates } from '../../core/task.ts'
import { MAX_BATCH } from '../bodies.ts'
import { id, keyScope, metadata, name, time } from './fields.ts'
import { named, oneOf } from './named.ts'

const counts = Type.Object(Object.fromEntries(taskStates.map((state) => [state, Type.Integer({ minimum: 0 })])), {
  description: 'Its tasks by state.',
})

/** A group in an answer. */
export const TaskGroup = Type.Object({
  id: id('Unique.'),
  name,
  createdAt: time('When it was created.'),
  isPaused: Type.Boolean({ description: 'Nothing of it starts.' }),
  metadata,
  keyScope,
  state: oneOf(['empty', 'active', 'paused', 'succeeded', 'failed'], 'failed: nothing can move until somebody acts.'),
  counts,
  completedPercent: Type.Number({ minimum: 0, maximum: 1, description: 'A fraction, weighted by `progressWeight`.' }),
})

const input = {
  id: Type.String({ description: 'Chosen by the caller, or made by the server.' }),
  name,
  metadata,
  keyScope,
}

/** A group as a client asks for it. */
export const GroupInput = Type.Partial(Type.Object({ ...input, isPaused: Type.Boolean() }))

/** What a change of a group may hold. */
export const GroupEdit = Type.Partial(Type.Object({ name, metadata, keyScope }))

const tasks = Type.Array(named('TaskInput'), {
  maxItems: MAX_BATCH,
  description: 'In any order: parents may come later.',
})

/** A group with all its tasks. */
export const GraphInput = Type.Object(
  { ...Type.Partial(Type.Object({ ...input, isPaused: Type.Boolean() })).properties, tasks },
  { required: ['tasks'] },
)

/** Tasks for one group. */
export const TaskBatch = Type.Object({ tasks })
