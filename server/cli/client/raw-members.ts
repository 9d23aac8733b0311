import { CLOSE_ARRAY, CLOSE_OBJECT, JsonScanner, OPEN_ARRAY, OPEN_OBJECT } from '../../core/json-scanner.ts'

/** An object of JSON by its members, each as the text that it was sent as: digits beyond 2^53 survive. */
export type RawObject = ReadonlyMap<string, string>

/** As deep as a server takes JSON (WIRE section 7), and what it wraps around it. */
const MAX_DEPTH = 110

/** The members of an object; none of anything else. Throws a JsonSyntaxError or a JsonDepthError. */
export const rawMembers = (text: string): RawObject => new MemberScanner(text).members()

/** The items of an array; none of anything else. Throws as `rawMembers` does. */
export const rawItems = (text: string): readonly string[] => new MemberScanner(text).items()

/** Throws a JsonSyntaxError or a JsonDepthError when the text is not one value of JSON. */
export const checkJson = (text: string): void => new MemberScanner(text).check()

/** The same object as text. */
export const objectText = (members: Iterable<readonly [string, string]>): string =>
  `{${[...members].map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`

/** A string as such, anything else as its text; empty for what is missing, null or empty. */
export function plainValue(raw: string | undefined): string {
  if (raw === undefined || /^(null|""|\[\]|\{\})$/.test(raw)) return ''
  return raw.startsWith('"') ? String(JSON.parse(raw)) : raw
}

class MemberScanner extends JsonScanner {
  constructor(text: string) {
    super(text, MAX_DEPTH)
  }

  members(): RawObject {
    const found = new Map<string, string>()
    if (this.skipSpace() !== OPEN_OBJECT) return found
    this.open(1)
    if (this.closes(CLOSE_OBJECT)) return found
    do {
      const name = String(JSON.parse(this.taken(() => this.skipKey())))
      this.skipColon()
      found.set(
        name,
        this.taken(() => this.skipValue(2)),
      )
    } while (this.continues(CLOSE_OBJECT))
    return found
  }

  items(): readonly string[] {
    const found: string[] = []
    if (this.skipSpace() !== OPEN_ARRAY) return found
    this.open(1)
    if (this.closes(CLOSE_ARRAY)) return found
    do found.push(this.taken(() => this.skipValue(2)))
    while (this.continues(CLOSE_ARRAY))
    return found
  }

  check(): void {
    this.skipValue(1)
    this.skipEnd()
  }

  private taken(skip: () => void): string {
    this.skipSpace()
    const start = this.at
    skip()
    return this.text.slice(start, this.at)
  }
}
