import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { onTestFinished, vi } from 'vitest'

/** The same tests run against the compiled program: `CREW_TEST_BINARY=dist/crew npm run test:unit -- tests/server`. */
const BINARY = process.env.CREW_TEST_BINARY
/** Whether they do. */
export const isCompiled = BINARY !== undefined
const MAIN = join(import.meta.dirname, '../../server/main.ts')
// Bun reads .env by itself while developing, which would hide what Crew makes of it.
export const CREW_PROGRAM: readonly [string, ...string[]] = BINARY
  ? [resolve(BINARY)]
  : [process.execPath, '--no-env-file', MAIN]
const [PROGRAM, ...FIXED] = CREW_PROGRAM
/** How a person would start the example. */
export const DEMO_COMMAND = BINARY ? `${PROGRAM} demo` : 'npm run demo --'
/** Starting takes half a second; these are for machines that are busy. */
const DEADLINE_MS = 60_000
vi.setConfig({ testTimeout: 240_000 })

/** A process of Crew, seen from outside. */
export interface CrewProcess {
  /** Where it listens. */
  readonly url: string
  readonly pid: number
  stdout(): string
  stderr(): string
  kill(signal: NodeJS.Signals): void
  /** The exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>
}

export interface StartWorld {
  /** The current folder of the process; each test makes its own. */
  readonly folder: string
  readonly args?: readonly string[]
  readonly env?: Record<string, string>
}

/** An empty folder that goes away with the test. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'crew-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Runs a command line to its end. */
export async function runCrew(world: StartWorld): Promise<{ code: number | string; stdout: string; stderr: string }> {
  const { ended, stdout, stderr } = launch(world)
  return { code: await ended, stdout: stdout(), stderr: stderr() }
}

export interface ServerWorld extends StartWorld {
  /** Without it, `start`. */
  readonly command?: 'start' | 'dev'
  /** What it says when it listens, with where. */
  readonly says?: RegExp
}

/** `crew start` on a free port; resolves when it says where it listens. */
export async function startCrew({ command = 'start', says, ...world }: ServerWorld): Promise<CrewProcess> {
  const launched = launch({ ...world, args: [command, '--port', '0', ...(world.args ?? [])] })
  const [, url = ''] = await launched.says(says ?? /listens at (https?:\S+)/)
  return { ...launched, url }
}

/** Waits until `check` answers something; for what a process shows from outside only. */
export async function eventually<Value>(check: () => Promise<Value | false | null | undefined>): Promise<Value> {
  const deadline = performance.now() + DEADLINE_MS
  for (;;) {
    const value = await check()
    if (value) return value
    if (performance.now() > deadline) throw new Error(`still not so after ${DEADLINE_MS} ms: ${check}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

type Launched = Omit<CrewProcess, 'url'> & { says(pattern: RegExp): Promise<RegExpExecArray> }

function launch({ folder, args = [], env = {} }: StartWorld): Launched {
  const child = spawn(PROGRAM, [...FIXED, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  return {
    pid: child.pid ?? 0,
    stdout: stdout.text,
    stderr: stderr.text,
    kill: (signal) => void child.kill(signal),
    ended: endOf(child),
    says: (pattern) => heard(child, stderr, pattern),
  }
}

/** `close` comes after the last output, `exit` may come before it. */
function endOf(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown')))
}

type Collected = { text(): string; onMore(listener: () => void): void }

function collect(stream: NodeJS.ReadableStream | null): Collected {
  let text = ''
  const listeners: (() => void)[] = []
  stream?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    for (const listener of listeners) listener()
  })
  return { text: () => text, onMore: (listener) => listeners.push(listener) }
}

function heard(child: ChildProcess, output: Collected, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new Error(`the process did not say ${pattern}, but: ${output.text()}`))
    const timer = setTimeout(fail, DEADLINE_MS)
    child.once('close', fail)
    const look = (): void => {
      const found = pattern.exec(output.text())
      if (!found) return
      clearTimeout(timer)
      resolve(found)
    }
    output.onMore(look)
    look()
  })
}
