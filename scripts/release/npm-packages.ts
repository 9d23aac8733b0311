import { chmodSync, copyFileSync, linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { programOf, type Target } from './targets.ts'

/** What the packages have in common with that of the sources. */
interface Manifest {
  readonly version: string
  readonly description: string
  readonly license: string
}

const SCOPE = '@crew'
const LAUNCHER = join(import.meta.dirname, 'launcher.mjs')

const packageOf = ({ name }: Target): string => `${SCOPE}/cli-${name}`

/**
 * Writes what `npx @crew/cli` needs into `folder`, a folder per package: one per target with its binary, and `cli`, which
 * asks for all of them as optional dependencies of its own version. npm takes the one whose `os`, `cpu` and `libc` fit, so no
 * script runs at install time. `binaries` has the file of each target, by name.
 */
export function writeNpmPackages(folder: string, binaries: ReadonlyMap<Target, string>): void {
  const manifest: Manifest = JSON.parse(readFileSync('package.json', 'utf8'))
  const targets = [...binaries.keys()]
  for (const [target, binary] of binaries) writeTargetPackage(folder, target, binary, manifest)
  writeLauncherPackage(join(folder, 'cli'), targets, manifest)
}

function writeTargetPackage(folder: string, target: Target, binary: string, manifest: Manifest): void {
  const own = join(folder, `cli-${target.name}`)
  mkdirSync(join(own, 'bin'), { recursive: true })
  linkSync(binary, join(own, 'bin', programOf(target, 'crew'))) // the same bytes, 100 MB, are not kept twice
  const { os, cpu, libc } = target
  writePackage(own, {
    ...common(packageOf(target), manifest),
    description: `${manifest.description} (${target.name})`,
    os: [os],
    cpu: [cpu],
    ...(libc && { libc: [libc] }),
    preferUnplugged: true, // a program inside an archive cannot be started
    files: ['bin'],
  })
  writeFileSync(
    join(own, 'README.md'),
    `# ${packageOf(target)}\n\nCrew for ${target.name}. Install \`${SCOPE}/cli\`, which takes what fits.\n`,
  )
}

function writeLauncherPackage(folder: string, targets: readonly Target[], manifest: Manifest): void {
  mkdirSync(join(folder, 'bin'), { recursive: true })
  copyFileSync(LAUNCHER, join(folder, 'bin/crew.mjs'))
  chmodSync(join(folder, 'bin/crew.mjs'), 0o755)
  writePackage(folder, {
    ...common(`${SCOPE}/cli`, manifest),
    type: 'module',
    bin: { crew: 'bin/crew.mjs' },
    engines: { node: '>=18' },
    files: ['bin'],
    optionalDependencies: Object.fromEntries(targets.map((target) => [packageOf(target), manifest.version])),
  })
  writeFileSync(join(folder, 'README.md'), README)
}

function common(name: string, { version, description, license }: Manifest) {
  return { name, version, description, license, publishConfig: { access: 'public' } }
}

function writePackage(folder: string, manifest: object): void {
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  copyFileSync('LICENSE', join(folder, 'LICENSE'))
}

const README = `# Crew

Crew runs graphs of tasks against flaky, rate-limited APIs: one program, with its web UI inside.

    npx ${SCOPE}/cli start --demo

The program itself is in one of the packages ${SCOPE}/cli-OS-CPU, which npm chooses by the system it installs on. No script runs at
install time; an install without optional dependencies leaves it out.
`
