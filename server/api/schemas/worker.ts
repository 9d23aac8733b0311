import { type Static, Type } from 'typebox'
import { MAX_SIGNING_SECRETS } from '../../core/signing-secret.ts'
import { MAX_BREAKER_FAILURES, MAX_BREAKER_SECONDS } from '../../core/worker-edit.ts'
import { MAX_HEADERS } from '../../core/worker-headers.ts'
import { HISTORY_MINUTES } from '../../core/worker-history.ts'
import type { WorkerMode } from '../../core/worker-settings.ts'
import type { TestOutcome } from '../../services/worker-test.ts'
import type { BreakerState } from '../../services/worker-views.ts'
import { time } from './fields.ts'
import { gate } from './gate.ts'
import { hold } from './hold.ts'
import { limitsEdit } from './limits.ts'
import { named, oneOf, orNull } from './named.ts'

const maybeTime = (description: string) => orNull(Type.String({ format: 'date-time' }), description)

const url = orNull(
  Type.String({ format: 'uri' }),
  "Where it is POSTed to; null is the base URL with its name behind it. Of a rule, with the rest of the worker's name behind it.",
)

/** Of a worker's settings; credentials by the names of secrets. */
export const headers = Type.Record(Type.String(), Type.String(), {
  maxProperties: MAX_HEADERS,
  description: `Sent with each call. \`secret:NAME\`, also behind a scheme like \`Bearer secret:NAME\`, is the value of
CREW_SECRET_NAME in the environment of the server; credentials are only taken like this.`,
})

const secretText = Type.String({ maxLength: 128 })
const signingSecret = (description: string) =>
  orNull(
    Type.Union([secretText, Type.Array(secretText, { minItems: 1, maxItems: MAX_SIGNING_SECRETS })]),
    `Signs what is sent, as Standard Webhooks says. ${description}`,
  )

const modes = ['push', 'pull', 'both'] as const satisfies readonly WorkerMode[]
const mode = oneOf(modes, 'push: Crew POSTs its tasks; pull: it fetches them; both.')

const timeoutSeconds = orNull(Type.Number({ exclusiveMinimum: 0 }), "For tasks that say nothing; null is the server's.")

const retry = orNull(named('Retry'), 'How the wait after failures grows, for tasks that say nothing.')

const breakerFields = {
  failures: Type.Integer({
    minimum: 0,
    maximum: MAX_BREAKER_FAILURES,
    description: 'It opens after so many network errors, timeouts and 5xx in a row; 0: never.',
  }),
  openSeconds: Type.Number({
    minimum: 0.1,
    maximum: MAX_BREAKER_SECONDS,
    description: 'So long nothing starts; then one attempt at a time finds out whether it can close.',
  }),
}

const figures = Type.Object(
  {
    attemptsPerMinute: Type.Number({ minimum: 0 }),
    errorShare: orNull(Type.Number({ minimum: 0, maximum: 1 }), 'Of the attempts; null when there was none.'),
    p50Ms: orNull(Type.Number(), 'Half took no longer, within a tenth.'),
    p95Ms: orNull(Type.Number(), 'All but a twentieth took no longer.'),
    lastError: orNull(
      Type.Object({
        at: Type.String({ format: 'date-time' }),
        message: Type.String(),
        taskId: Type.String(),
        statusCode: orNull(Type.Integer(), 'null: there was no answer.'),
      }),
      'The newest; null when there was none.',
    ),
  },
  { description: 'The last five minutes.' },
)

const breakerStates = ['closed', 'open', 'halfOpen'] as const satisfies readonly BreakerState[]

/** A worker or a rule. */
export const Worker = Type.Object({
  name: Type.String({ description: 'Of a worker, or a rule: `*`, or `shopify/*` for all below `shopify/`.' }),
  isRule: Type.Boolean({ description: 'Its settings are those of every worker below it that has none of its own.' }),
  hasSettings: Type.Boolean({ description: 'Of its own.' }),
  settingsFrom: orNull(Type.String(), 'Whose settings it has: its own name, that of a rule, or null: nobody set any.'),
  url,
  address: orNull(Type.String(), 'Where it is called now; null when nobody knows.'),
  headers,
  signingSecret: signingSecret(
    'Masked (`whsec_****abcd`), or as `secret:NAME`; two while receivers change over; null: none of its own.',
  ),
  mode,
  timeoutSeconds,
  retry,
  breaker: Type.Object(breakerFields),
  ...gate,
  isPaused: Type.Boolean({ description: 'Held by hand, until somebody resumes it.' }),
  heldUntil: time('Nothing of it starts before; `9999-12-31T23:59:59.999Z` is until somebody resumes it.'),
  holdReason: Type.String(),
  hold,
  inFlight: Type.Integer({ minimum: 0, description: 'Attempts under way, over all servers.' }),
  waiting: Type.Integer({ minimum: 0, description: 'Tasks that could run but for a hold, a limit or a slot.' }),
  total: Type.Integer({ minimum: 0, description: 'All of its tasks.' }),
  completed: Type.Integer({ minimum: 0, description: 'Those of them that are complete.' }),
  breakerState: oneOf(breakerStates, 'open: it fails, and nothing starts; halfOpen: one attempt at a time tries it.'),
  nextProbeAt: maybeTime('When the next attempt may try it; null while it is closed.'),
  figures,
})

/** A change of a worker: core/worker-edit checks it. */
export const WorkerEdit = Type.Partial(
  Type.Object({
    url,
    headers: orNull(headers, 'All of them at once; null is none.'),
    signingSecret:
      signingSecret(`\`whsec_\` with the base64 of 24 to 64 bytes (HMAC-SHA256), \`whsk_\` with that of an ed25519 private
key, or \`secret:NAME\`: the value of CREW_SECRET_NAME. Two, the new one first: both sign. What is shown of one that is stored means that one. It
is stored encrypted with CREW_SECRET_KEY.`),
    mode: orNull(mode, 'null is push.'),
    timeoutSeconds,
    retry,
    breaker: orNull(Type.Partial(Type.Object(breakerFields, { additionalProperties: false })), 'null is the default.'),
    ...limitsEdit,
    isPaused: Type.Boolean({ description: 'Holds it until it is resumed.' }),
  }),
  { additionalProperties: false, description: 'What is left out stays; null is as if nobody had set it.' },
)

/** A test call lasts as long as its caller waits. */
const MAX_TEST_SECONDS = 300

/** What a test call sends. */
export const TestBody = Type.Partial(
  Type.Object({
    input: Type.Unsafe<unknown>({ description: 'Any JSON: sent as the input of a task.' }),
    timeoutSeconds: Type.Number({
      exclusiveMinimum: 0,
      maximum: MAX_TEST_SECONDS,
      description: "Left out, the worker's own.",
    }),
  }),
)
export type TestBody = Static<typeof TestBody>

const outcomes = [
  'succeeded',
  'failed',
  'rateLimited',
  'timeout',
  'networkError',
  'badResponse',
] as const satisfies readonly TestOutcome[]

const sentHeaders = Type.Record(Type.String(), Type.String(), { description: 'Secrets by their name, or as `***`.' })

/** What the worker of a task is sent. */
export const TaskRequest = Type.Object({
  url: orNull(Type.String(), 'null: nothing is POSTed, for it fetches its tasks or nobody knows where it is.'),
  method: Type.Literal('POST'),
  headers: sentHeaders,
  body: Type.String({ description: 'JSON, byte for byte; without `callback`, whose token is a credential.' }),
})

/** What a test call sent, and what came back. */
export const WorkerTest = Type.Object({
  request: Type.Object({
    url: Type.String(),
    method: Type.Literal('POST'),
    headers: sentHeaders,
    body: Type.String(),
  }),
  answer: orNull(
    Type.Object({
      status: Type.Integer(),
      headers: Type.Record(Type.String(), Type.Unsafe<unknown>({ description: 'A string, or several.' })),
      body: Type.String({ description: 'The first 64 KiB.' }),
      durationMs: Type.Number({ minimum: 0 }),
    }),
    'null when there was none.',
  ),
  outcome: oneOf(outcomes, 'What it would be for an attempt.'),
  error: orNull(Type.String(), 'null on success.'),
})

/** How much of the last hour is asked for. */
export const HistoryQuery = Type.Partial(
  Type.Object({
    minutes: Type.Integer({ minimum: 1, maximum: HISTORY_MINUTES, default: HISTORY_MINUTES, description: 'How many.' }),
  }),
)

const latency = (share: string) =>
  orNull(Type.Integer({ minimum: 1 }), `What ${share} of them took at most, in milliseconds; null when none ended.`)

/** What a worker did by the minute. */
export const WorkerHistory = Type.Object({
  minutes: Type.Array(
    Type.Object({
      at: Type.String({ format: 'date-time', description: 'The begin of the minute.' }),
      attempts: Type.Integer({ minimum: 0, description: 'Those that ended in it.' }),
      errors: Type.Integer({ minimum: 0, description: 'Those of them that did not succeed.' }),
      p50Ms: latency('half'),
      p95Ms: latency('95 %'),
      inFlight: Type.Integer({ minimum: 0, description: 'The most that were under way at once.' }),
    }),
    { description: 'Oldest first; the present minute is last.' },
  ),
})
