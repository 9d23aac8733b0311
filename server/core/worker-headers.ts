import type { Fault } from './errors.ts'
import { escapePointer } from './gate-limits.ts'
import { isObject } from './task-input.ts'

/** Headers that a worker is sent besides Crew's: names in lower case. Values are as they were set, secrets by their name. */
export type OwnHeaders = Readonly<Record<string, string>>

/** A request is a few hundred bytes of headers: more is somebody's payload. */
export const MAX_HEADERS = 32
export const MAX_HEADER_NAME = 128
export const MAX_HEADER_VALUE = 4096

/** RFC 9110: a token. */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/
/** Printable ASCII on one line: a line break would begin a header of its own. */
const VALUE = /^(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?$/
/** `secret:NAME`, or behind a scheme: `Bearer secret:NAME`. */
const SECRET = /^(?:([A-Za-z][A-Za-z0-9-]{0,30}) )?secret:([A-Z][A-Z0-9_]{0,63})$/
const LIKE_SECRET = /(^|\s)secret:/i
/** What Crew says itself, and what belongs to the connection. Encodings are not decoded here: a small answer could become a large one. */
const RESERVED =
  /^(crew-.*|webhook-.*|idempotency-key|traceparent|content-type|content-length|content-encoding|host|connection|keep-alive|proxy-connection|transfer-encoding|accept-encoding|te|trailer|upgrade|expect)$/
/** What carries a credential by its name, or by how it begins. */
const CREDENTIAL = /^(authorization|proxy-authorization|cookie)$|token|secret|api-?key|-key$|password/
const CREDENTIAL_VALUE = /^(basic|bearer|digest|token|apikey) \S/i

/** Reads `{name: value}`, null being none. Faults point below `pointer`. */
export function parseHeaders(
  value: unknown,
  { hasSecret, pointer }: { hasSecret: (name: string) => boolean; pointer: string },
): { headers: OwnHeaders; faults: Fault[] } {
  if (value === null) return { headers: {}, faults: [] }
  if (!isObject(value)) return refused({ pointer, detail: 'expected null or an object of strings' })
  const entries = Object.entries(value)
  if (entries.length > MAX_HEADERS) return refused({ pointer, detail: `expected at most ${MAX_HEADERS} headers` })
  const names = entries.map(([name]) => name.toLowerCase())
  const faults = entries.flatMap(([name, content], index) => {
    const detail = names.indexOf(name.toLowerCase()) < index ? 'is there twice' : faultOf(name, content, hasSecret)
    return detail === null ? [] : [{ pointer: `${pointer}/${escapePointer(name)}`, detail }]
  })
  const headers = Object.fromEntries(entries.map(([name, content]) => [name.toLowerCase(), content as string]))
  return faults.length > 0 ? { headers: {}, faults } : { headers, faults }
}

const refused = (fault: Fault) => ({ headers: {}, faults: [fault] })

function faultOf(written: string, value: unknown, hasSecret: (name: string) => boolean): string | null {
  const name = written.toLowerCase()
  if (!NAME.test(name)) return `expected a header's name: 1 to ${MAX_HEADER_NAME} letters, digits or !#$%&'*+.^_\`|~-`
  if (RESERVED.test(name)) return 'is set by Crew or by the connection'
  if (typeof value !== 'string') return 'expected a string'
  if (value.length > MAX_HEADER_VALUE) return `expected at most ${MAX_HEADER_VALUE} characters`
  if (!VALUE.test(value)) return 'expected printable ASCII on one line, without spaces around it'
  return secretFault(name, value, hasSecret)
}

/** I18: what is stored can be read by whoever reads the store, so a credential stays in the environment. */
function secretFault(name: string, value: string, hasSecret: (name: string) => boolean): string | null {
  const secret = SECRET.exec(value)?.[2]
  if (secret !== undefined) return hasSecret(secret) ? null : missingSecret(secret)
  if (LIKE_SECRET.test(value)) return 'expected secret:NAME, a name of A-Z 0-9 _'
  if (!CREDENTIAL.test(name) && !CREDENTIAL_VALUE.test(value)) return null
  return 'carries a credential, and settings are not encrypted: put it into the environment as CREW_SECRET_X and write secret:X'
}

/** Their variables encrypt what is stored: they are settings, and go to nobody. */
const RESERVED_SECRETS: readonly string[] = ['KEY', 'KEY_OLD']

/** Why a secret of this name is not there. */
export function missingSecret(secret: string): string {
  if (RESERVED_SECRETS.includes(secret))
    return `CREW_SECRET_${secret} is the key that stored secrets are encrypted with: give this secret another name`
  return `this server has no secret ${secret}: set CREW_SECRET_${secret}, or CREW_SECRET_${secret}_FILE, and start it again`
}

/** Headers with their secrets put in; `secrets` are those values, to be kept out of whatever is shown or stored. */
export interface ResolvedHeaders {
  readonly headers: OwnHeaders
  readonly secrets: readonly string[]
  /** Why they cannot be sent from this server; null: they can. */
  readonly problem: string | null
}

/** Puts secrets in. One that is missing keeps the call from being made: without it the worker would only refuse. */
export function resolveHeaders(own: OwnHeaders, secretOf: (name: string) => string | undefined): ResolvedHeaders {
  const secrets: string[] = []
  const problems: string[] = []
  const headers = Object.entries(own).map(([name, value]) => {
    const [, scheme, secret] = SECRET.exec(value) ?? []
    if (secret === undefined) return [name, value]
    const known = secretOf(secret)
    if (known === undefined) problems.push(`header ${name}: ${missingSecret(secret)}`)
    else secrets.push(known)
    return [name, `${scheme === undefined ? '' : `${scheme} `}${known ?? ''}`]
  })
  return { headers: Object.fromEntries(headers), secrets, problem: problems[0] ?? null }
}

/** Names and values in turn, with own headers in the place of those of the same name. */
export function withOwnHeaders(common: string[], own: OwnHeaders): string[] {
  const added = Object.entries(own)
  if (added.length === 0) return common
  const kept = common.filter((_, index) => !Object.hasOwn(own, common[index - (index % 2)] as string))
  return [...kept, ...added.flat()]
}

/** What stands for a secret where it is shown. */
export const MASK = '***'

/** The text without these values, however it spells them. The longest first: one may begin with another. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const values = secrets.flatMap(valuesOf).sort((a, b) => b.length - a.length)
  const spellings = values.flatMap(spellingsOf).sort((a, b) => b.length - a.length)
  const without = (rest: string, spelling: string): string =>
    rest.includes(spelling) ? rest.replaceAll(spelling, MASK) : rest
  const rest = spellings.reduce(without, text)
  // Seldom so, and looked for at a tenth of the speed.
  if (!rest.includes('\\u00')) return rest
  return values.reduce((left, value) => left.replace(inNumbers(value), MASK), rest)
}

/** Shorter ones would stand in answers by chance, and they would be spoilt. */
const SHORTEST_SECRET = 8

/** What must not come back of an `Authorization` of the environment. */
export const secretsOfAuthorization = (authorization: string | null): readonly string[] =>
  authorization !== null && authorization.length >= SHORTEST_SECRET ? [authorization] : []

/** Behind a scheme: `Bearer sk-…`. What is shorter than a secret may be is none. */
const BEHIND_SCHEME = /^[A-Za-z][A-Za-z0-9-]* +(\S{8,})$/

/** As it is, and without its scheme. */
function valuesOf(secret: string): string[] {
  const credential = BEHIND_SCHEME.exec(secret)?.[1]
  return credential === undefined ? [secret] : [secret, credential]
}

/** As it is, and as JSON writes it: quotes and backslashes escaped, by some also slashes. */
function spellingsOf(value: string): string[] {
  const escaped = JSON.stringify(value).slice(1, -1)
  return [value, escaped, escaped.replaceAll('/', '\\/')]
}

/** Any sign of it by its number: .NET writes `+` of a token so, Go and PHP `&`, and JSON within JSON doubles the backslash. */
function inNumbers(value: string): RegExp {
  const signs = Array.from(value, (sign) => {
    const hex = sign.charCodeAt(0).toString(16).padStart(2, '0')
    const number = hex.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`)
    return `(?:${'"\\/'.includes(sign) ? '\\\\{0,3}' : ''}\\x${hex}|\\\\{1,2}u00${number})`
  })
  return new RegExp(signs.join(''), 'g')
}
