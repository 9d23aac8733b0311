/** A piece of JSON text: where it begins and ends in the source, never its value, so that nothing is rounded or reordered. */
export type TokenKind = '{' | '}' | '[' | ']' | ',' | ':' | 'string' | 'word'

const QUOTE = 34
const BACKSLASH = 92
const OPENING_BRACE = 123
const CLOSING_BRACE = 125
/** Brackets differ from braces by it alone, as small letters do from capital ones. */
const CASE_BIT = 32

const PUNCTUATION: Readonly<Record<number, TokenKind>> = Object.fromEntries(
  (['{', '}', '[', ']', ',', ':'] as const).map((kind) => [kind.charCodeAt(0), kind]),
)

/**
 * Tells of every token of JSON text, in order. What is no JSON gives words as they stand, for showing is better than
 * refusing. A callback, not an iterator: 5 MB have 800,000 tokens, and an object for each took most of a second. It may answer where
 * to go on, for what it needs to hear nothing of.
 */
export function eachToken(
  text: string,
  tell: (kind: TokenKind, start: number, end: number) => number | undefined,
): void {
  let at = 0
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (isSpace(code)) {
      at++
      continue
    }
    const kind = code === QUOTE ? 'string' : (PUNCTUATION[code] ?? 'word')
    const end = kind === 'string' ? endOfString(text, at) : kind === 'word' ? endOfWord(text, at) : at + 1
    at = tell(kind, at, end) ?? end
  }
}

/** Where the object or array ends that begins here. */
export function endOfNested(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at) - 1
    else if ((code | CASE_BIT) === OPENING_BRACE) depth++
    else if ((code | CASE_BIT) === CLOSING_BRACE && --depth === 0) return at + 1
  }
  return text.length
}

const isSpace = (code: number): boolean => code === 32 || code === 10 || code === 13 || code === 9

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at++
    else if (code === QUOTE) return at + 1
  }
  return text.length
}

function endOfWord(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && !endsWord(text.charCodeAt(at))) at++
  return at
}

const endsWord = (code: number): boolean => isSpace(code) || code === QUOTE || PUNCTUATION[code] !== undefined
