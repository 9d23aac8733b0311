import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeBareRoot } from './bare-root.ts'
import { type Instruction, pairsOf, type Stage, wordsOf } from './dockerfile.ts'

/** What an engine knows of an image when it starts it. */
export interface Image {
  /** The folder that is its root. */
  readonly root: string
  readonly env: Record<string, string>
  readonly user: string
  readonly command: readonly string[]
  readonly health: readonly string[]
}

/**
 * Takes the steps of a Dockerfile one after the other, without an engine: the first stage in `folder` with the Node and the
 * packages of this machine, the second into a root that has the libraries of this machine and nothing else, in place of
 * the base image.
 */
export function buildImage(checkout: string, [build, run]: readonly Stage[], folder: string): Image {
  if (!build || !run) throw new Error('the Dockerfile has no two stages')
  const workdir = runBuildStage(checkout, build, folder)
  return runFinalStage(run, (path) => join(workdir, path.replace(/^\/crew\//, '')))
}

function runBuildStage(checkout: string, stage: Stage, folder: string): string {
  const context = join(folder, 'context')
  writeContext(checkout, context)
  const workdir = join(folder, 'crew')
  mkdirSync(workdir)
  copyPackages(join(checkout, 'node_modules'), join(workdir, 'node_modules'))
  for (const { name, args } of stage.instructions) {
    if (name === 'COPY') copy(args, context, workdir)
    if (name === 'RUN') execFileSync('sh', ['-c', args], { cwd: workdir, stdio: ['ignore', 'ignore', 'inherit'] })
  }
  return workdir
}

/** As links where both are on one disk: they are only read. */
function copyPackages(from: string, to: string): void {
  try {
    execFileSync('cp', ['-al', `${from}/.`, to], { stdio: 'ignore' })
  } catch {
    execFileSync('cp', ['-a', `${from}/.`, to])
  }
}

/** What git knows of, less what .dockerignore names: an engine is sent no more. */
function writeContext(checkout: string, context: string): void {
  const ignored = readFileSync(join(checkout, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => /^[.\w]+$/.test(line))
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: checkout,
    encoding: 'utf8',
  })
  const files = listed
    .trim()
    .split('\n')
    .filter((file) => !ignored.includes(file.split('/')[0] ?? ''))
  for (const file of files) cpSync(join(checkout, file), join(context, file))
}

function copy(args: string, from: string, to: string): void {
  const paths = args.split(/\s+/)
  const target = join(to, paths.pop() ?? '')
  for (const path of paths)
    cpSync(join(from, path), paths.length > 1 ? join(target, path) : target, { recursive: true })
}

function runFinalStage({ instructions }: Stage, fromBuild: (path: string) => string): Image {
  const all = (name: string) => instructions.filter((each) => each.name === name)
  const [program, ...folders] = all('COPY').map((each) => each.args.split(/\s+/))
  if (program?.[1] !== '/usr/local/bin/crew') throw new Error('the first COPY of the image is not that of the program')
  const root = makeBareRoot(fromBuild(program[0] ?? ''))
  const unknown = folders.filter(([, to]) => to !== '/data') // that folder is in a bare root, with its owner
  if (unknown.length > 0) throw new Error(`the image has a COPY that this does not know: ${unknown[0]?.join(' ')}`)
  const words = (name: string) => all(name).flatMap((each: Instruction) => wordsOf(each))
  return {
    root,
    env: Object.assign({}, ...all('ENV').map(pairsOf)),
    user: all('USER').at(-1)?.args ?? 'root',
    command: [...words('ENTRYPOINT'), ...words('CMD')],
    health: words('HEALTHCHECK'),
  }
}
