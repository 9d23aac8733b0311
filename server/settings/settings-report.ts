import { misspelledNames } from './misspelled-names.ts'
import { inspectSecrets } from './read-secrets.ts'
import { type FoundSetting, inspectSettings, type SettingsInput, withoutPassword } from './read-settings.ts'
import { namesOf, SETTING_KEYS, SETTINGS, type SettingKey, type SettingNames } from './settings-table.ts'

/** One setting as it is in force, to be shown. */
export interface ReportedSetting {
  readonly key: SettingKey
  /** As it is written; `***` of a secret that is set; null when there is none, or it cannot be used. */
  readonly value: string | null
  readonly source: ReportedSource
  /** The name it was written under; null of a default, and of what cannot be used. */
  readonly name: string | null
  readonly isSecret: boolean
  /** In all three spellings. */
  readonly names: SettingNames
}

export type ReportedSource = FoundSetting['source'] | 'file' | 'unusable'

export interface SettingsReport {
  readonly settings: readonly ReportedSetting[]
  /** By the name that headers of workers say; what they hold is in no report. */
  readonly secrets: readonly { readonly name: string; readonly variable: string; readonly source: string }[]
  readonly faults: readonly string[]
  readonly warnings: readonly string[]
}

const MASK = '***'

/** Every setting with where it comes from, and all that is wrong. Holds no secret and no part of one. */
export function reportSettings(input: SettingsInput): SettingsReport {
  const { found, faults } = inspectSettings(input)
  const { secrets, faults: secretFaults } = inspectSecrets(input)
  return {
    settings: SETTING_KEYS.map((key) => reported(key, found)),
    secrets: [...secrets].map(([name, { variable, source }]) => ({ name, variable, source })),
    faults: [...new Set([...faults, ...secretFaults])],
    warnings: misspelledNames(input),
  }
}

function reported(key: SettingKey, all: readonly FoundSetting[]): ReportedSetting {
  const { isSecret } = SETTINGS[key]
  const found = all.find((each) => each.key === key)
  const source = found === undefined ? 'unusable' : found.isOfFile ? 'file' : found.source
  return {
    key,
    value: shown(found?.text ?? null, isSecret),
    source,
    name: found?.name ?? null,
    isSecret,
    names: namesOf(key),
  }
}

function shown(text: string | null, isSecret: boolean): string | null {
  if (text === null) return null
  return isSecret ? MASK : withoutPassword(text)
}
