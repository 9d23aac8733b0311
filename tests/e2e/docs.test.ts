import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandsToRun } from '../docs/commands-of.ts'
import { makeReader } from '../docs/reader.ts'
import { folderWithCrew, makeDir, startCrew, TOKEN } from './support/crew.ts'

const ROOT = join(import.meta.dirname, '../..')

/** What the pages take for granted: each of these names stands in one of them. */
const SECRETS = {
  CREW_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
  CREW_SECRET_SHOP: 'Bearer of-the-shop',
  CREW_SECRET_SHOP_NEW: `whsec_${Buffer.alloc(32, 8).toString('base64')}`,
  CREW_SECRET_HOOKS: `whsec_${Buffer.alloc(32, 9).toString('base64')}`,
}

const docs = readdirSync(join(ROOT, 'docs')).filter((file) => file.endsWith('.md'))
const pages = ['README.md', ...docs.map((file) => `docs/${file}`)]
const commandsIn = (page: string) => commandsToRun(readFileSync(join(ROOT, page), 'utf8'))

test.each(pages.filter((page) => commandsIn(page).length > 0))('each command of %s does what it says', async (page) => {
  const dir = makeDir()
  const crew = await startCrew({ dir, args: ['--demo'], env: SECRETS })
  const env = { URL: crew.url, TOKEN, CREW_URL: crew.url, CREW_TOKEN: TOKEN }
  const reader = makeReader({ cwd: dir, env, path: [folderWithCrew()] })
  let said = ''
  for (const command of commandsIn(page)) {
    const block = command.block.replaceAll('http://127.0.0.1:8090', crew.url)
    said += await reader.runBlock({ ...command, block })
  }
  expect(said).not.toBe('')
})
