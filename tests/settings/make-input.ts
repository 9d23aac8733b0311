import { readSettings, type SettingsInput } from '../../server/settings/read-settings.ts'
import type { Settings } from '../../server/settings/settings-table.ts'

export interface World {
  readonly flags?: Record<string, string>
  readonly env?: Record<string, string>
  /** By path. */
  readonly files?: Record<string, string>
}

export function makeInput({ flags = {}, env = {}, files = {} }: World): SettingsInput {
  return { flags: new Map(Object.entries(flags)), env, readFile: (path) => files[path] ?? null }
}

export function read(world: World = {}): Settings {
  return readSettings(makeInput(world))
}

/** The sentence that refuses these settings. */
export function refusalOf(world: World): string {
  try {
    read(world)
  } catch (error) {
    return `${(error as Error).constructor.name}: ${(error as Error).message}`
  }
  return 'not refused'
}
