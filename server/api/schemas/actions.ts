import { Type } from 'typebox'
import { remainingAttempts } from './fields.ts'

/** crew-go's number of attempts after a reset or a retry. */
export const DEFAULT_ATTEMPTS = 5

const attempts = { ...remainingAttempts, default: DEFAULT_ATTEMPTS }

/** How often what is reset or retried may be tried. */
export const AttemptsBody = Type.Partial(Type.Object({ remainingAttempts: attempts }))

/** The same, and whether all tasks below are reset too. */
export const ResetBody = Type.Partial(
  Type.Object({
    remainingAttempts: attempts,
    descendants: Type.Boolean({ default: false, description: 'Reset all tasks below as well.' }),
  }),
)
