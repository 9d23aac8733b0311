import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Command } from './commands-of.ts'

const ROOT = join(import.meta.dirname, '../..')
/** The longest block of a page takes some seconds; this is for machines that are busy. */
const DEADLINE_MS = 60_000
/** What servers and workers say when they can be called. */
const LISTENING = /listen(s|ing) at/i
/** Said by the shell after each block; no program writes it. */
const END_OF_BLOCK = '\x1e'

/**
 * Runs the files that are named on stdin, one after the other, in one shell, so that what one sets is there in the next. The first
 * command that fails ends it.
 */
const SESSION = `set -euo pipefail; exec 2>&1
while IFS= read -r file; do . "$file" </dev/null; printf '${END_OF_BLOCK}'; done`

export interface ReaderOptions {
  /** On top of PATH and HOME. */
  readonly env?: Readonly<Record<string, string>>
  /** Folders that come before those of the PATH. */
  readonly path?: readonly string[]
  /** Where the blocks are run; the folder of the repository when it is left out. */
  readonly cwd?: string
  /** Given what ends it, for a reader that a whole file shares. */
  readonly until?: (end: () => void) => void
}

/** Somebody who follows a page: one terminal for its blocks, and a further one for each that goes on in the background. */
export interface Reader {
  /**
   * Runs a block as it stands. Resolves with what it said: when it has ended, or, in the background, when it listens. Rejects with
   * its line and all it said when a command of it fails.
   */
  runBlock(command: Command): Promise<string>
}

/** Ends with the test, and all that it has started with it. */
export function makeReader(options: ReaderOptions = {}): Reader {
  const { until = onTestFinished } = options
  const scratch = mkdtempSync(join(tmpdir(), 'crew-docs-'))
  until(() => rmSync(scratch, { recursive: true, force: true }))
  const open = (script: string): Terminal => openTerminal(script, { ...options, until })
  let session: Terminal | undefined
  return {
    runBlock: async (command) => {
      if (command.isBackground) return said(open(command.block), LISTENING, command)
      session ??= open(SESSION)
      const file = join(scratch, `line-${command.line}.sh`)
      writeFileSync(file, `${command.block}\n`)
      session.forget()
      session.child.stdin?.write(`${file}\n`)
      return (await said(session, new RegExp(END_OF_BLOCK), command)).replace(END_OF_BLOCK, '')
    },
  }
}

interface Terminal {
  readonly child: ChildProcess
  output(): string
  /** What was said so far is not looked at again. */
  forget(): void
  onOutput(listener: () => void): void
}

function openTerminal(script: string, { env = {}, path = [], cwd = ROOT, until = onTestFinished }: ReaderOptions) {
  const child = spawn('bash', ['--norc', '-c', script], {
    cwd,
    env: { HOME: process.env.HOME, ...env, PATH: [...path, ownPath()].join(delimiter) },
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of processes, for what the shell has started goes with it.
    detached: true,
  })
  until(() => endGroup(child))
  const listeners: (() => void)[] = []
  let output = ''
  const hear = (chunk: string): void => {
    output += chunk
    for (const listener of listeners) listener()
  }
  child.stdout.setEncoding('utf8').on('data', hear)
  child.stderr.setEncoding('utf8').on('data', hear)
  return {
    child,
    output: () => output,
    forget: () => {
      output = ''
    },
    onOutput: (listener: () => void) => void listeners.push(listener),
  }
}

/** Of `bun --bun`, by which tests run, without the folder in which `node` is Bun. */
const ownPath = (): string =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('bun-node'))
    .join(delimiter)

function endGroup({ pid, exitCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // It has ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function said(terminal: Terminal, pattern: RegExp, { line, block }: Command): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (): void => {
      clearTimeout(timer)
      reject(new Error(`the block at line ${line} failed:\n${block}\n\n${terminal.output()}`))
    }
    const timer = setTimeout(fail, DEADLINE_MS)
    const look = (): void => {
      if (!pattern.test(terminal.output())) return
      clearTimeout(timer)
      terminal.child.off('close', fail)
      resolve(terminal.output())
    }
    terminal.child.once('close', fail)
    terminal.onOutput(look)
    if (terminal.child.exitCode !== null) fail()
  })
}
