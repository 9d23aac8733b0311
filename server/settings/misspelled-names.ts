import { parseEnv } from 'node:util'
import { didYouMean } from '../core/nearest-word.ts'
import { Faults } from './faults.ts'
import { SECRET_PREFIX } from './read-secrets.ts'
import { DOTENV_FILE, type SettingsInput } from './read-settings.ts'
import { fileNamesOf, namesOf, SETTING_KEYS } from './settings-table.ts'

/**
 * Sentences about names in the environment and in .env that look like a setting and are none. Not refused, as keys of crew.toml are,
 * since others put names there too: Kubernetes gives every container `CREW_PORT` when a service is called crew, and compose files
 * share their .env.
 */
export function misspelledNames({ env, readFile }: Pick<SettingsInput, 'env' | 'readFile'>): string[] {
  // What cannot be read is told by who reads settings from it.
  const dotenv = parseEnv(new Faults().attempt(() => readFile(DOTENV_FILE)) ?? '')
  return [...misspelledIn(env, ''), ...misspelledIn(dotenv, ` in ${DOTENV_FILE}`)]
}

function misspelledIn(env: SettingsInput['env'], where: string): string[] {
  const known = SETTING_KEYS.flatMap((key) => [namesOf(key).env, fileNamesOf(key).env])
  return Object.keys(env)
    .filter((name) => name.startsWith('CREW_') && !name.startsWith(SECRET_PREFIX) && !known.includes(name))
    .map((name) => ({ name, hint: didYouMean(name, known) }))
    .filter(({ hint }) => hint !== '')
    .map(({ name, hint }) => `${name}${where} is no setting and is not read${hint}.`)
}
