import { parse, TomlError } from 'smol-toml'
import { didYouMean } from './nearest-word.ts'
import { SettingError } from './setting-error.ts'
import { fileNamesOf, namesOf, SETTING_KEYS, SETTINGS } from './settings-table.ts'
import type { Source } from './source.ts'

/** The settings of a crew.toml: top-level keys. One that is not known is refused, as a typo would go unseen. */
export function tomlSource(text: string, fileName: string): Source {
  const where = ` in ${fileName}`
  const known = SETTING_KEYS.flatMap((key) =>
    SETTINGS[key].isSecret ? [namesOf(key), fileNamesOf(key)] : [namesOf(key)],
  )
  const words = known.map(({ toml }) => toml)
  const texts = new Map<string, string>()
  for (const [name, value] of Object.entries(parseToml(text, fileName))) {
    if (!words.includes(name)) throw new SettingError(`${name}${where} is no setting${didYouMean(name, words)}.`)
    texts.set(name, asText(value, `${name}${where}`))
  }
  return { spelling: 'toml', texts, where }
}

function parseToml(text: string, fileName: string): Record<string, unknown> {
  try {
    return parse(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    // What follows in the message quotes the line, and a line may hold a secret.
    const [what = ''] = error.message.split('\n')
    throw new SettingError(`${fileName} is no TOML at line ${error.line}, column ${error.column}: ${what}.`)
  }
}

function asText(value: unknown, name: string): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new SettingError(`${name} is a table, a list or a date: expected text, a number, true or false.`)
}
