import { parseEnv } from 'node:util'
import { checkTogether } from './check-together.ts'
import { Faults } from './faults.ts'
import { SettingError } from './setting-error.ts'
import { namesOf, SETTING_KEYS, SETTINGS, type SettingKey, type Settings } from './settings-table.ts'
import { lookUp, type Place, type ReadFile, type Source, type Written } from './source.ts'
import { TOML_FILE, tomlSource } from './toml-source.ts'

/** Where settings are looked for. */
export interface SettingsInput {
  /** By flag: `--port` → `8090`. */
  readonly flags: ReadonlyMap<string, string>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly readFile: ReadFile
}

export const DOTENV_FILE = '.env'

/** A setting as it came to be. */
export interface FoundSetting {
  readonly key: SettingKey
  readonly value: unknown
  /** As it was written, or its default; null when it has none. May be secret. */
  readonly text: string | null
  readonly source: Place | 'default'
  /** The name it was written under, as in `CREW_LEASE_MS in .env`; null of a default. */
  readonly name: string | null
  /** A file that was named held it. */
  readonly isOfFile: boolean
}

export interface Inspection {
  /** Those that can be used. */
  readonly found: readonly FoundSetting[]
  /** Null when something is wrong. */
  readonly settings: Settings | null
  /** Everything that is wrong, as sentences; the first is what a start is refused by. */
  readonly faults: readonly string[]
}

/** Reads every setting. A flag wins over the environment, then come crew.toml, .env and the default. */
export function readSettings(input: SettingsInput): Settings {
  const { settings, faults } = inspectSettings(input)
  if (settings === null) throw new SettingError(faults[0])
  return settings
}

/** Reads every setting, and goes on behind what is wrong. */
export function inspectSettings(input: SettingsInput): Inspection {
  const faults = new Faults()
  const sources = openSources(input, faults)
  sources.push(...(faults.attempt(() => redisSource(sources, input.readFile)) ?? []))
  const found = SETTING_KEYS.flatMap((key) => faults.attempt(() => findSetting(key, sources, input.readFile)) ?? [])
  const settings = Object.fromEntries(found.map(({ key, value }) => [key, value])) as Partial<Settings>
  faults.attempt(() => checkTogether(settings))
  return { found, settings: faults.all.length === 0 ? (settings as Settings) : null, faults: faults.all }
}

function openSources({ flags, env, readFile }: SettingsInput, faults: Faults): Source[] {
  const noteFault = (sentence: string): void => faults.note(sentence)
  const toml = faults.attempt(() => {
    const text = readFile(TOML_FILE)
    return text === null ? null : tomlSource(text, { noteFault })
  })
  const dotenv = faults.attempt(() => readFile(DOTENV_FILE))
  return [
    { spelling: 'flag', texts: flags, place: 'flag', where: '' },
    { spelling: 'env', texts: withoutEmpty(env), place: 'environment', where: '' },
    ...(toml ? [toml] : []),
    ...(dotenv ? [dotenvSource(dotenv)] : []),
  ]
}

function dotenvSource(text: string): Source {
  return { spelling: 'env', texts: withoutEmpty(parseEnv(text)), place: DOTENV_FILE, where: ` in ${DOTENV_FILE}` }
}

/** `CREW_AUTH_TOKEN=` is how a compose file or a shell says "not set". */
function withoutEmpty(env: Readonly<Record<string, string | undefined>>): Map<string, string> {
  const pairs = Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '')
  return new Map(pairs)
}

/** crew-go chose Redis by its address alone: who moves from it must not find a server on an empty file instead. */
function redisSource(sources: readonly Source[], readFile: ReadFile): Source[] {
  const address = findSetting('redisAddress', sources, readFile)
  if (address.value === null || address.source === 'default') return []
  const texts = new Map([[namesOf('storage').env, `redis://${address.value}`]])
  return [{ spelling: 'env', texts, place: address.source, where: ` (by ${namesOf('redisAddress').env})` }]
}

function findSetting(key: SettingKey, sources: readonly Source[], readFile: ReadFile): FoundSetting {
  for (const source of sources) {
    const written = lookUp(source, key, readFile)
    if (!written) continue
    const { text, name, isOfFile = false } = written
    return { key, value: parseWritten(key, written), text, source: source.place, name, isOfFile }
  }
  const { fallback: text } = SETTINGS[key]
  return { key, value: defaultOf(key), text, source: 'default', name: null, isOfFile: false }
}

/** What a setting is that nobody sets. */
export function defaultOf(key: SettingKey): unknown {
  const { fallback, kind } = SETTINGS[key]
  return fallback === null ? null : kind.parse(fallback)
}

/** The value of a text, or a SettingError that names it. */
export function parseWritten(key: SettingKey, { text, name }: Written): unknown {
  const { isSecret, kind } = SETTINGS[key]
  const value: unknown = kind.parse(text)
  if (value !== undefined) return value
  const what = isSecret ? 'holds a value that cannot be used' : `is "${printable(text)}"`
  throw new SettingError(`${name} ${what}: expected ${kind.allowed}.`)
}

const LONGEST_SHOWN = 100

/** Short, on one line, and without the password that an address may carry. */
function printable(text: string): string {
  const line = withoutPassword(text).replace(/[\p{Cc}\p{Cf}]/gu, ' ')
  return line.length > LONGEST_SHOWN ? `${line.slice(0, LONGEST_SHOWN)}…` : line
}

/** An address may hold a user and a password, up to its last @, whatever signs they are of. */
export function withoutPassword(text: string): string {
  const [start, end] = [text.indexOf('//'), text.lastIndexOf('@')]
  return start < 0 || end < start + 2 ? text : `${text.slice(0, start)}//***${text.slice(end)}`
}
