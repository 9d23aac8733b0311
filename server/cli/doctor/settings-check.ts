import type { SettingsInput } from '../../settings/read-settings.ts'
import { reportSettings } from '../../settings/settings-report.ts'
import { type Check, fail, ok, warn } from './check.ts'

/** Whether a server could be started with these settings. */
export const settingsCheck = (input: SettingsInput): Check => ({
  name: 'settings',
  run: async () => {
    const { settings, secrets, faults, warnings } = reportSettings(input)
    const set = settings.filter(({ source }) => source !== 'default').length
    const all = ok(`${set} set, ${settings.length - set} at their defaults, ${secrets.length} secrets for workers`)
    return [...(faults.length === 0 ? [all] : []), ...faults.map(fail), ...warnings.map(warn)]
  },
})
