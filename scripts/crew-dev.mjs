// What `npm start`, `npm test` and `npm run build` call: it installs when needed, then runs the work under Bun.
// Plain JavaScript without a package, because it runs before there is any. It works under Node 20 and under Bun.
import { ensureInstalled } from './ensure-installed.mjs'
import { bun, packageFile, root } from './paths.mjs'
import { runInForeground } from './run-in-foreground.mjs'

const bunScript = (script, args) => [bun, ['--preload', './scripts/stop-with-parent.ts', script, ...args]]
const crew = (args) => bunScript('server/main.ts', args)
const vitest = (args) => bunScript('node_modules/vitest/vitest.mjs', ['run', ...args])
const node = (script, args) => [process.execPath, [packageFile(script), ...args]]

const lint = {
  name: 'format and lint',
  run: () => node('@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.']),
}
const types = [
  { name: 'types', run: () => node('typescript/bin/tsc', []) },
  { name: 'types of the web UI', run: () => node('typescript/bin/tsc', ['-p', 'ui']) },
]
/** Nothing when it was built from these sources already. */
const ui = { name: 'web UI', run: () => bunScript('scripts/build-ui.ts', []) }
const tests = (...fixed) => ({ name: 'tests', run: (args) => vitest([...fixed, ...args]) })

/** What is missing is said before minutes of tests, and each test that needs it says it again. */
const needs = { run: () => bunScript('scripts/test-needs.ts', []) }

/** Each command is a list of steps; what stands after `--` goes to the last one. A nameless step is the command itself. */
const COMMANDS = {
  start: [ui, { run: (args) => crew(['start', '--demo', ...args]) }],
  crew: [{ run: crew }],
  dev: [{ run: (args) => bunScript('scripts/dev.ts', args) }],
  test: [needs, lint, ...types, ui, tests()],
  'test:unit': [tests('--project', 'unit', '--project', 'pure')],
  'test:e2e': [tests('--project', 'e2e', '--project', 'e2e alone')],
  'test:chaos': [tests('--project', 'chaos')],
  soak: [{ run: (args) => bunScript('scripts/soak.ts', args) }],
  'test:ui': [ui, tests('--project', 'ui')],
  lint: [lint],
  format: [{ name: 'format', run: () => node('@biomejs/biome/bin/biome', ['check', '--write', '.']) }],
  types,
  'api-types': [{ name: 'types of the API', run: () => bunScript('scripts/api-types.ts', []) }],
  docs: [{ name: 'pages of docs', run: () => bunScript('scripts/docs.ts', []) }],
  'build:ui': [{ name: 'web UI', run: (args) => bunScript('scripts/build-ui.ts', ['--force', ...args]) }],
  build: [ui, { name: 'build', run: (args) => bunScript('scripts/build.ts', args) }],
  release: [ui, { name: 'release', run: (args) => bunScript('scripts/release.ts', args) }],
  'build:plugin': [ui, { name: 'plugin', run: () => bunScript('scripts/build-plugin.ts', []) }],
  screenshots: [ui, { name: 'screenshots', run: () => bunScript('scripts/screenshots.ts', []) }],
  'moving-picture': [ui, { name: 'moving picture', run: () => bunScript('scripts/moving-picture.ts', []) }],
  install: [],
}

process.exitCode = await main(process.argv.slice(2))

async function main([command = '', ...args]) {
  const steps = COMMANDS[command]
  if (!steps) return complain(`"${command}" is no command: expected ${Object.keys(COMMANDS).join(', ')}`)
  if (Number(process.versions.node.split('.')[0]) < 20) {
    return complain(`Node ${process.versions.node} is too old: Crew's scripts need Node 20 or newer`)
  }
  process.chdir(root)
  const installed = await ensureInstalled()
  if (installed.code !== 0) return installed.code
  return runSteps(steps, args)
}

/** Runs them all although one fails, since each failure is worth seeing; a signal ends the row. */
async function runSteps(steps, args) {
  const failed = []
  let lastCode = 0
  for (const step of steps) {
    const isLast = step === steps.at(-1)
    const result = await runStep(step, isLast ? args : [])
    if (result.signalled) return result.code
    // The command itself has said what is wrong.
    if (result.code !== 0 && step.name) failed.push(step.name)
    lastCode = result.code || lastCode
  }
  if (steps.length > 1 && failed.length > 0) console.error(`crew: failed: ${failed.join(', ')}`)
  return lastCode
}

async function runStep(step, args) {
  const startedAt = performance.now()
  const result = await runInForeground(...step.run(args))
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  if (step.name) console.log(`crew: ${step.name} ${result.code === 0 ? 'done' : 'FAILED'} in ${seconds} s`)
  return result
}

function complain(message) {
  console.error(`crew: ${message}`)
  return 1
}
