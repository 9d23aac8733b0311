import type { Fault } from './errors.ts'
import { type LimitsEdit, limitFields, parseLimits, unknownFields } from './gate-limits.ts'
import { isWorkerName } from './ids.ts'
import type { IpRange } from './ip-address.ts'
import { type GivenSecret, parseSigningSecrets, type SecretKeeper } from './signing-secret.ts'
import { isObject, parseTaskInput, retryFields } from './task-input.ts'
import { parseHeaders } from './worker-headers.ts'
import {
  type BreakerSettings,
  DEFAULT_BREAKER,
  isRule,
  type WorkerMode,
  type WorkerSettings,
} from './worker-settings.ts'
import { parseWorkerUrl } from './worker-url.ts'

/** What an operator asked for; what is absent stays as it is. */
export interface WorkerEdit {
  /** Kept in a record. */
  readonly settings: Partial<Omit<WorkerSettings, 'name' | 'signingSecrets'>>
  /** Settings as well, once they are encrypted. */
  readonly signingSecrets?: readonly GivenSecret[]
  /** Kept at its gate. */
  readonly limits: LimitsEdit
  /** A hold. */
  readonly isPaused?: boolean
}

/** What this server knows that bears on which settings are good. */
export interface SettingsPolicy {
  hasSecret(name: string): boolean
  /** The ranges of CREW_EGRESS_ALLOW. */
  readonly egressAllow: readonly IpRange[]
  readonly signingKeys: Pick<SecretKeeper, 'canSeal' | 'faultOf'>
}

/** More in a row are an outage of hours. */
export const MAX_BREAKER_FAILURES = 1000
export const MAX_BREAKER_SECONDS = 24 * 3600

const modes: readonly unknown[] = ['push', 'pull', 'both'] satisfies WorkerMode[]

/** A name of a worker, or of a rule: `*`, or `shopify/*` for all below `shopify/`. */
export function isSettingsName(name: string): boolean {
  return name === '*' || (name.endsWith('/*') ? isWorkerName(name.slice(0, -2)) : isWorkerName(name))
}

/** Reads a change: what is given is set, null is as if nobody had set it. Answers every fault there is. */
export function parseWorkerEdit(
  body: unknown,
  name: string,
  policy: SettingsPolicy,
): { edit: WorkerEdit; faults: Fault[] } {
  const none = { settings: {}, limits: {} }
  if (!isObject(body)) return { edit: none, faults: [{ pointer: '', detail: 'expected a JSON object' }] }
  const { input, faults: taskFaults } = parseTaskInput(body, '', [...taskFields])
  const own = ownFields.flatMap((field) => {
    const value = fieldOf(body, field)
    return value === undefined ? [] : [parsers[field](value, { name, policy })]
  })
  const signing = parseSigning(fieldOf(body, 'signingSecret'), policy)
  const limits = parseLimits(body)
  const pause = parsePause(fieldOf(body, 'isPaused'), name)
  const settings = Object.assign({}, input, ...own.map(({ set }) => set)) as WorkerEdit['settings']
  const unknown = [...unknownFields(body, workerFields), ...unknownRetryFields(fieldOf(body, 'retry'))]
  const faults = [nameFaults(name), unknown, taskFaults, signing.faults, limits.faults, pause.faults]
  return {
    edit: { settings, ...signing.edit, limits: limits.edit, ...pause.edit },
    faults: [...faults.flat(), ...own.flatMap((parsed) => parsed.faults ?? [])],
  }
}

const fieldOf = (body: Readonly<Record<string, unknown>>, field: string): unknown =>
  Object.hasOwn(body, field) ? body[field] : undefined

function nameFaults(name: string): Fault[] {
  if (isSettingsName(name)) return []
  return [{ pointer: '/name', detail: 'expected the name of a worker, a rule like shopify/*, or *' }]
}

/** Of a task they are ignored, like all that it does not know. */
const unknownRetryFields = (retry: unknown): Fault[] =>
  isObject(retry) ? unknownFields(retry, retryFields, '/retry') : []

type Parsed = { readonly set?: Partial<WorkerSettings>; readonly faults?: readonly Fault[] }
type Context = { readonly name: string; readonly policy: SettingsPolicy }

const fault = (pointer: string, detail: string): Parsed => ({ faults: [{ pointer, detail }] })

const parsers = {
  url(value: unknown, { name, policy }: Context): Parsed {
    const parsed = parseWorkerUrl(value, { name, allowed: policy.egressAllow })
    return 'fault' in parsed ? fault('/url', parsed.fault) : { set: parsed }
  },
  headers(value: unknown, { policy }: Context): Parsed {
    const { headers, faults } = parseHeaders(value, { hasSecret: policy.hasSecret, pointer: '/headers' })
    return faults.length > 0 ? { faults } : { set: { headers } }
  },
  mode(value: unknown): Parsed {
    if (value === null) return { set: { mode: 'push' } }
    return modes.includes(value)
      ? { set: { mode: value as WorkerMode } }
      : fault('/mode', 'expected push, pull or both')
  },
  breaker(value: unknown): Parsed {
    return value === null ? { set: { breaker: DEFAULT_BREAKER } } : parseBreaker(value)
  },
}

function parseBreaker(value: unknown): Parsed {
  if (!isObject(value)) return fault('/breaker', 'expected null or {failures, openSeconds}')
  const { failures = DEFAULT_BREAKER.failures, openSeconds = DEFAULT_BREAKER.openSeconds } = value
  const faults = unknownFields(value, ['failures', 'openSeconds'], '/breaker')
  if (!Number.isInteger(failures) || !isBetween(failures, 0, MAX_BREAKER_FAILURES)) {
    const detail = `expected an integer from 0 (never opens) to ${MAX_BREAKER_FAILURES}`
    faults.push({ pointer: '/breaker/failures', detail })
  }
  if (!isBetween(openSeconds, 0.1, MAX_BREAKER_SECONDS)) {
    const detail = `expected a number of seconds from 0.1 to ${MAX_BREAKER_SECONDS}`
    faults.push({ pointer: '/breaker/openSeconds', detail })
  }
  return faults.length > 0 ? { faults } : { set: { breaker: { failures, openSeconds } as BreakerSettings } }
}

function isBetween(value: unknown, low: number, high: number): value is number {
  return typeof value === 'number' && value >= low && value <= high
}

function parseSigning(
  value: unknown,
  { signingKeys }: SettingsPolicy,
): { edit: Pick<WorkerEdit, 'signingSecrets'>; faults: Fault[] } {
  if (value === undefined) return { edit: {}, faults: [] }
  const { given, faults } = parseSigningSecrets(value, { pointer: '/signingSecret', policy: signingKeys })
  return { edit: { signingSecrets: given }, faults }
}

/** A rule is no worker: nothing waits for it that a hold could keep. */
function parsePause(value: unknown, name: string): { edit: { isPaused?: boolean }; faults: Fault[] } {
  if (value === undefined) return { edit: {}, faults: [] }
  const refused = (detail: string) => ({ edit: {}, faults: [{ pointer: '/isPaused', detail }] })
  if (value !== null && typeof value !== 'boolean') return refused('expected true or false')
  if (value === true && isRule(name)) return refused('a rule cannot be paused: pause its workers')
  return { edit: { isPaused: value ?? false }, faults: [] }
}

const ownFields = Object.keys(parsers) as (keyof typeof parsers)[]
/** Those that mean for a worker what they mean for a task. */
const taskFields = ['timeoutSeconds', 'retry'] as const

/** The fields that a change of a worker may have. */
export const workerFields: readonly string[] = [
  ...ownFields,
  ...taskFields,
  'signingSecret',
  'isPaused',
  ...limitFields,
]
