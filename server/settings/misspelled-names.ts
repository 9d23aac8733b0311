import { didYouMean } from './nearest-word.ts'
import type { SettingsInput } from './read-settings.ts'
import { fileNamesOf, namesOf, SETTING_KEYS } from './settings-table.ts'

/**
 * Sentences about names in the environment that look like a setting and are none. Not refused, as others put names
 * there too: Kubernetes gives every container `CREW_PORT` when a service is called crew.
 */
export function misspelledNames({ env }: Pick<SettingsInput, 'env'>): string[] {
  const known = SETTING_KEYS.flatMap((key) => [namesOf(key).env, fileNamesOf(key).env])
  return Object.keys(env)
    .filter((name) => name.startsWith('CREW_') && !known.includes(name))
    .map((name) => ({ name, hint: didYouMean(name, known) }))
    .filter(({ hint }) => hint !== '')
    .map(({ name, hint }) => `${name} is no setting and is not read${hint}.`)
}
