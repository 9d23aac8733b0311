import { Type } from 'typebox'
import { failurePolicies } from '../../core/group-settings.ts'
import { ID_PATTERN, WORKER_NAME_PATTERN } from '../../core/ids.ts'
import { MAX_LABEL_LENGTH, MAX_METADATA, MAX_NAME_LENGTH } from '../../core/task-input.ts'
import { oneOf } from './named.ts'

/** Fields that several schemas share. */
export const id = (description: string) => Type.String({ pattern: ID_PATTERN.source, description })

export const name = Type.String({ maxLength: MAX_NAME_LENGTH, description: 'For people.' })

export const workerName = Type.String({
  pattern: WORKER_NAME_PATTERN.source,
  description: 'Who does it: a path below the base URL, or the name of a configured worker.',
})

export const workgroup = Type.String({
  maxLength: MAX_LABEL_LENGTH,
  description: 'What shares one rate limit: held together, over groups and workers. Empty is none.',
})

export const key = Type.String({
  maxLength: MAX_LABEL_LENGTH,
  description: 'Merges duplicates: of the tasks with one key one runs, the others get its result. Empty is none.',
})

export const metadata = Type.Record(Type.String(), Type.String(), {
  maxProperties: MAX_METADATA,
  description: 'For search.',
})

export const keyScope = oneOf(
  ['group', 'worker'],
  'Where equal keys merge: in the group, or over all tasks of the worker in groups of this scope.',
)

export const onTaskFailure = oneOf(
  failurePolicies,
  'When a task fails for good: `wait` (the tasks below it wait until somebody acts; the default), `continue` (they go on as if it were complete), `failFast` (nothing of the group starts any more).',
)

export const time = (description: string) =>
  Type.String({ format: 'date-time', description: `${description} \`0001-01-01T00:00:00Z\` is unset.` })

export const count = Type.Integer({ minimum: 0, description: 'How many there are over all pages.' })

export const remainingAttempts = Type.Integer({
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  description: 'How often it may still be tried.',
})
