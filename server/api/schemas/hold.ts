import { type Static, Type } from 'typebox'

/** A year: longer holds are a mistake in the unit. */
export const MAX_HOLD_SECONDS = 366 * 24 * 3600
const MAX_REASON_LENGTH = 500

/** How long a workgroup is held, and why. */
export const HoldBody = Type.Partial(
  Type.Object({
    seconds: Type.Number({ exclusiveMinimum: 0, maximum: MAX_HOLD_SECONDS, description: 'From now; or `until`.' }),
    until: Type.String({ description: 'RFC 3339; or `seconds`.' }),
    reason: Type.String({ maxLength: MAX_REASON_LENGTH, description: 'Shown to whoever asks why.' }),
  }),
)
export type HoldBody = Static<typeof HoldBody>
