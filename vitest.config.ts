import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { defineConfig, type Plugin } from 'vitest/config'

// Run as `bun --bun vitest run`: vitest alone would ask for a newer Node than Crew does.
export default defineConfig({
  plugins: [textModules(), packageFiles()],
  test: {
    // Two workers fit the smallest machine Crew is tested on, and keep timings comparable on larger ones.
    maxWorkers: 2,
    // Not forks: Bun's child.channel has no unref(), which vitest 5.1.1 calls before the first test.
    pool: 'threads',
    restoreMocks: true,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['tests/**/*.test.ts', '{server,storage,demo-workers,scripts}/**/*.test.ts'],
          exclude: ['tests/e2e/**', '**/node_modules/**'],
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          // Each of these starts servers of its own: side by side they would measure each other.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})

/** `import text from './x.sql' with { type: 'text' }` is built into Bun, but vitest loads modules through vite. */
function textModules(): Plugin {
  return {
    name: 'crew-text-modules',
    enforce: 'pre',
    load: (id) => (/\.(sql|lua)$/.test(id) ? `export default ${JSON.stringify(readFileSync(id, 'utf8'))}` : null),
  }
}

/** The same for `with { type: 'file' }`: the two files of the API page arrive as a path. */
function packageFiles(): Plugin {
  const require = createRequire(import.meta.url)
  // The name ends in .path, because vite empties every module whose name ends in .css.
  const virtualName = /^\0file:(.*)\.path$/
  return {
    name: 'crew-package-files',
    enforce: 'pre',
    resolveId: (id) => (/^swagger-ui-dist\/.*\.(css|js)$/.test(id) ? `\0file:${require.resolve(id)}.path` : null),
    load: (id) => (virtualName.test(id) ? `export default ${JSON.stringify(virtualName.exec(id)?.[1])}` : null),
  }
}
