import { eachToken } from './json-tokens.ts'

/** The text of each field of a JSON object, as it stands there. `JSON.parse` would round 9007199254740993. */
export function rawFields(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  let depth = 0
  let name: string | null = null
  let from = -1
  let to = -1
  eachToken(text, (kind, start, end) => {
    if (kind === '}' || kind === ']') depth--
    if (depth === 0 || (depth === 1 && kind === ',')) {
      if (name !== null && from >= 0) fields.set(name, text.slice(from, to))
      name = null
      from = -1
    } else if (depth === 1 && name === null && kind === 'string') name = JSON.parse(text.slice(start, end))
    else if (name !== null && !(depth === 1 && kind === ':')) {
      if (from < 0) from = start
      to = end
    }
    if (kind === '{' || kind === '[') depth++
  })
  return fields
}

/** A JSON object of these fields and one that is text already; null: without it. */
export function withRaw(fields: object, name: string, text: string | null): string {
  if (text === null) return JSON.stringify(fields)
  const others = JSON.stringify(fields).slice(1, -1)
  return `{${others}${others === '' ? '' : ','}${JSON.stringify(name)}:${text}}`
}
