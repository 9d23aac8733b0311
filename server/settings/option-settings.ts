import { didYouMean } from '../core/nearest-word.ts'
import { checkTogether } from './check-together.ts'
import { defaultOf, parseWritten } from './read-settings.ts'
import { SettingError } from './setting-error.ts'
import { SETTING_KEYS, type SettingKey, type Settings } from './settings-table.ts'

/** What an application decides by itself, and how. */
const APPLICATIONS = {
  port: 'the application listens',
  host: 'the application listens',
  tlsCert: 'the application listens',
  tlsKey: 'the application listens',
  maxConnections: 'the application listens',
  maxConnectionsPerAddress: 'the application listens',
  basePath: 'prefix is the path',
  redisAddress: 'storage takes redis://HOST:PORT',
  auth: 'authenticate says who asks',
} as const

type OptionKey = Exclude<SettingKey, keyof typeof APPLICATIONS>

/** Numbers and flags as such, lists as they are written in crew.toml. */
type Option<Value> = Value extends number
  ? number
  : Value extends boolean
    ? boolean
    : Value extends string
      ? Value
      : string

/** The settings by their names in the code of an application: `maxInFlight` is `max_in_flight` of crew.toml. */
export type SettingOptions = { readonly [Key in OptionKey]?: Option<NonNullable<Settings[Key]>> | undefined }

/** Reads them; what is left out has its default. Throws a SettingError that names the option. */
export function optionSettings(options: Readonly<Record<string, unknown>>): Settings {
  for (const name of Object.keys(options)) refuseUnknown(name)
  const values = SETTING_KEYS.map((key) => [key, readOption(key, options[key])] as const)
  const settings = Object.fromEntries(values) as unknown as Settings
  checkTogether(settings)
  return settings
}

function refuseUnknown(name: string): void {
  const reason = (APPLICATIONS as Readonly<Record<string, string>>)[name]
  if (reason !== undefined) throw new SettingError(`${name} is no option of the plugin: ${reason}.`)
  if (!SETTING_KEYS.some((key) => key === name))
    throw new SettingError(`${name} is no option of the plugin${didYouMean(name, SETTING_KEYS)}.`)
}

/** `undefined` and null are how a program says "not set". */
function readOption(key: SettingKey, value: unknown): unknown {
  if (value === undefined || value === null) return defaultOf(key)
  if (!['string', 'number', 'boolean'].includes(typeof value))
    throw new SettingError(`${key} is ${typeof value}: expected text, a number, true or false.`)
  return parseWritten(key, { text: String(value), name: key })
}
