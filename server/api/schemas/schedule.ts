import { type Static, Type } from 'typebox'
import {
  catchUpPolicies,
  MAX_CRON_LENGTH,
  MAX_JITTER_SECONDS,
  MAX_SCHEDULE_ID_LENGTH,
  MAX_TIMEZONE_LENGTH,
  overlapPolicies,
} from '../../core/schedule.ts'
import { MAX_BATCH } from '../bodies.ts'
import { id, keyScope, metadata, name, onTaskFailure, time } from './fields.ts'
import { named, oneOf, orNull } from './named.ts'
import { finallyTask, notify } from './notification.ts'

const settings = {
  name,
  cron: Type.String({
    maxLength: MAX_CRON_LENGTH,
    description:
      'Five fields (minute, hour, day of month, month, day of week), six with seconds before them, or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`.',
  }),
  timezone: Type.String({
    maxLength: MAX_TIMEZONE_LENGTH,
    default: 'UTC',
    description: 'Of the pattern: an IANA name.',
  }),
  overlap: oneOf(
    overlapPolicies,
    'When the last group has not ended: skip the new one, queue it (100 at most), or allow both. A failed group has ended. Default skip.',
  ),
  catchUp: oneOf(
    catchUpPolicies,
    'Of times missed by more than 10 s: make up for none, by one firing for the latest, or for all in order (the newest 100). Default latest.',
  ),
  jitterSeconds: Type.Number({
    minimum: 0,
    maximum: MAX_JITTER_SECONDS,
    default: 0,
    description: 'Fires later by up to this, each time by another part of it, on every server by the same.',
  }),
  isPaused: Type.Boolean({
    default: false,
    description: 'Nothing is fired; what passes meanwhile is not made up for.',
  }),
}

const template = Type.Unsafe<unknown>({ $ref: 'ScheduleTemplate#' })

/** What each firing creates: the body of a group with all its tasks. */
export const ScheduleTemplate = Type.Object(
  {
    ...Type.Partial(
      Type.Object({ name, metadata, keyScope, onTaskFailure, notify, finally: finallyTask, isPaused: Type.Boolean() }),
    ).properties,
    tasks: Type.Array(named('TaskInput'), { maxItems: MAX_BATCH }),
  },
  {
    required: ['tasks'],
    description:
      'A group with its tasks. Ids of tasks are local: each firing makes its own of them. The group gets the metadata `schedule` and `scheduledFor`.',
  },
)

/** A schedule as a client asks for it. */
export const ScheduleInput = Type.Partial(Type.Object({ ...settings, template }), {
  description: 'A new schedule needs `cron` and `template`; of one that exists, what is left out stays.',
})

const maybeTime = (description: string) => orNull(Type.String({ format: 'date-time' }), description)

const row = {
  id: Type.String({ maxLength: MAX_SCHEDULE_ID_LENGTH }),
  ...settings,
  createdAt: time('When it was created.'),
  updatedAt: time('When it was changed last.'),
  nextAt: maybeTime('When it fires next, its jitter included; null while it is paused.'),
  lastFiredAt: maybeTime('When its last group was created, by its times or by hand.'),
  lastGroupId: orNull(id('A group.'), 'That group.'),
  lastSkippedAt: maybeTime('The last of its times that got no group.'),
  lastSkipReason: orNull(Type.String(), 'Why.'),
  queued: Type.Integer({ minimum: 0, description: 'Times that wait for the end of the last group.' }),
}

/** A schedule in a list. */
export const ScheduleRow = Type.Object(row)

/** A schedule with its template. */
export const Schedule = Type.Object({ ...row, template })

/** Which of the next times are asked for. */
export const NextTimesQuery = Type.Partial(
  Type.Object({ count: Type.Integer({ minimum: 1, maximum: 100, default: 10, description: 'How many.' }) }),
)
export type NextTimesQuery = Static<typeof NextTimesQuery>

export const NextTimes = Type.Object({
  times: Type.Array(
    Type.Object({
      at: time('A time of the pattern.'),
      local: Type.String({ description: 'The same in its time zone, with the offset of that moment.' }),
      firesAt: time('When it is fired: later by its jitter.'),
    }),
  ),
})
