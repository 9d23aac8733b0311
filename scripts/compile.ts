import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The first is what runs. Worker threads cannot be found inside a binary unless they are entry points as well. */
const ENTRY_POINTS = ['server/main.ts', 'storage/sqlite/thread.ts', 'storage/sqlite/copy-thread.ts']

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
  // Bun writes the folder of the build there, in packages: one path for all, so that two machines make the same bytes.
  '--define=__dirname="/crew"',
  '--define=__filename="/crew/module.js"',
]

export interface Compilation {
  readonly outfile: string
  /** As Bun calls it (`bun-linux-arm64`); without it the system that this runs on. */
  readonly target?: string | undefined
  /** The Bun of the target; without it Bun fetches one where it is not its own. */
  readonly runtime?: string | undefined
}

/** Compiles Crew into one executable, from the top of the repository; answers its bytes. Throws what Bun says when it fails. */
export function compile({ outfile, target, runtime }: Compilation): number {
  const assets = ASSETS.filter((folder) => existsSync(folder)).flatMap((folder) => ['--asset', folder])
  const cross = [target && `--target=${target}`, runtime && `--compile-executable-path=${runtime}`].filter(Boolean)
  mkdirSync(dirname(outfile), { recursive: true })
  const args = ['build', ...FLAGS, ...(cross as string[]), ...assets, ...ENTRY_POINTS, '--outfile', outfile]
  const { status, stderr } = spawnSync(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`bun ${args.join(' ')} ended with ${status}:\n${stderr}`)
  // Copies of what is embedded: one of the program, one of each thread.
  const threads = ['thread', 'copy-thread'].map((name) => join(dirname(outfile), `${name}.js.map`))
  for (const map of [`${outfile}.map`, ...threads]) rmSync(map, { force: true })
  return statSync(outfile).size
}
