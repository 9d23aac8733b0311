// Compiles Crew into one executable. `npm run build -- --target bun-linux-arm64 --outfile dist/crew-arm64` crosses.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'

/** The first is what runs. Worker threads cannot be found inside a binary unless they are entry points as well. */
const ENTRY_POINTS = ['server/main.ts', 'storage/sqlite/thread.ts']

/** Folders embedded as they are, when they have been built. */
const ASSETS = ['dist/ui']

const FLAGS = [
  '--compile',
  '--minify',
  '--bytecode', // with --minify halves the start: 403 ms to 174 ms
  '--format=esm', // what --bytecode needs for a top-level await
  '--sourcemap', // embedded: stack traces name files and lines of the source
  // Without these two a binary would load .env and run the preloads of bunfig.toml from whatever folder it is started in.
  '--no-compile-autoload-dotenv',
  '--no-compile-autoload-bunfig',
]

const { values: options } = parseArgs({
  options: { outfile: { type: 'string', default: 'dist/crew' }, target: { type: 'string' } },
})

mkdirSync(dirname(options.outfile), { recursive: true })
const { status } = spawnSync(process.execPath, ['build', ...buildArguments()], { stdio: 'inherit' })
if (status !== 0) process.exit(status ?? 1)
rmSync(`${options.outfile}.map`, { force: true }) // a copy of what is embedded
console.log(`crew: ${options.outfile}, ${(statSync(options.outfile).size / 1e6).toFixed(0)} MB`)

function buildArguments(): string[] {
  const assets = ASSETS.filter((folder) => existsSync(folder)).flatMap((folder) => ['--asset', folder])
  const target = options.target ? [`--target=${options.target}`] : []
  return [...FLAGS, ...target, ...assets, ...ENTRY_POINTS, '--outfile', options.outfile]
}
