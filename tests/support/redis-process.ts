import { type ChildProcess, spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Loading a large append-only file takes seconds on a busy machine. */
const READY_DEADLINE_MS = 60_000

const NO_SERVER =
  'These tests start a Redis of their own and find none: install one (apt-get install redis-server, brew install redis), ' +
  'or set REDIS_URL to an empty one for those tests that take any.'

/** `redis-server`, or `valkey-server` where that is what the machine has. */
export function findRedisProgram(path = process.env.PATH ?? ''): string {
  const programs = ['redis-server', 'valkey-server'].flatMap((name) =>
    path
      .split(delimiter)
      .filter((folder) => folder !== '')
      .map((folder) => join(folder, name)),
  )
  const found = programs.find((file) => statSync(file, { throwIfNoEntry: false })?.isFile())
  if (found === undefined) throw new Error(NO_SERVER)
  return found
}

export interface RedisProcessOptions {
  readonly program: string
  /** By the names of redis.conf. */
  readonly config: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  /** Holds all that the process writes; taken away with it when the tests die. */
  readonly directory: string
}

/**
 * A process of Redis. States: `starting` → `ready` ⇄ paused → gone; the caller moves it, and a guard beside it ends it
 * when the process of the tests goes away, however that dies.
 */
export class RedisProcess {
  readonly #child: ChildProcess
  readonly #guard: ChildProcess
  readonly #gone: Promise<void>
  #said = ''

  constructor({ program, config, env, directory }: RedisProcessOptions) {
    const options = Object.entries(config).flatMap(([name, value]) => [`--${name}`, value])
    // In a group of its own: Ctrl-C in the terminal of the tests is for them, and a paused Redis would not hear it.
    this.#child = spawn('/bin/sh', ['-c', WITHOUT_SIZE_SIGNAL, program, ...options], {
      cwd: directory,
      env: { ...process.env, ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#hear(text))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#hear(text))
    this.#guard = guard(this.#child, directory)
    this.#gone = new Promise((resolve) => this.#child.once('close', () => resolve()))
    this.#gone.then(() => this.#guard.kill('SIGKILL'))
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** What it printed last. */
  get said(): string {
    return this.#said
  }

  /** Resolves when it takes commands; rejects with what it said when it cannot start. */
  async ready(): Promise<void> {
    const failure = () => new Error(`redis-server did not get ready, but said: ${this.#said}`)
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(failure()), READY_DEADLINE_MS)
      const settle = (act: () => void) => () => {
        clearTimeout(timer)
        act()
      }
      this.#gone.then(settle(() => reject(failure())))
      this.#onReady = settle(resolve)
      this.#look()
    })
  }

  /** Ends it as a crash of the machine would. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#gone
  }

  /** It keeps its connections and answers nothing. */
  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  resume(): void {
    this.#child.kill('SIGCONT')
  }

  #onReady: () => void = () => {}

  #hear(text: string): void {
    this.#said = (this.#said + text).slice(-KEPT_CHARACTERS)
    this.#look()
  }

  #look(): void {
    if (this.#said.includes('Ready to accept connections')) this.#onReady()
  }
}

/** At a limit of file sizes, which stands for a full disk in tests, a write is to fail: the signal would end the process. */
const WITHOUT_SIZE_SIGNAL = 'trap "" XFSZ; exec "$0" "$@"'

/** Enough to see why a start failed, and bounded however long the tests run. */
const KEPT_CHARACTERS = 20_000

/**
 * A shell that waits for the end of the tests, which closes its input, then kills the server and takes its folder away.
 * Tests share a process and handle no signals (tests/README.md), and nothing handles a SIGKILL: so somebody else has to.
 */
function guard({ pid }: ChildProcess, directory: string): ChildProcess {
  const script = 'cat >/dev/null; kill -9 "$1"; rm -rf "$2"'
  return spawn('/bin/sh', ['-c', script, 'guard', String(pid), directory], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
}
