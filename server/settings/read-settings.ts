import { parseEnv } from 'node:util'
import { checkTogether } from './check-together.ts'
import { SettingError } from './setting-error.ts'
import { namesOf, SETTING_KEYS, SETTINGS, type SettingKey, type Settings } from './settings-table.ts'
import { lookUp, type ReadFile, type Source, type Written } from './source.ts'
import { tomlSource } from './toml-source.ts'

/** Where settings are looked for. */
export interface SettingsInput {
  /** By flag: `--port` → `8090`. */
  readonly flags: ReadonlyMap<string, string>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly readFile: ReadFile
}

const TOML_FILE = 'crew.toml'
const DOTENV_FILE = '.env'

/** Reads every setting. A flag wins over the environment, then come crew.toml, .env and the default. */
export function readSettings(input: SettingsInput): Settings {
  const sources = openSources(input)
  sources.push(...redisSource(sources, input.readFile))
  const values = SETTING_KEYS.map((key) => [key, readSetting(key, sources, input.readFile)] as const)
  const settings = Object.fromEntries(values) as unknown as Settings
  checkTogether(settings)
  return settings
}

function openSources({ flags, env, readFile }: SettingsInput): Source[] {
  const toml = readFile(TOML_FILE)
  const dotenv = readFile(DOTENV_FILE)
  return [
    { spelling: 'flag', texts: flags, where: '' },
    { spelling: 'env', texts: withoutEmpty(env), where: '' },
    ...(toml === null ? [] : [tomlSource(toml, TOML_FILE)]),
    ...(dotenv === null ? [] : [dotenvSource(dotenv)]),
  ]
}

function dotenvSource(text: string): Source {
  return { spelling: 'env', texts: withoutEmpty(parseEnv(text)), where: ` in ${DOTENV_FILE}` }
}

/** `CREW_AUTH_TOKEN=` is how a compose file or a shell says "not set". */
function withoutEmpty(env: Readonly<Record<string, string | undefined>>): Map<string, string> {
  const pairs = Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '')
  return new Map(pairs)
}

/** crew-go chose Redis by its address alone: who moves from it must not find a server on an empty file instead. */
function redisSource(sources: readonly Source[], readFile: ReadFile): Source[] {
  const address = readSetting('redisAddress', sources, readFile)
  if (address === null) return []
  const texts = new Map([[namesOf('storage').env, `redis://${address}`]])
  return [{ spelling: 'env', texts, where: ` (by ${namesOf('redisAddress').env})` }]
}

function readSetting(key: SettingKey, sources: readonly Source[], readFile: ReadFile): unknown {
  for (const source of sources) {
    const written = lookUp(source, key, readFile)
    if (written) return parseWritten(key, written)
  }
  const { fallback, kind } = SETTINGS[key]
  return fallback === null ? null : kind.parse(fallback)
}

function parseWritten(key: SettingKey, { text, name }: Written): unknown {
  const { isSecret, kind } = SETTINGS[key]
  const value: unknown = kind.parse(text)
  if (value !== undefined) return value
  const what = isSecret ? 'holds a value that cannot be used' : `is "${printable(text)}"`
  throw new SettingError(`${name} ${what}: expected ${kind.allowed}.`)
}

const LONGEST_SHOWN = 100

/** Short, on one line, and without the password that an address may carry. */
function printable(text: string): string {
  const line = text.replace(/\/\/[^/\s]*@/g, '//***@').replace(/[\p{Cc}\p{Cf}]/gu, ' ')
  return line.length > LONGEST_SHOWN ? `${line.slice(0, LONGEST_SHOWN)}…` : line
}
