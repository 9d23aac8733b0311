import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkModule } from './architecture/check-module.ts'
import { readModule } from './architecture/read-module.ts'
import { REPEATABLE } from './architecture/rules.ts'

const root = join(import.meta.dirname, '..')
const TOP_LEVEL = ['server', 'storage', 'demo-workers', 'ui', 'tests', 'scripts', 'bench', 'sdk', 'examples']

describe('the rooms', () => {
  const files = TOP_LEVEL.flatMap((folder) => sourceFiles(join(root, folder))).map((file) => relative(root, file))

  test('the check sees the sources', () => {
    expect(files).toContain('server/core/task.ts')
    expect(files).toContain('storage/task-storage.ts')
    expect(files).toContain('tests/architecture.test.ts')
    expect(files).toContain('sdk/typescript/src/index.ts')
  })

  test('every import keeps to its direction', () => {
    expect(files.flatMap((file) => checkModule(file, readFileSync(join(root, file), 'utf8')))).toEqual([])
  })
})

test('whoever may use clocks and chance all the same does so', () => {
  const idle = Object.entries(REPEATABLE.exceptions).flatMap(([file, { names }]) => {
    const used = readModule(file, readFileSync(join(root, file), 'utf8')).names
    return names.filter((name) => !used.has(name)).map((name) => `${file} does not use ${name}`)
  })
  expect(idle).toEqual([])
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
    .filter((file) => !/\/(node_modules|dist)\//.test(file))
}

function cases() {
  const core = 'The core imports nothing outside itself'
  const pure = 'The core takes `now` and `random` as arguments'
  const repeatable = 'Take a Clock, Timers or Random as an argument'
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
    ['server/selftest/a.ts', `import { b } from '../services/b.ts'`, 'The self-test knows servers from outside'],
    ['server/logger.ts', `import { b } from './api/b.ts'`, 'Only server/main.ts and what it starts'],
    ['server/api/a.ts', `import { b } from '../crew.ts'`, 'would know every room too'],
    ['bench/a.ts', `import { main } from '../server/main.ts'`, 'would know every room too'],
    [
      'demo-workers/a.ts',
      `import type { Task } from '../server/core/task.ts'`,
      'The demo workers know the HTTP contract alone',
    ],
    [
      'sdk/typescript/src/a.ts',
      `import type { Task } from '../../../server/core/task.ts'`,
      'The SDK is a package of its own',
    ],
    ['sdk/typescript/src/a.ts', `import { createServer } from 'node:http'`, 'The SDK is a package of its own'],
    ['sdk/typescript/src/a.ts', 'const secret = process.env.SECRET', 'uses process. The SDK runs on Node, Bun, Deno'],
    ['sdk/typescript/examples/a.ts', `import { b } from '../src/b.ts'`, 'it imports the package by its name'],
    ['examples/a/worker.ts', `import { b } from '../../sdk/typescript/src/b.ts'`, 'it imports packages by their names'],
    ['server/api/a.ts', `import { b } from '../../sdk/typescript/src/b.ts'`, 'A route validates'],
    ['ui/pages/a.tsx', `import { b } from '../../server/core/b.ts'`, 'The UI is a client of the API'],
    ['ui/src/lib/a.ts', `import { b } from '../../../tests/b.ts'`, 'The UI is a client of the API'],
    ['ui/src/lib/a.ts', `import { readFileSync } from 'node:fs'`, 'The UI is a client of the API'],
    ['server/api/a.ts', `import { b } from '../../ui/src/lib/b.ts'`, 'A route validates'],
    ['server/api/a.ts', `import { useState } from 'react'`, 'The UI is built into files'],
    ['server/controller/a.ts', `import { Agent } from 'undici'`, 'Bun replaces the bare import'],
    ['tests/a.test.ts', `import { Agent } from 'undici'`, 'Bun replaces the bare import'],
    ['server/services/a.ts', 'const now = Date.now()', `uses Date.now. ${repeatable}`],
    ['server/controller/a.ts', 'setImmediate(run)', `uses setImmediate. ${repeatable}`],
    ['server/controller/a.ts', 'const reply = await fetch(url)', `uses fetch. ${repeatable}`],
    ['server/api/a.ts', `import { setTimeout as wait } from 'node:timers/promises'`, `uses setTimeout. ${repeatable}`],
    ['server/metrics/a.ts', 'const id = Math.random()', `uses Math.random. ${repeatable}`],
    ['storage/sqlite/a.ts', 'const at = new Date()', `uses new Date(). ${repeatable}`],
    [
      'storage/sqlite/a.ts',
      `import { randomBytes as bytes } from 'node:crypto'`,
      `uses node:crypto#randomBytes. ${repeatable}`,
    ],
    ['server/controller/committer.ts', 'Date.now()', `uses Date.now. ${repeatable}`],
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
    ['server/services/a.ts', `import type { B } from '../../storage/task-storage.ts'\nnew Date(0)`],
    ['server/controller/a.ts', `import { Agent } from 'undici/index.js'`],
    ['server/api/a.ts', `import { type B } from '../../storage/task-storage.ts'\nimport { c } from '../services/c.ts'`],
    [
      'server/services/a.ts',
      `import { setImmediate as turn } from 'node:timers/promises'\nconst f = (randomBytes) => randomBytes(8)`,
    ],
    ['server/controller/committer.ts', 'performance.now()'],
    ['server/crew.ts', `import { randomBytes } from 'node:crypto'`],
    ['server/main.ts', `import { a } from './api/a.ts'\nimport { b } from '../storage/open-storage.ts'`],
    ['server/plugin/a.ts', `import { a } from '../crew.ts'\nimport { b } from '../../storage/open-storage.ts'`],
    ['server/cli/start.ts', `import { a } from '../start-server.ts'\nimport { b } from '../settings/b.ts'`],
    ['server/version.ts', `import manifest from '../package.json' with { type: 'json' }`],
    ['server/readiness.ts', `import type { Readiness } from './api/api-deps.ts'`],
    ['sdk/typescript/src/adapters/a.ts', `import type { B } from '../worker/b.ts'\nglobalThis.fetch`],
    ['sdk/typescript/examples/a.ts', `import { b } from 'crew-sdk'\nimport { c } from 'node:http'\nprocess.env.PORT`],
    ['examples/a/worker.ts', `import { b } from 'crew-sdk'\nimport { c } from 'node:http'\nprocess.env.PORT`],
    ['ui/a.tsx', `import type { Task } from '../server/core/task.ts'\nexport const a = <b>{1}</b>`],
    ['tests/a.test.ts', `import { b } from '../server/core/b.ts'\nimport { c } from '../storage/sqlite/c.ts'`],
  ]
  return { refused, allowed }
}
