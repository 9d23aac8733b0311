import { spawnSync } from 'node:child_process'
import { delimiter, join } from 'node:path'

/** What undici, and so the package `crew`, asks for. */
const [MAJOR, MINOR] = [22, 19]

/** A Node of the PATH of any version, and no Bun that is called so; undefined when there is none. */
export function anyNodeProgram(): string | undefined {
  return programsOfPath().find((program) => versionOf(program) !== '')
}

/** A Node that the package runs on, of `CREW_TEST_NODE` or else the PATH: what starts the scripts may be older. */
export function nodeProgram(): string {
  const { CREW_TEST_NODE: named } = process.env
  const programs = named ? [named] : programsOfPath()
  const found = programs.find(isNew)
  if (found !== undefined) return found
  throw new Error(
    `${named || 'node on the PATH'} is no Node ${MAJOR}.${MINOR} or newer: npm install --prefix /tmp/node22 node@22 brings one, and ` +
      'CREW_TEST_NODE=/tmp/node22/node_modules/.bin/node names it.',
  )
}

function programsOfPath(): string[] {
  return (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'node'))
}

function isNew(program: string): boolean {
  const [, major = 0, minor = 0] = (/^v(\d+)\.(\d+)/.exec(versionOf(program)) ?? []).map(Number)
  return major > MAJOR || (major === MAJOR && minor >= MINOR)
}

/** Asked of the program itself: `bun --bun`, by which tests run, puts a folder before the others in which `node` is Bun. */
function versionOf(program: string): string {
  const { stdout } = spawnSync(program, ['-p', 'process.versions.bun ? "" : process.version'], { encoding: 'utf8' })
  return stdout?.trim() ?? ''
}
