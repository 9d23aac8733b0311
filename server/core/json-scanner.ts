/** The text is not JSON (RFC 8259). Line and column count from 1, columns in UTF-16 code units. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError'
  readonly line: number
  readonly column: number

  constructor(message: string, at: Position) {
    super(`${message} at line ${at.line}, column ${at.column}`)
    this.line = at.line
    this.column = at.column
  }
}

/** The text nests more containers than allowed; the outermost one is level 1. */
export class JsonDepthError extends Error {
  override readonly name = 'JsonDepthError'
  readonly maxDepth: number

  constructor(maxDepth: number, at: Position) {
    super(`JSON is nested deeper than ${maxDepth} levels at line ${at.line}, column ${at.column}`)
    this.maxDepth = maxDepth
  }
}

/** The text holds more than allowed, however few bytes that takes. */
export class JsonSizeError extends Error {
  override readonly name = 'JsonSizeError'
}

type Position = { readonly line: number; readonly column: number }

const TAB = 0x09
const NEWLINE = 0x0a
const RETURN = 0x0d
const SPACE = 0x20
const PLUS = 0x2b
const COMMA = 0x2c
const POINT = 0x2e
const COLON = 0x3a
const BACKSLASH = 0x5c
export const QUOTE = 0x22
export const MINUS = 0x2d
export const ZERO = 0x30
export const OPEN_ARRAY = 0x5b
export const CLOSE_ARRAY = 0x5d
export const OPEN_OBJECT = 0x7b
export const CLOSE_OBJECT = 0x7d

const HEX4 = /^[0-9A-Fa-f]{4}$/

export function isDigit(c: number): boolean {
  return c >= ZERO && c <= 0x39
}

/**
 * Whether no bracket outside a string opens more than `maxDepth` levels. It stops at the first that does, so a megabyte
 * of '[' costs nothing. It says nothing about the text being valid.
 */
export function isShallow(text: string, maxDepth: number): boolean {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === QUOTE) i = closingQuote(text, i)
    else if (c === OPEN_ARRAY || c === OPEN_OBJECT) {
      if (++depth > maxDepth) return false
    } else if (c === CLOSE_ARRAY || c === CLOSE_OBJECT) depth--
  }
  return true
}

function closingQuote(text: string, open: number): number {
  for (let i = open + 1; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === BACKSLASH) i++
    else if (c === QUOTE) return i
  }
  return text.length
}

/**
 * Walks over one JSON text and checks its grammar without making values. `at` is the next character to read; it only
 * moves forward, so the time is linear. Characters are char codes, and NaN stands for the end of the text: no
 * comparison with it holds.
 */
export class JsonScanner {
  protected at = 0
  protected readonly text: string
  private readonly maxDepth: number

  constructor(text: string, maxDepth: number) {
    this.text = text
    this.maxDepth = maxDepth
  }

  protected skipValue(depth: number): void {
    const c = this.skipSpace()
    if (c === QUOTE) this.skipString()
    else if (c === OPEN_OBJECT) this.skipObject(depth)
    else if (c === OPEN_ARRAY) this.skipArray(depth)
    else if (c === MINUS || isDigit(c)) this.skipNumber()
    else if (!this.skipWord('null') && !this.skipWord('true') && !this.skipWord('false')) this.fail('a value')
  }

  private skipObject(depth: number): void {
    this.open(depth)
    if (this.closes(CLOSE_OBJECT)) return
    do {
      this.skipKey()
      this.skipColon()
      this.skipValue(depth + 1)
    } while (this.continues(CLOSE_OBJECT))
  }

  private skipArray(depth: number): void {
    this.open(depth)
    if (this.closes(CLOSE_ARRAY)) return
    do this.skipValue(depth + 1)
    while (this.continues(CLOSE_ARRAY))
  }

  /** Steps over the bracket that opens level `depth`. */
  protected open(depth: number): void {
    if (depth > this.maxDepth) throw new JsonDepthError(this.maxDepth, this.position())
    this.at++
  }

  /** Whether the container that was just opened is empty; then it is left. */
  protected closes(bracket: number): boolean {
    if (this.skipSpace() !== bracket) return false
    this.at++
    return true
  }

  /** Whether another item follows; else the container is left. */
  protected continues(bracket: number): boolean {
    const c = this.skipSpace()
    if (c !== COMMA && c !== bracket) this.fail(bracket === CLOSE_ARRAY ? "',' or ']'" : "',' or '}'")
    this.at++
    return c === COMMA
  }

  /** Moves to the next character that is not whitespace and answers it. */
  protected skipSpace(): number {
    const { text } = this
    let c = text.charCodeAt(this.at)
    while (c === SPACE || c === NEWLINE || c === RETURN || c === TAB) c = text.charCodeAt(++this.at)
    return c
  }

  protected skipKey(): boolean {
    if (this.skipSpace() !== QUOTE) this.fail('a member name in double quotes')
    return this.skipString()
  }

  protected skipColon(): void {
    if (this.skipSpace() !== COLON) this.fail("':'")
    this.at++
  }

  protected skipWord(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false
    this.at += word.length
    return true
  }

  protected skipEnd(): void {
    this.skipSpace()
    if (this.at < this.text.length) this.fail('the end of the text')
  }

  /** Moves behind the closing quote and says whether the string holds escapes. */
  protected skipString(): boolean {
    const { text } = this
    let hasEscapes = false
    for (let i = this.at + 1; ; i++) {
      const c = text.charCodeAt(i)
      if (c === QUOTE) {
        this.at = i + 1
        return hasEscapes
      }
      if (c === BACKSLASH) {
        hasEscapes = true
        i = this.escapeEnd(i)
      } else if (!(c >= SPACE)) this.failAt(i, c < SPACE ? 'control characters to be escaped' : "a closing '\"'")
    }
  }

  private escapeEnd(backslash: number): number {
    const escaped = this.text.charAt(backslash + 1)
    if (escaped === 'u' && HEX4.test(this.text.slice(backslash + 2, backslash + 6))) return backslash + 5
    if (escaped !== '' && '"\\/bfnrt'.includes(escaped)) return backslash + 1
    return this.failAt(backslash, 'an escape that JSON knows')
  }

  /** Moves behind the number and says whether it is whole: without fraction and exponent. */
  protected skipNumber(): boolean {
    const { text } = this
    if (text.charCodeAt(this.at) === MINUS) this.at++
    if (text.charCodeAt(this.at) === ZERO) this.at++
    else this.skipDigits()
    const wholeEnd = this.at
    if (text.charCodeAt(this.at) === POINT) {
      this.at++
      this.skipDigits()
    }
    // 'e' and 'E' differ in the bit 0x20 only.
    if ((text.charCodeAt(this.at) | 0x20) === 0x65) this.skipExponent()
    return this.at === wholeEnd
  }

  private skipExponent(): void {
    const sign = this.text.charCodeAt(++this.at)
    if (sign === PLUS || sign === MINUS) this.at++
    this.skipDigits()
  }

  private skipDigits(): void {
    const start = this.at
    while (isDigit(this.text.charCodeAt(this.at))) this.at++
    if (this.at === start) this.fail('a digit')
  }

  protected fail(expected: string): never {
    return this.failAt(this.at, expected)
  }

  private failAt(index: number, expected: string): never {
    this.at = index
    const found = index < this.text.length ? JSON.stringify(this.text.charAt(index)) : 'the end of the text'
    throw new JsonSyntaxError(`JSON is malformed: expected ${expected}, found ${found}`, this.position())
  }

  private position(): Position {
    let line = 1
    let lineStart = 0
    for (let i = this.text.indexOf('\n'); i !== -1 && i < this.at; i = this.text.indexOf('\n', i + 1)) {
      line++
      lineStart = i + 1
    }
    return { line, column: this.at - lineStart + 1 }
  }
}
