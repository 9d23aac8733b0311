// Builds what a release consists of: into dist/release the binaries of all systems, SHA256SUMS and an SBOM, into dist/npm the
// packages of npm. `npm run release -- --target linux-x64 --target darwin-arm64` makes those alone. Nothing is published.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { compile } from './compile.ts'
import { writeNpmPackages } from './release/npm-packages.ts'
import { runtimeOf } from './release/runtimes.ts'
import { sbomOf } from './release/sbom.ts'
import { programOf, type Target, targetsNamed } from './release/targets.ts'

const { values: options } = parseArgs({
  options: {
    target: { type: 'string', multiple: true, default: [] },
    outdir: { type: 'string', default: 'dist' },
    /** Where the Buns of the targets are kept between releases. */
    runtimes: { type: 'string', default: 'dist/runtimes' },
  },
})

try {
  release()
} catch (error) {
  console.error(`crew: ${(error as Error).message}`)
  process.exitCode = 1
}

function release(): void {
  const targets = targetsNamed(options.target)
  const folder = emptyFolder('release')
  const version: string = JSON.parse(readFileSync('package.json', 'utf8')).version
  const binaries = new Map<Target, string>()
  targets.forEach((target, index) => {
    const outfile = join(folder, programOf(target, `crew-${version}-${target.name}`))
    build(target, outfile, `${index + 1}/${targets.length}`)
    binaries.set(target, outfile)
  })
  writeFileSync(join(folder, `crew-${version}.cdx.json`), sbomOf(targets, sourceTime()))
  writeFileSync(join(folder, 'SHA256SUMS'), checksumsOf(folder))
  writeNpmPackages(emptyFolder('npm'), binaries)
  console.log(
    `crew: ${folder} has the binaries, SHA256SUMS and the SBOM, ${join(options.outdir, 'npm')} the packages of npm`,
  )
}

function build(target: Target, outfile: string, step: string): void {
  const startedAt = performance.now()
  const runtime = runtimeOf(target, resolve(options.runtimes))
  const bytes = compile({ outfile, target: target.bunTarget, runtime })
  const seconds = (performance.now() - startedAt) / 1000
  console.log(`crew: [${step}] ${basename(outfile)}, ${(bytes / 1e6).toFixed(0)} MB in ${seconds.toFixed(1)} s`)
}

/** What an earlier release left would be taken for a part of this one. */
function emptyFolder(name: string): string {
  const folder = join(options.outdir, name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  return folder
}

/** As `sha256sum --check` reads them. */
function checksumsOf(folder: string): string {
  const lineOf = (name: string) => {
    const digest = createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex')
    return `${digest}  ${name}\n`
  }
  return readdirSync(folder).sort().map(lineOf).join('')
}

/** Seconds since 1970 at which the sources were written: `SOURCE_DATE_EPOCH`, as reproducible builds name it, or the commit's. */
function sourceTime(): number {
  const named = Number(process.env.SOURCE_DATE_EPOCH)
  if (named > 0) return named
  return Number(execFileSync('git', ['log', '-1', '--format=%ct'], { encoding: 'utf8' }))
}
