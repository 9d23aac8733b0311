import {
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  isDigit,
  isShallow,
  JsonScanner,
  JsonSizeError,
  MINUS,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  ZERO,
} from './json-scanner.ts'

export { JsonDepthError, JsonSizeError, JsonSyntaxError } from './json-scanner.ts'

/**
 * The exact source text of one JSON value, without surrounding whitespace.
 *
 * `input` and `output` are opaque (WIRE section 1): numbers beyond 2^53, key order and `[]` survive only when nobody
 * decodes and encodes them again. The brand keeps a plain `{text}` from passing as one.
 */
export class RawJson {
  declare protected readonly brand: 'RawJson'
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** How to read: `maxDepth` containers at most (WIRE section 7: 100), the members to keep as text, and how much the rest may hold. */
export type JsonOptions = {
  readonly maxDepth: number
  readonly rawKeys?: ReadonlySet<string>
  readonly limits?: JsonLimits
}

/** Of what becomes values: what is kept as text is only walked over, which is ten times as fast. */
export interface JsonLimits {
  readonly maxValues: number
  /** Of one object. */
  readonly maxMembers: number
}

/**
 * What nobody needs more of, so that no text blocks the event loop for 100 ms (I15): 10,000 tasks with all their fields are 310,000 values
 * (with 20 entries of metadata each besides they are too many for one call), and an object of ours has some thirty members. Before, 10 MiB took 300 ms as `[1,1,…]` and 490 ms as 800,000 names (Bun 1.4,
 * 2026-11-23): a name costs ten times what a number does.
 */
export const JSON_LIMITS: JsonLimits = { maxValues: 500_000, maxMembers: 10_000 }

const NO_KEYS: ReadonlySet<string> = new Set()

/** Integers of up to 15 digits add up without rounding; longer ones are left to `Number`. */
const EXACT_DIGITS = 15

/**
 * Reads one JSON text exactly as strictly as `JSON.parse`, but never deeper than `maxDepth`, and says where it is wrong.
 *
 * A member named in `rawKeys` becomes a `RawJson` when it belongs to the top object or to an object in an array of the
 * top object: `{input}`, `{tasks: [{input}]}`, `{children: [{input}]}`. Anywhere else it is an ordinary member.
 * Of members with the same name the last one wins; `__proto__` is an ordinary member and changes no prototype.
 *
 * @throws JsonSyntaxError, JsonDepthError, JsonSizeError
 */
export function parseJson(text: string, options: JsonOptions): unknown {
  const { rawKeys = NO_KEYS, limits } = options
  if (rawKeys.size === 0 && !limits && isShallow(text, options.maxDepth)) {
    try {
      return JSON.parse(text)
    } catch {
      // Read again below: the engine's message has no line and no column.
    }
  }
  return new JsonReader(text, { ...options, rawKeys }).document()
}

/** The JSON text of a plain value; what JSON cannot say (`undefined`, a function) is null. A `RawJson` stays itself. */
export function rawJsonOf(value: unknown): RawJson {
  if (value instanceof RawJson) return value
  return new RawJson(JSON.stringify(value) ?? 'null')
}

/** Whether the value is JSON's `null`. */
export function isRawNull(raw: RawJson): boolean {
  return raw.text === 'null'
}

/** Makes values of what the scanner checks; a raw member is only scanned, so it costs no memory but its text. */
class JsonReader extends JsonScanner {
  private readonly rawKeys: ReadonlySet<string>
  private readonly maxMembers: number
  private readonly maxValues: number
  private values = 0
  private topIsObject = false
  private secondIsArray = false

  constructor(text: string, { maxDepth, rawKeys = NO_KEYS, limits }: JsonOptions) {
    super(text, maxDepth)
    this.rawKeys = rawKeys
    this.maxMembers = limits?.maxMembers ?? Number.POSITIVE_INFINITY
    this.maxValues = limits?.maxValues ?? Number.POSITIVE_INFINITY
  }

  document(): unknown {
    const value = this.readValue(1)
    this.skipEnd()
    return value
  }

  private readValue(depth: number): unknown {
    if (++this.values > this.maxValues) throw new JsonSizeError(`JSON holds more than ${this.maxValues} values`)
    const c = this.skipSpace()
    if (c === QUOTE) return this.readString()
    if (c === OPEN_OBJECT) return this.readObject(depth)
    if (c === OPEN_ARRAY) return this.readArray(depth)
    if (c === MINUS || isDigit(c)) return this.readNumber()
    return this.readWord()
  }

  private readObject(depth: number): object {
    this.open(depth)
    if (depth === 1) this.topIsObject = true
    if (depth === 2) this.secondIsArray = false
    const keepsRaw = this.keepsRaw(depth)
    const object: Record<string, unknown> = {}
    if (this.closes(CLOSE_OBJECT)) return object
    let membersLeft = this.maxMembers
    do {
      if (--membersLeft < 0) throw new JsonSizeError(`JSON holds an object of more than ${this.maxMembers} members`)
      const key = this.readKey()
      const value = keepsRaw && this.rawKeys.has(key) ? this.readRaw(depth + 1) : this.readValue(depth + 1)
      if (key === '__proto__') defineOwn(object, key, value)
      else object[key] = value
    } while (this.continues(CLOSE_OBJECT))
    return object
  }

  private readArray(depth: number): unknown[] {
    this.open(depth)
    if (depth === 2) this.secondIsArray = true
    const array: unknown[] = []
    if (this.closes(CLOSE_ARRAY)) return array
    do array.push(this.readValue(depth + 1))
    while (this.continues(CLOSE_ARRAY))
    return array
  }

  private keepsRaw(depth: number): boolean {
    return depth === 1 || (depth === 3 && this.topIsObject && this.secondIsArray)
  }

  private readRaw(depth: number): RawJson {
    this.skipSpace()
    const start = this.at
    this.skipValue(depth)
    return new RawJson(this.text.slice(start, this.at))
  }

  private readKey(): string {
    this.skipSpace()
    const start = this.at
    const hasEscapes = this.skipKey()
    const key = this.stringFrom(start, hasEscapes)
    this.skipColon()
    return key
  }

  private readString(): string {
    const start = this.at
    return this.stringFrom(start, this.skipString())
  }

  private stringFrom(start: number, hasEscapes: boolean): string {
    if (hasEscapes) return JSON.parse(this.text.slice(start, this.at))
    return this.text.slice(start + 1, this.at - 1)
  }

  private readNumber(): number {
    const start = this.at
    const isWhole = this.skipNumber()
    const isNegative = this.text.charCodeAt(start) === MINUS
    const first = isNegative ? start + 1 : start
    if (!isWhole || this.at - first > EXACT_DIGITS) return Number(this.text.slice(start, this.at))
    let sum = 0
    for (let i = first; i < this.at; i++) sum = sum * 10 + this.text.charCodeAt(i) - ZERO
    return isNegative ? -sum : sum
  }

  private readWord(): boolean | null {
    if (this.skipWord('null')) return null
    if (this.skipWord('true')) return true
    if (this.skipWord('false')) return false
    return this.fail('a value')
  }
}

function defineOwn(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
}
