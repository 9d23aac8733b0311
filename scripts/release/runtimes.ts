import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { programOf, type Target } from './targets.ts'

interface LockedPackage {
  readonly version: string
  readonly integrity: string
}

/**
 * The Bun that is put into the binary of a target, fetched from npm into `cache` unless it is there. It is the version and
 * the bytes of package-lock.json, whatever the registry answers: throws when they differ.
 */
export function runtimeOf(target: Target, cache: string): string {
  const locked = lockedPackage(target.runtimePackage)
  const folder = join(cache, `${target.name}-${locked.version}`)
  const program = join(folder, 'package/bin', programOf(target, 'bun'))
  if (!existsSync(program)) fetchPackage(target.runtimePackage, locked, folder)
  return program
}

function lockedPackage(name: string): LockedPackage {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  const locked = packages[`node_modules/${name}`]
  if (!locked) throw new Error(`package-lock.json has no ${name}: is it a package of the Bun that package.json names?`)
  return locked
}

/** Unpacked beside its place and moved there whole: a folder that exists has been checked. */
function fetchPackage(name: string, { version, integrity }: LockedPackage, folder: string): void {
  const unpacked = `${folder}.${process.pid}`
  mkdirSync(unpacked, { recursive: true })
  try {
    const packing = ['pack', `${name}@${version}`, '--silent', '--pack-destination', unpacked]
    const archive = join(
      unpacked,
      execFileSync('npm', packing, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim(),
    )
    checkIntegrity(`${name}@${version}`, readFileSync(archive), integrity)
    execFileSync('tar', ['-xzf', archive, '-C', unpacked])
    rmSync(archive)
    renameSync(unpacked, folder)
  } finally {
    rmSync(unpacked, { recursive: true, force: true })
  }
}

/** Throws unless these are the bytes that package-lock.json has the digest of: what a registry answers is not trusted. */
export function checkIntegrity(what: string, bytes: Uint8Array, integrity: string): void {
  const found = `sha512-${createHash('sha512').update(bytes).digest('base64')}`
  if (found === integrity) return
  throw new Error(`${what} is ${found}, but package-lock.json says ${integrity}: it was not used`)
}
