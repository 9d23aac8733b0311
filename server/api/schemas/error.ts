import { type Static, Type } from 'typebox'
import { named, orNull } from './named.ts'
import { PagingQuery } from './queries.ts'

const count = (description: string) => Type.Integer({ minimum: 0, description })
const maybeTime = (description: string) => orNull(Type.String({ format: 'date-time' }), description)

const fields = {
  fingerprint: Type.String({ description: 'A short name of what the errors have in common.' }),
  message: Type.String({
    description: 'What they have in common: without ids, numbers, URLs, quoted texts and times.',
  }),
  workers: Type.Array(Type.String(), {
    description: 'Whose tasks they are; those with most of them first, at most 20.',
  }),
  statusCode: orNull(Type.Integer(), 'The status of the newest answer; null when there was none.'),
  count: count('How many tasks fail by it now.'),
  failed: count('Of those: with no attempts left.'),
  retrying: count('Of those: that are tried again by themselves.'),
  firstSeenAt: maybeTime('Of the tasks that failed first and last; null when no attempt of them is kept.'),
  lastSeenAt: maybeTime('The same.'),
  groups: count('In how many task groups.'),
  sample: Type.Object(
    { taskId: Type.String(), taskGroupId: Type.String() },
    { description: 'One that failed lately.' },
  ),
}

const isPartial = Type.Boolean({ description: 'There are more tasks than were looked at, or more errors.' })

/** The tasks that fail by errors of one kind. */
export const TaskError = Type.Object(fields)

/** A page of kinds of errors. */
export const TaskErrorList = Type.Object({
  errors: Type.Array(named('TaskError'), { description: 'Those of most tasks first, at most 100.' }),
  scanned: count('How many failing tasks were looked at, at most 10,000.'),
  isPartial,
})

/** One kind with its tasks. */
export const TaskErrorDetail = Type.Object({
  ...fields,
  tasks: Type.Array(named('TaskSummary'), { description: 'A page of them.' }),
  isPartial,
})

const taskGroup = Type.String({ maxLength: 128, description: 'Only of this group.' })
const worker = Type.String({ maxLength: 256, description: 'Only of this worker.' })

export const ErrorListQuery = Type.Partial(Type.Object({ taskGroup, worker }))
export type ErrorListQuery = Static<typeof ErrorListQuery>

export const ErrorQuery = Type.Partial(Type.Object({ ...PagingQuery.properties, taskGroup, worker }))
export type ErrorQuery = Static<typeof ErrorQuery>
