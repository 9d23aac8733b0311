import type { Identity } from './roles.ts'

/** What people and programs did. */
export interface Activity {
  readonly id: string
  readonly at: number
  /** A user, `token:` and what the token is called, or `anyone` where login is off. */
  readonly actor: string
  /** The operation of the API. */
  readonly action: string
  readonly target: ActivityTarget
  /** A sentence: never what was sent, only which fields, and of harmless ones their values. */
  readonly summary: string
  /** The log says more under it. */
  readonly requestId: string
}

/** What it was done to; an id of '' where there is only one of the kind. */
export interface ActivityTarget {
  readonly kind: string
  readonly id: string
}

/** Which of it is asked for; what is absent is no filter. */
export interface ActivityFilter {
  /** As a whole, letter case ignored. */
  readonly actor?: string | undefined
  readonly action?: string | undefined
  /** A part of `kind:id`, letter case ignored. */
  readonly target?: string | undefined
}

export const ACTIVITY_KIND = 'activity'
/** The newest that are kept: about 3 MB, and months of what people do by hand. */
export const MAX_ACTIVITY = 10_000

const LATEST = 2 ** 48 - 1
const SEQUENCES = 2 ** 16

/** Records are listed by key: time and sequence count down in it, so that the newest comes first. */
export function activityKey({ id, at }: Activity, sequence: number): string {
  const time = (LATEST - at).toString(16).padStart(12, '0')
  const turn = (SEQUENCES - 1 - (sequence % SEQUENCES)).toString(16).padStart(4, '0')
  return `${ACTIVITY_KIND}/${time}-${turn}-${id}`
}

export const activityText = (activity: Activity): string => JSON.stringify(activity)

export const activityFrom = (text: string): Activity => JSON.parse(text) as Activity

/** Programs are told from people by a colon, which no user has in his name. */
export const actorOf = ({ name, kind }: Identity): string => (kind === 'token' ? `token:${name}` : name)

export function isWanted({ actor, action, target }: Activity, wanted: ActivityFilter): boolean {
  if (wanted.actor !== undefined && wanted.actor.toLowerCase() !== actor.toLowerCase()) return false
  if (wanted.action !== undefined && wanted.action !== action) return false
  const named = `${target.kind}:${target.id}`.toLowerCase()
  return wanted.target === undefined || named.includes(wanted.target.toLowerCase())
}

/** Numbers, flags and words of the API; texts that somebody wrote, secrets and payloads are only named. */
const TOLD = new Set(
  [
    'remainingAttempts spreadSeconds descendants seconds isPaused priority maxConcurrent role',
    'timeoutSeconds overlap catchUp jitterSeconds action target',
  ]
    .join(' ')
    .split(' '),
)
const MAX_TOLD = 12
const FIELD_NAME = /^[A-Za-z]{1,40}$/
const WORD = /^[A-Za-z]{1,40}$/

/** What a body asked for, for a sentence: `remainingAttempts 3, input`; '' of none. */
export function toldOf(body: unknown): string {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return ''
  const told = Object.entries(body)
    .filter(([name, value]) => FIELD_NAME.test(name) && value !== undefined)
    .map(([name, value]) => (TOLD.has(name) && isHarmless(value) ? `${name} ${value}` : name))
  const more = told.length > MAX_TOLD ? `, and ${told.length - MAX_TOLD} more` : ''
  return `${told.slice(0, MAX_TOLD).join(', ')}${more}`
}

const isHarmless = (value: unknown): boolean =>
  value === null || ['number', 'boolean'].includes(typeof value) || (typeof value === 'string' && WORD.test(value))
