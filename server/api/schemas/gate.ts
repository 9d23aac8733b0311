import { Type } from 'typebox'
import type { GateBound } from '../../core/gate.ts'
import { limits } from './limits.ts'
import { oneOf, orNull } from './named.ts'

const time = Type.String({ format: 'date-time' })

const bounds = {
  hold: 'a hold',
  breaker: 'an open breaker',
  concurrency: '`maxConcurrent`',
  rate: '`rateLimit`',
  pace: 'what answers say is left',
  ramp: 'it opens step by step',
} as const satisfies Record<GateBound, string>

const pace = Type.Object({
  perSecond: Type.Number({ exclusiveMinimum: 0, description: 'So many starts a second, evenly.' }),
  until: time,
})

/** What bounds starts, and how it is at this moment: of a worker, a workgroup, or all tasks. */
export const gate = {
  ...limits,
  window: orNull(
    Type.Integer({ minimum: 1 }),
    'How many may be under way at once while it opens after a hold; null when it is open.',
  ),
  pace: orNull(pace, 'How fast its tasks start for now: what answers told is left, or a resume spread out; or null.'),
  nextStartAt: orNull(time, 'When the next may start; null when one may now, or when one under way must end first.'),
  bound: orNull(
    oneOf(Object.keys(bounds)),
    `What lets nothing start now, or null: ${Object.entries(bounds)
      .map(([bound, meaning]) => `${bound}: ${meaning}`)
      .join('; ')}.`,
  ),
}

/** What bounds all tasks together. */
export const Traffic = Type.Object({
  inFlight: Type.Integer({ minimum: 0, description: 'Attempts under way, over all servers.' }),
  ...gate,
})
