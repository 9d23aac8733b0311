import { cutText } from './cut-text.ts'

/** Enough of a message to tell it from others; a stack or a page of HTML follows behind it. */
const COMPARED_BYTES = 500
/** More than is compared, as what is taken out may be long. */
const MAX_READ_BYTES = 2048

/**
 * What differs between two errors of one kind, in the order in which it is taken out: a URL holds numbers, a time holds more. The
 * status that Crew itself puts before an answer is no such number: `HTTP 429` and `HTTP 500` want different remedies. Of a text that
 * was written to be slow each takes a few times as long as of another one: no quote behind a backslash opens, or each would be looked for
 * to the end of the text.
 */
const varying: readonly (readonly [RegExp, string])[] = [
  [/\b[a-z][a-z+.-]{0,20}:\/\/[^\s"'`<>)\]}…]+/gi, '<url>'],
  [/(?<!\\)"(?:[^"\\]|\\.)*"|`[^`]*`|(?<!\p{L})'[^']*'(?!\p{L})/gu, '<text>'],
  [/\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)?/gi, '<time>'],
  [/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, '<id>'],
  [/\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b/g, '<address>'],
  [/\b0x[0-9a-f]+\b/gi, '<hex>'],
  // Letters and digits mixed: ids, tokens, hashes. HTTP2 or sha256 are too short for one. It looks so far ahead only, as it begins anew
  // behind each sign: to the end of the text it is 25 times as much of `.a.a.a`.
  [
    /(?<![\p{L}\p{N}]|HTTP )(?=[\w:.-]{0,63}\d)(?=[\w:.-]{0,63}[a-z])[a-z0-9][\w:.-]{6,}[a-z0-9](?![\p{L}\p{N}])/giu,
    '<id>',
  ],
  [/(?<!HTTP )(?<!HTTP \d{1,2})[-+]?\d+(?:[.,:]\d+)*|(?<=HTTP )(?!\d{3}(?!\d))\d+/g, '<n>'],
]

/** An error without what is of this one task alone: two that say the same become the same text, and that text stays as it is. */
export function normalizedError(message: string): string {
  let text = cutText(message, MAX_READ_BYTES).replace(/\s+/g, ' ').trim()
  // What was taken out may leave something else to take out beside it. Each turn leaves fewer digits and quotes, so it ends.
  for (let before = ''; text !== before; ) {
    before = text
    text = varying.reduce((left, [pattern, stand]) => left.replace(pattern, stand), before)
    text = cutText(text, COMPARED_BYTES).trimEnd()
  }
  return text
}

/** A short name of what errors have in common, 16 hexadecimal digits. */
export const fingerprintOf = (message: string): string => hashOf(normalizedError(message))

/** Texts that are remembered at once: each is up to 4 KiB, and each may hold an id that makes it differ from all others. */
export const MAX_REMEMBERED = 1000

/** Fingerprints of many errors: tasks fail in the same words again and again, and reading words takes up to 50 µs. */
export class Fingerprints {
  readonly #known = new Map<string, string>()

  /** How many texts are remembered. */
  get size(): number {
    return this.#known.size
  }

  of(message: string): string {
    const known = this.#known.get(message)
    if (known !== undefined) return known
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear()
    const found = fingerprintOf(message)
    this.#known.set(message, found)
    return found
  }
}

/** What a fingerprint looks like. */
export const FINGERPRINT_PATTERN = /^[0-9a-f]{16}$/

/** 64 bits of two FNV-1a with different beginnings: to tell a few thousand texts apart, and no secret. */
function hashOf(text: string): string {
  return [0x811c9dc5, 0x01000193].map((seed) => fnv1a(text, seed).toString(16).padStart(8, '0')).join('')
}

const FNV_PRIME = 0x01000193

function fnv1a(text: string, seed: number): number {
  let hash = seed
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), FNV_PRIME)
  // Mixed once more: the low bits of FNV follow the last letters closely.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}
