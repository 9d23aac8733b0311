/** JSON text that no value says: numbers too large, escapes that are no character, members that come twice. */
export class Raw {
  declare protected readonly brand: 'Raw'
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** As `JSON.stringify`, with texts that stand in it as they are. */
export function writeJson(value: unknown): string {
  if (value instanceof Raw) return value.text
  if (Array.isArray(value)) return `[${value.map(writeJson).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  return `{${Object.entries(value)
    .map(([name, member]) => `${JSON.stringify(name)}:${writeJson(member)}`)
    .join()}}`
}

/** An object with this member, which may be called `__proto__`. */
export function withMember(object: object, name: string, value: unknown): object {
  const entries = Object.entries(object).filter(([one]) => one !== name)
  const copy = Object.fromEntries(entries)
  Object.defineProperty(copy, name, { value, enumerable: true, writable: true, configurable: true })
  return copy
}
