import { SettingError } from './setting-error.ts'

export interface SecretFile {
  /** The setting that names the file, as its reader knows it. */
  readonly name: string
  readonly path: string
  /** Null where there is no such file. */
  readonly readFile: (path: string) => string | null
}

/**
 * The secret in the file that a setting `…_FILE` names. Editors and `echo` end a file with a line break, which is no part of it; all else
 * is. Throws a SettingError that says what is wrong with the file.
 */
export function readSecretFile({ name, path, readFile }: SecretFile): string {
  const text = readFile(path)?.replace(/\r?\n$/, '')
  if (text === undefined) throw new SettingError(`${name} is "${path}": there is no such file.`)
  if (text === '') throw new SettingError(`${name} is "${path}": the file is empty.`)
  return text
}
