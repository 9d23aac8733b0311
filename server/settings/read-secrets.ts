import { parseEnv } from 'node:util'
import { Faults } from './faults.ts'
import type { SettingsInput } from './read-settings.ts'
import { readSecretFile } from './secret-file.ts'
import { SettingError } from './setting-error.ts'
import { fileNamesOf, namesOf, SETTING_KEYS } from './settings-table.ts'
import type { Place } from './source.ts'

/** `CREW_SECRET_STRIPE`, or `CREW_SECRET_STRIPE_FILE` for a file that holds it. */
export const SECRET_PREFIX = 'CREW_SECRET_'
const FILE_SUFFIX = '_FILE'
const NAME = /^[A-Z][A-Z0-9_]{0,63}$/
/**
 * A header's value: printable ASCII on one line. Secrets are taken out of whatever workers answer: a shorter one would stand in
 * answers by chance, and they would be spoilt.
 */
const VALUE = /^[\x21-\x7e][\t\x20-\x7e]{6,8190}[\x21-\x7e]$/

/** `CREW_SECRET_KEY` and its like are settings: no worker may get them. */
const SETTING_NAMES: ReadonlySet<string> = new Set(
  SETTING_KEYS.flatMap((key) => [namesOf(key).env, fileNamesOf(key).env]),
)

/** The secrets that headers of workers may name: `secret:STRIPE` is `CREW_SECRET_STRIPE` of the environment, or else of .env. */
export function readSecrets(input: SettingsInput): ReadonlyMap<string, string> {
  const { secrets, faults } = inspectSecrets(input)
  if (faults[0] !== undefined) throw new SettingError(faults[0])
  return new Map([...secrets].map(([name, { value }]) => [name, value]))
}

/** A secret as it came to be. `variable`: the name in the environment or in .env. */
export interface FoundSecret {
  readonly value: string
  readonly variable: string
  readonly source: Place
}

/** Reads them all, and goes on behind what is wrong. */
export function inspectSecrets({ env, readFile }: SettingsInput) {
  const faults = new Faults()
  const dotenv = parseEnv(faults.attempt(() => readFile('.env')) ?? '')
  const secrets = new Map<string, FoundSecret>()
  for (const [texts, source] of [[dotenv, '.env'] as const, [env, 'environment'] as const]) {
    const found = new Map<string, FoundSecret>()
    for (const [variable, text] of Object.entries(texts)) {
      if (!isSecretVariable(variable) || text === undefined || text === '') continue
      faults.attempt(() => addSecret(found, { variable, text, source, readFile }))
    }
    for (const [name, secret] of found) secrets.set(name, secret)
  }
  return { secrets: secrets as ReadonlyMap<string, FoundSecret>, faults: faults.all }
}

const isSecretVariable = (variable: string): boolean =>
  variable.startsWith(SECRET_PREFIX) && !SETTING_NAMES.has(variable)

interface Given {
  readonly variable: string
  readonly text: string
  readonly source: Place
  readonly readFile: SettingsInput['readFile']
}

/** To those of its place. */
function addSecret(found: Map<string, FoundSecret>, { variable, text, source, readFile }: Given): void {
  const isFile = variable.endsWith(FILE_SUFFIX)
  const name = variable.slice(SECRET_PREFIX.length, isFile ? -FILE_SUFFIX.length : undefined)
  if (!NAME.test(name))
    throw new SettingError(`${variable.slice(0, 100)} names no secret: expected A-Z 0-9 _ behind it.`)
  if (found.has(name))
    throw new SettingError(`Both ${SECRET_PREFIX}${name} and the ${FILE_SUFFIX} of it are set: keep one.`)
  const value = checked(variable, isFile ? readSecretFile({ name: variable, path: text, readFile }) : text)
  found.set(name, { value, variable, source })
}

function checked(variable: string, value: string): string {
  if (VALUE.test(value)) return value
  throw new SettingError(
    `${variable} holds a value that cannot be used: expected 8 or more characters of printable ASCII on one line.`,
  )
}
