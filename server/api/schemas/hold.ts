import { type Static, Type } from 'typebox'
import type { HoldKind } from '../../core/change-set.ts'
import { oneOf, orNull } from './named.ts'

/** A year: longer holds are a mistake in the unit. Who means for ever says nothing. */
export const MAX_HOLD_SECONDS = 366 * 24 * 3600
const MAX_REASON_LENGTH = 500

/** How long a workgroup is held, and why. */
export const HoldBody = Type.Partial(
  Type.Object({
    seconds: Type.Number({
      exclusiveMinimum: 0,
      maximum: MAX_HOLD_SECONDS,
      description: 'From now; or `until`. Without both it is held until somebody resumes it.',
    }),
    until: Type.String({ description: 'RFC 3339; or `seconds`.' }),
    reason: Type.String({ maxLength: MAX_REASON_LENGTH, description: 'Shown to whoever asks why.' }),
  }),
)
export type HoldBody = Static<typeof HoldBody>

const time = (description: string) => Type.String({ format: 'date-time', description })

const kinds = ['manual', 'rateLimit', 'delay', 'breaker'] as const satisfies readonly HoldKind[]

/** Who asked for a hold. */
const asked = {
  kind: oneOf(kinds, 'A person, an answer that met a rate limit, one that asked for a delay, or a breaker.'),
  since: time('When it was asked for.'),
  taskId: orNull(Type.String(), 'The task whose answer asked for it; null when none did.'),
  source: orNull(Type.String(), 'The header or field that told; null when none did.'),
}

/** A hold beside its end and its reason. */
export const hold = orNull(Type.Object(asked), 'Who asked for the hold; null when there is none.')

/** A hold that began once. */
export const PastHold = Type.Object({
  since: asked.since,
  until: time('When it was to end.'),
  endedAt: orNull(
    Type.String({ format: 'date-time' }),
    'When somebody ended it before its time; null when nobody did.',
  ),
  reason: Type.String(),
  kind: asked.kind,
  taskId: asked.taskId,
  source: asked.source,
})
