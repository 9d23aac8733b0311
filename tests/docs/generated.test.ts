import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { GENERATED_PAGES } from '../../scripts/docs.ts'

test.each(Object.keys(GENERATED_PAGES))('%s is what the source says; else run npm run docs', async (file) => {
  const committed = readFileSync(join(import.meta.dirname, '../..', file), 'utf8')
  expect(await GENERATED_PAGES[file]?.()).toBe(committed)
})
