import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { bun, packageFile, root } from './paths.mjs'
import { runInForeground } from './run-in-foreground.mjs'

const stamp = packageFile('.crew-installed')
const INCLUDE_ALL = ['--include=dev', '--include=optional'] // bun is a devDependency, its binaries are optional ones
const QUIET = ['--no-audit', '--no-fund', '--loglevel=error']

/** Installs when the lockfile is not the one `node_modules` was made from. No lifecycle hook: `ignore-scripts` skips those. */
export async function ensureInstalled() {
  if (!isCurrent()) {
    const result = await install()
    if (result.code !== 0) return result
  }
  if (!bunRuns()) return { code: explainBun(), signalled: false }
  return { code: 0, signalled: false }
}

const isCurrent = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint()

/** The system is part of it, because a folder shared with a container holds the binaries of one of the two. */
function fingerprint() {
  const { dependencies, devDependencies, overrides } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const lockfile = join(root, 'package-lock.json')
  const content = [
    existsSync(lockfile) ? readFileSync(lockfile, 'utf8') : '',
    JSON.stringify({ dependencies, devDependencies, overrides }),
    `${process.platform}-${process.arch}`,
  ]
  return createHash('sha256').update(content.join('\n')).digest('hex')
}

async function install() {
  const startedAt = performance.now()
  let result = { code: 1, signalled: false }
  for (const { name, command, args } of installers()) {
    console.log(`crew: installing packages (${name})`)
    result = await runInForeground(command, args)
    if (result.code === 0 || result.signalled) break
  }
  if (result.signalled) return result
  if (result.code !== 0) {
    console.error('crew: the packages could not be installed: see above. Is the package registry within reach?')
    return result
  }
  writeFileSync(stamp, fingerprint())
  console.log(`crew: packages installed in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  return result
}

/**
 * What to try, in order. `npm ci` only into an empty place: it deletes node_modules first, under the feet of a server
 * that runs from it. It refuses a lockfile that is behind package.json, so `npm install` follows.
 */
function installers() {
  const npm = findNpm()
  // It reads package-lock.json too; without --no-save it would leave a bun.lock beside it.
  if (!npm) return [{ name: 'bun install', command: process.execPath, args: ['install', '--no-save'] }]
  const use = (verb) => ({ ...npm, name: `npm ${verb}`, args: [...npm.args, verb, ...INCLUDE_ALL, ...QUIET] })
  return existsSync(packageFile('')) ? [use('install')] : [use('ci'), use('install')]
}

/** The npm that called us, else the one on the PATH; none where only Bun is installed. */
function findNpm() {
  const caller = process.env.npm_execpath ?? ''
  if (!process.versions.bun && basename(caller) === 'npm-cli.js') return { command: process.execPath, args: [caller] }
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const found = spawnSync(npm, ['--version'], { shell: process.platform === 'win32' }).status === 0
  return found ? { command: npm, args: [] } : undefined
}

/** The bun package puts its binary in place by an install script, which npm may have been told not to run. */
function bunRuns() {
  if (answersVersion()) return true
  spawnSync(process.execPath, [packageFile('bun/install.js')], { stdio: 'inherit', cwd: root })
  return answersVersion()
}

const answersVersion = () => spawnSync(bun, ['--version']).status === 0

function explainBun() {
  const { error, stderr } = spawnSync(bun, ['--version'], { encoding: 'utf8' })
  console.error(`crew: ${bun} does not run here: ${(error?.message ?? stderr ?? '').trim()}`)
  console.error('crew: delete node_modules and try again; if it stays, this system has no build of Bun')
  return 1
}
