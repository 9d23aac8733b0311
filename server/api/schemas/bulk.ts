import { type Static, Type } from 'typebox'
import { bulkActions, bulkTargets, MAX_BULK, MAX_BULK_FAULTS } from '../../core/bulk.ts'
import { FINGERPRINT_PATTERN } from '../../core/fingerprint.ts'
import { MAX_LABEL_LENGTH } from '../../core/task-input.ts'
import { attempts, MAX_SPREAD_SECONDS } from './actions.ts'
import { oneOf, orNull } from './named.ts'

const MAX_ID_LENGTH = 128
const MAX_NAME_LENGTH = 256
const MAX_SEARCH = 200
const MAX_STATES_LENGTH = 200

const text = (maxLength: number, description: string) => Type.String({ minLength: 1, maxLength, description })
const label = (what: string) => text(MAX_LABEL_LENGTH, `Only tasks ${what}.`)

const filter = Type.Partial(
  Type.Object({
    taskGroup: text(MAX_ID_LENGTH, 'Only this group, or tasks in it.'),
    state: text(MAX_STATES_LENGTH, 'Only in these states, separated by commas.'),
    worker: text(MAX_NAME_LENGTH, 'Only tasks of this worker.'),
    workgroup: label('of this workgroup'),
    key: label('with this key'),
    search: text(
      MAX_SEARCH,
      'A part of the id, name, worker or key, letter case ignored; of a group of its id or name.',
    ),
    error: Type.String({
      pattern: FINGERPRINT_PATTERN.source,
      description: 'Only tasks that fail by the error of this fingerprint.',
    }),
  }),
  {
    additionalProperties: false,
    description:
      'Whom it is for; of tasks at least one condition. Of groups `taskGroup`, `state` and `search` alone. A field that is not known is refused: a condition that is misspelt would be none.',
  },
)

const params = Type.Partial(
  Type.Object({
    remainingAttempts: { ...attempts, description: 'Of a retry or a reset: how often each may be tried.' },
    spreadSeconds: Type.Number({
      minimum: 0,
      maximum: MAX_SPREAD_SECONDS,
      default: 0,
      description:
        'Of a retry, a resume or a run now: what becomes due starts evenly over so many seconds; of groups each by itself.',
    }),
  }),
  { additionalProperties: false },
)

/** A preview to make, or one to execute. Which fields go together says `bulk-body`. */
export const BulkBody = Type.Partial(
  Type.Object({
    snapshot: text(MAX_ID_LENGTH, 'Of a preview: does what it told, with nothing else beside it.'),
    dryRun: Type.Literal(true, { description: 'Required without `snapshot`: nothing is done yet.' }),
    action: oneOf(bulkActions, 'What to do; `runNow` is for tasks alone.'),
    target: oneOf(bulkTargets, 'To whom.'),
    ids: Type.Array(text(MAX_ID_LENGTH, 'An id.'), { maxItems: MAX_BULK, description: 'These; or `filter`.' }),
    filter,
    params,
  }),
  { additionalProperties: false },
)
export type BulkBody = Static<typeof BulkBody>

const count = (description: string) => Type.Integer({ minimum: 0, description })
const time = (description: string) => Type.String({ format: 'date-time', description })

/** What an order would do. */
export const BulkPreview = Type.Object({
  snapshot: Type.String({ description: 'The list, frozen: send it back to do it.' }),
  action: oneOf(bulkActions),
  target: oneOf(bulkTargets),
  count: count('How many it would change.'),
  byState: Type.Record(Type.String(), Type.Integer(), { description: 'Those by their state now.' }),
  byGroup: Type.Array(Type.Object({ id: Type.String(), name: Type.String(), count: count('Of its tasks.') }), {
    description: 'The 20 groups with most of those tasks.',
  }),
  skipped: Type.Array(
    Type.Object({ reason: Type.String({ description: 'In words that follow "it".' }), count: count('How many.') }),
    { description: 'Those that it would leave as they are, and why.' },
  ),
  samples: Type.Array(Type.Object({ id: Type.String(), name: Type.String(), state: Type.String() }), {
    description: 'Up to five of them.',
  }),
  expiresAt: time('Until when it may be executed.'),
})

/** An order that was given, and how far it is. */
export const BulkOperation = Type.Object({
  id: Type.String({ description: 'That of its snapshot.' }),
  action: oneOf(bulkActions),
  target: oneOf(bulkTargets),
  state: oneOf(
    ['running', 'finished', 'stopped', 'interrupted'],
    'interrupted: its server ended, or the storage was away; it can be continued.',
  ),
  total: count('How many it is for.'),
  done: count('How many were changed.'),
  skipped: count('How many had nothing to change any more.'),
  failed: count('How many could not be changed.'),
  faults: Type.Array(Type.Object({ id: Type.String(), message: Type.String() }), {
    maxItems: MAX_BULK_FAULTS,
    description: 'The first of those, and why.',
  }),
  startedAt: time('When it began.'),
  endedAt: orNull(Type.String({ format: 'date-time' }), 'When it finished or was stopped; null while it has not.'),
  actor: Type.String({ description: 'Who gave it; empty when nobody is known.' }),
})
