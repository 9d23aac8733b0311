import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { type Api, makeApi } from './api-client.ts'

export interface ServerProcessOptions {
  /** The words that `crew` stands for. */
  readonly program: readonly string[]
  /** Stands in each of its POSTs, and in the name of its log. */
  readonly name: string
  /** Its current folder; its log is in it. */
  readonly folder: string
  readonly token: string
  readonly env: Readonly<Record<string, string>>
}

/** Starting takes half a second; this is for machines that are busy, and stores that are away for a while. */
const START_MS = 60_000

/**
 * A server that is started again and again. States: `down` → start → `up` ⇄ `frozen`; kill9 or term → `down`. Its port is another
 * one after each start.
 */
export class ServerProcess {
  readonly name: string
  readonly #options: ServerProcessOptions
  #child: ChildProcess | null = null
  #gone: Promise<void> = Promise.resolve()
  #api: Api | null = null
  #isFrozen = false

  constructor(options: ServerProcessOptions) {
    this.name = options.name
    this.#options = options
  }

  /** Null while it is down or has not said yet where it listens. */
  get api(): Api | null {
    return this.#api
  }

  get isFrozen(): boolean {
    return this.#isFrozen
  }

  get pid(): number | null {
    return this.#child?.pid ?? null
  }

  /** Resolves when it listens; rejects with what it said, when it does not. */
  async start(): Promise<void> {
    const [program = '', ...fixed] = this.#options.program
    const { folder, name, token, env } = this.#options
    const log = openSync(join(folder, `${name}.log`), 'a', 0o600)
    const child = spawn(program, [...fixed, 'start', '--port', '0'], {
      cwd: folder,
      env: { PATH: process.env.PATH, CREW_AUTH_TOKEN: token, CREW_WORKER_AUTHORIZATION_HEADER: name, ...env },
      stdio: ['ignore', log, 'pipe'],
    })
    closeSync(log)
    this.#child = child
    this.#gone = new Promise((gone) => child.once('close', () => gone()))
    guard(child, this.#gone)
    const url = await listening(child, this.#gone)
    this.#api = makeApi(url, token)
  }

  /** Ends it as a crash of the machine would. Resolves when it is gone. */
  async kill9(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.#isDown()
  }

  /** Tells it to stop. Resolves when it is gone. */
  async term(): Promise<void> {
    this.#child?.kill('SIGTERM')
    await this.#isDown()
  }

  /** Stops it in the middle of whatever it does; its connections stay. */
  freeze(): void {
    this.#isFrozen = true
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
    this.#isFrozen = false
  }

  async #isDown(): Promise<void> {
    await this.#gone
    this.#isFrozen = false
    const api = this.#api
    this.#api = null
    await api?.close()
  }
}

/** A shell that ends the server when we are ended ourselves and cannot: its input closes then. Its own commands alone: PATH may be empty. */
function guard({ pid }: ChildProcess, gone: Promise<void>): void {
  if (process.platform === 'win32' || pid === undefined) return
  const script = 'while read -r _; do :; done; kill -9 "$1"'
  const shell = spawn('/bin/sh', ['-c', script, 'guard', String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  // Best effort: without a shell there is no guard.
  shell.on('error', () => {})
  void gone.then(() => shell.kill('SIGKILL'))
}

function listening(child: ChildProcess, gone: Promise<void>): Promise<string> {
  return new Promise((found, reject) => {
    let said = ''
    const fail = (): void => reject(new Error(`a server did not say where it listens, but: ${said.trim()}`))
    const timer = setTimeout(fail, START_MS)
    void gone.then(fail).finally(() => clearTimeout(timer))
    child.once('error', (error) => reject(error))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      // Bounded, as it may talk for hours.
      said = (said + text).slice(-4000)
      const [, url] = /listens at (http:\S+)/.exec(said) ?? []
      if (url === undefined) return
      clearTimeout(timer)
      found(url)
    })
  })
}
