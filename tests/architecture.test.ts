import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkModule } from './architecture/check-module.ts'

const root = join(import.meta.dirname, '..')
const TOP_LEVEL = ['server', 'storage', 'demo-workers', 'ui', 'tests', 'scripts', 'bench', 'sdk']

describe('the rooms', () => {
  const files = TOP_LEVEL.flatMap((folder) => sourceFiles(join(root, folder))).map((file) => relative(root, file))

  test('the check sees the sources', () => {
    expect(files).toContain('server/core/task.ts')
    expect(files).toContain('storage/task-storage.ts')
    expect(files).toContain('tests/architecture.test.ts')
  })

  test('every import keeps to its direction', () => {
    expect(files.flatMap((file) => checkModule(file, readFileSync(join(root, file), 'utf8')))).toEqual([])
  })
})

describe('the check itself', () => {
  const { refused, allowed } = cases()

  test.each(refused)('refuses in %s: %s', (path, text, sentence) => {
    expect(checkModule(path, text).join('\n')).toContain(sentence)
  })

  test.each(allowed)('allows in %s: %s', (path, text) => {
    expect(checkModule(path, text)).toEqual([])
  })

  test('names every fault of a file, not only the first', () => {
    expect(checkModule('server/core/a.ts', `import 'node:fs'\nimport 'pino'\nDate.now()`)).toHaveLength(3)
  })

  test('says so when a file cannot be read', () => {
    expect(() => checkModule('server/core/a.ts', 'import {')).toThrow('server/core/a.ts cannot be parsed')
  })
})

function sourceFiles(folder: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })) return []
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes('node_modules'))
}

function cases() {
  const core = 'The core imports nothing outside itself'
  const pure = 'The core takes `now` and `random` as arguments'
  const refused: readonly (readonly [string, string, string])[] = [
    ['server/core/a.ts', `import { readFileSync } from 'node:fs'`, core],
    ['server/core/a.ts', `import type { Server } from 'node:http'`, core],
    ['server/core/a.ts', `export * from '../../storage/task-storage.ts'`, core],
    ['server/core/a.ts', `export type T = import('../api/b.ts').B`, core],
    ['server/core/a.ts', `const b = await import('./' + name)`, core],
    ['server/core/a.ts', `const b = require('pino')`, core],
    ['server/core/deep/a.ts', `import { b } from '../../services/b.ts'`, core],
    ['server/core/a.ts', 'const now = Date.now()', `uses Date.now. ${pure}`],
    ['server/core/a.ts', 'const now = new Date()', `uses new Date(). ${pure}`],
    ['server/core/a.ts', 'const pick = Math.random', `uses Math.random. ${pure}`],
    ['server/core/a.ts', 'const id = crypto.randomUUID()', `uses crypto. ${pure}`],
    ['server/core/a.ts', 'const later = setTimeout', `uses setTimeout. ${pure}`],
    ['server/core/a.ts', 'const home = { ...process.env }', `uses process. ${pure}`],
    ['storage/task-storage.ts', `import { open } from './sqlite/open.ts'`, 'The storage port speaks of the core alone'],
    ['storage/sqlite/a.ts', `import { b } from '../redis/b.ts'`, 'An engine knows the port'],
    ['storage/sqlite/a.ts', `import { b } from '../open-storage.ts'`, 'An engine knows the port'],
    ['storage/redis/a.ts', `import { b } from '../../server/services/b.ts'`, 'An engine knows the port'],
    ['storage/redis/a.ts', `import pino from 'pino'`, 'An engine knows the port'],
    ['storage/open-storage.ts', `import { b } from '../server/api/b.ts'`, 'Opening a storage chooses an engine'],
    ['server/services/a.ts', `import { b } from '../api/b.ts'`, 'A use case loads'],
    ['server/services/a.ts', `import { b } from '../../storage/sqlite/b.ts'`, 'A use case loads'],
    ['server/controller/a.ts', `import type { B } from '../services/b.ts'`, 'The controller claims through the port'],
    ['server/api/a.ts', `import { b } from '../controller/b.ts'`, 'A route validates'],
    ['server/api/a.ts', `import { b } from '../../storage/redis/b.ts'`, 'A route validates'],
    ['server/logger.ts', `import { b } from './api/b.ts'`, 'Only server/main.ts and what it starts'],
    ['bench/a.ts', `import { main } from '../server/main.ts'`, 'would know every room too'],
    [
      'demo-workers/a.ts',
      `import type { Task } from '../server/core/task.ts'`,
      'The demo workers know the HTTP contract alone',
    ],
    ['ui/pages/a.tsx', `import { b } from '../../server/core/b.ts'`, 'The UI is a client of the API'],
    ['server/controller/a.ts', `import { Agent } from 'undici'`, 'Bun replaces the bare import'],
    ['tests/a.test.ts', `import { Agent } from 'undici'`, 'Bun replaces the bare import'],
  ]
  const allowed: readonly (readonly [string, string])[] = [
    ['server/core/a.ts', `import { b } from './b.ts'`],
    ['server/core/a.ts', `// Date.now() and import 'node:fs'\nexport const text = "Math.random()"`],
    ['server/core/a.ts', 'export const at = (ms: number, clock: { process: number }) => new Date(ms + clock.process)'],
    ['server/core/a.test.ts', `import { test } from 'vitest'\nDate.now()`],
    ['storage/task-storage.ts', `import type { Task } from '../server/core/task.ts'`],
    ['storage/sqlite/a.ts', `import { DatabaseSync } from 'node:sqlite'\nimport b from './b.sql'`],
    ['storage/redis/a.ts', `import { Redis } from 'ioredis'\nimport type { B } from '../task-storage.ts'`],
    ['storage/open-storage.ts', `import { b } from './sqlite/b.ts'`],
    ['server/services/a.ts', `import type { B } from '../../storage/task-storage.ts'\nDate.now()`],
    ['server/controller/a.ts', `import { Agent } from 'undici/index.js'`],
    ['server/api/a.ts', `import { type B } from '../../storage/task-storage.ts'\nimport { c } from '../services/c.ts'`],
    ['server/main.ts', `import { a } from './api/a.ts'\nimport { b } from '../storage/open-storage.ts'`],
    ['server/cli/start.ts', `import { a } from '../start-server.ts'\nimport { b } from '../settings/b.ts'`],
    ['server/version.ts', `import manifest from '../package.json' with { type: 'json' }`],
    ['server/readiness.ts', `import type { Readiness } from './api/api-deps.ts'`],
    ['ui/a.tsx', `import type { Task } from '../server/core/task.ts'\nexport const a = <b>{1}</b>`],
    ['tests/a.test.ts', `import { b } from '../server/core/b.ts'\nimport { c } from '../storage/sqlite/c.ts'`],
  ]
  return { refused, allowed }
}
