import { Type } from 'typebox'
import { remainingAttempts } from './fields.ts'

/** crew-go's number of attempts after a reset or a retry. */
export const DEFAULT_ATTEMPTS = 5

export const attempts = { ...remainingAttempts, default: DEFAULT_ATTEMPTS }

/** How often what is reset or retried may be tried. */
export const AttemptsBody = Type.Partial(Type.Object({ remainingAttempts: attempts }))

/** A day: what is spread over longer is a schedule. */
export const MAX_SPREAD_SECONDS = 24 * 3600

const spreadSeconds = Type.Number({
  minimum: 0,
  maximum: MAX_SPREAD_SECONDS,
  default: 0,
  description: 'What becomes due by this starts evenly over so many seconds, in its order; 0 is all at once.',
})

/** How often what is retried may be tried, and over how long it is spread. */
export const GroupRetryBody = Type.Partial(Type.Object({ remainingAttempts: attempts, spreadSeconds }))

/** Over how long what is resumed is spread. */
export const ResumeBody = Type.Partial(Type.Object({ spreadSeconds }))

/** The attempts, and whether all tasks below are reset too. */
export const ResetBody = Type.Partial(
  Type.Object({
    remainingAttempts: attempts,
    descendants: Type.Boolean({ default: false, description: 'Reset all tasks below as well.' }),
  }),
)

/** What the copy of a task may have of its own. */
export const PluckBody = Type.Partial(
  Type.Object({
    input: Type.Unsafe<unknown>({ description: 'Any JSON: its input instead of that of the task.' }),
  }),
)
