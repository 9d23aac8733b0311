/** PROOF S28. */
export const MAX_KEY_LENGTH = 128
/** WIRE section 2. */
export const KEPT_MS = 24 * 3600 * 1000

/** A quoted string of printable ASCII, in which `"` and `\` stand behind a `\` (RFC 9651 section 3.3.3). */
const QUOTED = /^"((?:[ !#-[\]-~]|\\["\\])*)"$/
/** What many clients send instead. Nothing that would begin a list or parameters: two headers arrive as one, with a comma between. */
const BARE = /^[^\s",;\\]+$/
const PRINTABLE = /^[ -~]+$/

/** The key in an `Idempotency-Key` header, a string of structured fields or bare; null: it is neither, or too long. */
export function parseIdempotencyKey(header: string): string | null {
  if (header.length > 2 * MAX_KEY_LENGTH + 2 || !PRINTABLE.test(header)) return null
  const quoted = QUOTED.exec(header)?.[1]?.replace(/\\(.)/g, '$1')
  const key = quoted ?? (BARE.test(header) ? header : '')
  return key.length >= 1 && key.length <= MAX_KEY_LENGTH ? key : null
}

/** What is kept of a request under its key. */
export interface KeptRequest {
  /** Of the body. */
  readonly hash: string
  /** Epoch ms of the first request. */
  readonly at: number
  /** Absent: a server is at it, or nobody knows how it ended. */
  readonly answer?: KeptAnswer
}

export interface KeptAnswer {
  readonly status: number
  readonly type: string
  /** Null: it was done, and what it was answered is not kept. */
  readonly body: string | null
}

/** What a request meets under its key. */
export type Meeting =
  /** The key was used for something else. */
  | { readonly kind: 'reused' }
  | { readonly kind: 'answered'; readonly answer: KeptAnswer }
  /** An earlier run began, and may have had its effect. */
  | { readonly kind: 'begun' }

export function meet({ hash, answer }: KeptRequest, hashNow: string): Meeting {
  if (hash !== hashNow) return { kind: 'reused' }
  return answer === undefined ? { kind: 'begun' } : { kind: 'answered', answer }
}

/**
 * What becomes of the key with the answer. `keep`: it is given again. `open`: the next request with the key runs again, as nobody knows
 * what happened (5xx), or as the refusal itself says to try again. `forget`: the body alone was refused, so nothing began, and the
 * key is free for the mended one.
 */
export type Keeping = 'keep' | 'open' | 'forget'

/** Refusals that end by themselves. */
const TRANSIENT: ReadonlySet<string> = new Set(['conflict', 'too_many_requests', 'idempotency_key_in_use'])
/** Refusals of the request as it is, whatever is stored. */
const OF_THE_BODY: ReadonlySet<string> = new Set([
  'invalid_json',
  'json_too_deep',
  'body_too_large',
  'unsupported_media_type',
  'invalid_request',
])

/**
 * As the IETF's draft has it: the result of an operation that completed is given again, "success or an error"; what was never begun is
 * no result. `code` is that of a problem, null of a success.
 */
export function keepingOf(status: number, code: string | null): Keeping {
  if (status >= 500 || (code !== null && TRANSIENT.has(code))) return 'open'
  return code !== null && OF_THE_BODY.has(code) ? 'forget' : 'keep'
}
