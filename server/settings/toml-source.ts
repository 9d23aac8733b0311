import { parse, TomlError } from 'smol-toml'
import { didYouMean } from '../core/nearest-word.ts'
import { SettingError } from './setting-error.ts'
import { fileNamesOf, namesOf, SETTING_KEYS, SETTINGS } from './settings-table.ts'
import type { Source } from './source.ts'

export const TOML_FILE = 'crew.toml'

/**
 * The settings of a crew.toml: top-level keys. One that is not known is refused, as a typo would go unseen. Faults are noted one by one;
 * what is no TOML at all is thrown.
 */
export function tomlSource(text: string, { noteFault }: { readonly noteFault: (sentence: string) => void }): Source {
  const where = ` in ${TOML_FILE}`
  const known = SETTING_KEYS.flatMap((key) =>
    SETTINGS[key].isSecret ? [namesOf(key), fileNamesOf(key)] : [namesOf(key)],
  )
  const words = known.map(({ toml }) => toml)
  const texts = new Map<string, string>()
  for (const [name, value] of Object.entries(parseToml(text))) {
    const written = asText(value)
    if (!words.includes(name)) noteFault(`${name}${where} is no setting${didYouMean(name, words)}.`)
    else if (written === null)
      noteFault(`${name}${where} is a table, a list or a date: expected text, a number, true or false.`)
    else texts.set(name, written)
  }
  return { spelling: 'toml', texts, place: TOML_FILE, where }
}

function parseToml(text: string): Record<string, unknown> {
  try {
    return parse(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    // What follows in the message quotes the line, and a line may hold a secret.
    const [what = ''] = error.message.split('\n')
    throw new SettingError(`${TOML_FILE} is no TOML at line ${error.line}, column ${error.column}: ${what}.`)
  }
}

/** Null of what no setting can be. */
function asText(value: unknown): string | null {
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : null
}
