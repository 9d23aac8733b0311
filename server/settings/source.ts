import { readSecretFile } from './secret-file.ts'
import { SettingError } from './setting-error.ts'
import { fileNamesOf, namesOf, SETTINGS, type SettingKey, type SettingNames } from './settings-table.ts'

/** Reads a text file; null when there is none. */
export type ReadFile = (path: string) => string | null

/** One place settings come from: flags, the environment, crew.toml or .env. */
export interface Source {
  readonly spelling: keyof SettingNames
  readonly texts: ReadonlyMap<string, string>
  readonly place: Place
  /** Behind a name in messages: ` in crew.toml`. */
  readonly where: string
}

/** Where a setting was written, for people. */
export type Place = 'flag' | 'environment' | 'crew.toml' | '.env'

/** What a source says about a setting, and under which name. */
export interface Written {
  readonly text: string
  readonly name: string
  /** The text is what a file held that was named. */
  readonly isOfFile?: boolean
}

/** What a source says about a setting, with a secret read from its file; undefined when it says nothing. */
export function lookUp(source: Source, key: SettingKey, readFile: ReadFile): Written | undefined {
  const name = namesOf(key)[source.spelling]
  const text = source.texts.get(name)
  const fileName = fileNamesOf(key)[source.spelling]
  const path = SETTINGS[key].isSecret ? source.texts.get(fileName) : undefined
  if (path === undefined) return text === undefined ? undefined : { text, name: `${name}${source.where}` }
  if (text !== undefined)
    throw new SettingError(`Both ${name} and ${fileName} are set${source.where}: keep one of them.`)
  return {
    text: readSecretFile({ name: `${fileName}${source.where}`, path, readFile }),
    name: `${fileName}${source.where}`,
    isOfFile: true,
  }
}
