#!/usr/bin/env node
// Runs the Crew of this system. npm has installed the one package that fits: no script has to run at install time.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

const program = findProgram()
if (program) run(program)

function findProgram() {
  const name = packageName()
  const { optionalDependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  if (!(name in optionalDependencies)) {
    const known = Object.keys(optionalDependencies).map((each) => each.replace('@crew/cli-', ''))
    return complain(`there is no program for ${name.replace('@crew/cli-', '')}, only for ${known.join(', ')}.`)
  }
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`)
    return join(dirname(manifest), 'bin', process.platform === 'win32' ? 'crew.exe' : 'crew')
  } catch {
    return complain(
      `the package ${name} is missing: install @crew/cli again, on this system and with its optional dependencies.`,
    )
  }
}

function packageName() {
  return `@crew/cli-${process.platform}-${process.arch}${isMusl() ? '-musl' : ''}`
}

/** Older versions of npm install the packages of both C libraries, so the process itself is asked which one it runs on. */
function isMusl() {
  if (process.platform !== 'linux') return false
  if (process.report) process.report.excludeNetwork = true // else it looks up names, which can take seconds
  return !process.report?.getReport().header.glibcVersionRuntime
}

/** Waits for the program and ends as it did. Each signal reaches it once: a second one would end it at once, without a drain. */
function run(path) {
  const child = spawn(path, process.argv.slice(2), { stdio: 'inherit' })
  for (const signal of SIGNALS) process.on(signal, () => reachesAll(signal) || child.kill(signal))
  child.once('error', (error) => complain(`${path} could not be started: ${error.message}`))
  child.once('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0)
  })
}

/** A terminal, and a console of Windows, tells all that run in it, the program too: that somebody pressed Ctrl-C, or closed it. */
function reachesAll(signal) {
  return process.platform === 'win32' || (signal !== 'SIGTERM' && process.stdin.isTTY === true)
}

function complain(sentence) {
  console.error(`crew: ${sentence}`)
  process.exitCode = 1
}
