import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { defineConfig, type Plugin } from 'vitest/config'

/** Where there is none, the tests that start Crew start it from source. */
const FROM_SOURCE = !process.env.CREW_TEST_BINARY

/**
 * Whole servers under test mostly wait: for leases, for clocks, for what was killed. From source a start takes a core for a second, and one
 * would measure another: fewer files run at a time.
 */
const CHAOS = FROM_SOURCE ? { sequence: { groupOrder: 1 }, maxWorkers: 2 } : { sequence: { groupOrder: 2 } }
const E2E = FROM_SOURCE ? { sequence: { groupOrder: 2 }, maxWorkers: 1 } : { sequence: { groupOrder: 2 } }

/** Pure functions, and tests of them that leave nothing behind: their modules are loaded once, and not once a file. */
const PURE = ['tests/core/**/*.test.ts', 'tests/ui/lib/**/*.test.ts']

/** What a promise bounds in seconds (I4, answers within 3 s) while servers are killed under load: a neighbour would be measured as well. */
const ALONE = ['kill', 'redis-kill', 'redis-outage', 'redis-weather'].map((name) => `tests/e2e/${name}.test.ts`)

// Run as `bun --bun vitest run`: vitest alone would ask for a newer Node than Crew does.
export default defineConfig({
  plugins: [textModules(), packageFiles()],
  resolve: { alias: sdkPackage() },
  test: {
    // The smallest machine Crew is tested on has two cores: a third file fills the waits of two for stores and disks. More on larger machines
    // would make timings hard to compare.
    maxWorkers: 3,
    // Not forks: Bun's child.channel has no unref(), which vitest 5.1.1 calls before the first test.
    pool: 'threads',
    // A failure in a log has to say what it found: chai cuts values off at 40 characters.
    chaiConfig: { truncateThreshold: 2000 },
    restoreMocks: true,
    // A second is nothing on a machine that stalls.
    expect: { poll: { timeout: 30_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['tests/**/*.test.ts', '{server,storage,demo-workers,scripts}/**/*.test.ts'],
          exclude: ['tests/e2e/**', 'tests/chaos/**', 'tests/ui/*.test.ts', ...PURE, '**/node_modules/**'],
          // Nets for what hangs, and no measure of anything: the slowest takes 15 s where everything runs at once.
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'pure',
          include: PURE,
          isolate: false,
          // As above.
          testTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'ui',
          include: ['tests/ui/*.test.ts'],
          // Each file has a browser of its own, and two of them are slower than one after the other.
          fileParallelism: false,
          sequence: { groupOrder: 4 },
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          exclude: ALONE,
          ...E2E,
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e alone',
          include: ALONE,
          sequence: { groupOrder: 3 },
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'chaos',
          include: ['tests/chaos/**/*.test.ts'],
          ...CHAOS,
          testTimeout: 300_000,
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

/** The SDK by the name its users know, as `paths` of tsconfig.json has it for Bun and TypeScript: nothing has to be built first. */
function sdkPackage() {
  const source = `${import.meta.dirname}/sdk/typescript/src`
  return [
    { find: /^crew-sdk$/, replacement: `${source}/index.ts` },
    { find: /^crew-sdk\/(.*)$/, replacement: `${source}/adapters/$1.ts` },
  ]
}
