import { expect, test } from 'vitest'
import { settingsPage } from '../../scripts/docs/settings-page.ts'
import { fileNamesOf, namesOf, SETTING_KEYS, SETTINGS } from '../../server/settings/settings-table.ts'

test('the page tells every setting in its three spellings, with what is allowed, its default and its meaning', () => {
  const rows = settingsPage().split('\n')
  for (const key of SETTING_KEYS) {
    const { env, flag, toml } = namesOf(key)
    const row = rows.find((line) => line.startsWith(`| \`${env}\` | \`${flag}\` | \`${toml}\` |`)) ?? ''
    expect(row.replaceAll('\\|', '|')).toContain(SETTINGS[key].kind.allowed)
    expect(row).toContain(SETTINGS[key].about)
    expect(row).toContain(SETTINGS[key].fallback ?? 'none')
  }
})

test('the page says that a secret may stand in a file', () => {
  expect(settingsPage()).toContain(fileNamesOf('authToken').env)
})
