import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Api, makeApi } from './api-client.ts'
import { DEADLINE_MS } from './waiting.ts'

/** The whole suite runs against the compiled program too: `CREW_TEST_BINARY=dist/crew npm run test:e2e`. */
const BINARY = process.env.CREW_TEST_BINARY
const MAIN = join(import.meta.dirname, '../../../server/main.ts')
// Bun reads .env by itself while developing, which would hide what Crew makes of it.
const [PROGRAM, ...FIXED] = BINARY ? [resolve(BINARY)] : [process.execPath, '--no-env-file', MAIN]

/** The words that `crew` stands for here. */
export const CREW_PROGRAM: readonly string[] = [PROGRAM, ...FIXED]

/** A folder with `crew` in it, for a shell's PATH. */
export function folderWithCrew(until: Until = onTestFinished): string {
  const folder = makeDir(until)
  const command = [PROGRAM, ...FIXED].map((word) => `'${word}'`).join(' ')
  writeFileSync(join(folder, 'crew'), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 })
  return folder
}

export const TOKEN = 'token-of-the-test'

export interface StartOptions {
  /** The current folder of the process; the storage is in it. */
  readonly dir: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** The words that `crew` stands for, where it is another one than that of the tests. */
  readonly program?: readonly string[]
  /** What it reads; without it, nothing. */
  readonly stdin?: string
  /** Given what ends it, for a server that a whole file shares; when left out, it ends with the test. */
  readonly until?: Until
}

export type Until = (end: () => void | Promise<void>) => void

/** A process of Crew, seen from outside. */
export interface CrewProcess {
  readonly pid: number
  stdout(): string
  stderr(): string
  /** The exit code, or the name of the signal that ended it; after the last output. */
  readonly ended: Promise<number | string>
  /** Ends it as a crash of the machine would: it runs no further instruction. Resolves when it is gone. */
  kill9(): Promise<void>
  /** Tells it to stop. */
  term(): void
}

/** A server that listens. */
export interface Crew extends CrewProcess {
  readonly url: string
  readonly api: Api
}

/** An empty folder that goes away with the test. */
export function makeDir(until: Until = onTestFinished): string {
  const dir = mkdtempSync(join(tmpdir(), 'crew-e2e-'))
  until(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** Runs a command line to its end. */
export async function runCrew(
  options: StartOptions,
): Promise<{ code: number | string; stdout: string; stderr: string }> {
  const { ended, stdout, stderr } = launch(options)
  return { code: await ended, stdout: stdout(), stderr: stderr() }
}

/** `crew start` on a free port; resolves when it says where it listens. */
export async function startCrew(options: StartOptions): Promise<Crew> {
  const { env = {}, args = [], until = onTestFinished } = options
  const port = args.includes('--port') ? [] : ['--port', '0']
  const launched = launch({ ...options, args: ['start', ...port, ...args], env: { CREW_AUTH_TOKEN: TOKEN, ...env } })
  const url = await listening(launched)
  const api = makeApi(url, TOKEN)
  until(() => api.close())
  return { ...launched, url, api }
}

interface Launched extends CrewProcess {
  readonly child: ChildProcess
  onOutput(listener: () => void): void
}

/** Starts it and does not wait for anything. */
export function launch(options: StartOptions): Launched {
  const { dir, args = [], env = {}, program = CREW_PROGRAM, stdin, until = onTestFinished } = options
  const [command = '', ...fixed] = program
  const child = spawn(command, [...fixed, ...args], {
    cwd: dir,
    env: { PATH: process.env.PATH, ...env },
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  child.stdin?.end(stdin)
  until(() => void child.kill('SIGKILL'))
  const listeners: (() => void)[] = []
  const heard = (): void => {
    for (const listener of listeners) listener()
  }
  const stdout = collect(child.stdout, heard)
  const stderr = collect(child.stderr, heard)
  // `close` comes after the last output, `exit` may come before it.
  const ended = new Promise<number | string>((done) => {
    child.once('close', (code, signal) => done(code ?? signal ?? 'unknown'))
  })
  return {
    child,
    pid: child.pid ?? 0,
    stdout,
    stderr,
    ended,
    onOutput: (listener) => void listeners.push(listener),
    term: () => void child.kill('SIGTERM'),
    kill9: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

function listening({ child, stderr, onOutput }: Launched): Promise<string> {
  return new Promise((found, reject) => {
    const fail = (): void => reject(new Error(`the server did not say where it listens, but: ${stderr()}`))
    const timer = setTimeout(fail, DEADLINE_MS)
    child.once('close', fail)
    onOutput(() => {
      const [, url] = /listens at (https?:\S+)/.exec(stderr()) ?? []
      if (url === undefined) return
      clearTimeout(timer)
      found(url)
    })
  })
}

function collect(stream: NodeJS.ReadableStream | null, onMore: () => void): () => string {
  let text = ''
  stream?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    onMore()
  })
  return () => text
}

/** Resident memory of a process in bytes; null where the system does not show it as Linux does. */
export function residentBytes(pid: number): number | null {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return kilobytes === undefined ? null : Number(kilobytes) * 1024
  } catch {
    return null
  }
}
