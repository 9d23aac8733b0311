// Writes the pages of `docs` that say what the source says already: `npm run docs`. A test fails when one of them is not up to date.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { apiPage } from './docs/api-page.ts'
import { errorsPage } from './docs/errors-page.ts'
import { metricsPage } from './docs/metrics-page.ts'
import { settingsPage } from './docs/settings-page.ts'

const ROOT = join(import.meta.dirname, '..')

/** By the path from the project's root: what makes each page. */
export const GENERATED_PAGES: Readonly<Record<string, () => string | Promise<string>>> = {
  'docs/api.md': apiPage,
  'docs/configuration.md': settingsPage,
  'docs/errors.md': errorsPage,
  'docs/metrics.md': metricsPage,
}

if (import.meta.main) {
  for (const [file, make] of Object.entries(GENERATED_PAGES)) writeFileSync(join(ROOT, file), await make())
}
