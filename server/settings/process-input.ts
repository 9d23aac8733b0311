import { readFileSync } from 'node:fs'
import type { SettingsInput } from './read-settings.ts'
import { SettingError } from './setting-error.ts'

/** The environment and the files of this process. Nothing else in Crew reads them. */
export function processInput(flags: ReadonlyMap<string, string>): SettingsInput {
  return { flags, env: process.env, readFile }
}

function readFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    throw new SettingError(`${path} cannot be read (${code}): check that it is a file, and its rights.`)
  }
}
