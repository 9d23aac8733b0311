import { Agent, type Dispatcher } from 'undici/index.js'
import { TOKEN } from '../support/crew.ts'
import { pass } from '../support/waiting.ts'

/** A task in the hands of a polling worker. Times are of `Date.now`: tests and servers are on one machine. */
export interface Holding {
  readonly taskId: string
  readonly poller: string
  /** When the answer was here. */
  readonly acquiredAt: number
  /** When the server gave the lease: its end less its length. */
  readonly grantedAt: number
  /** When the lease ends, as far as the poller was told. */
  leaseUntil: number
  /** When the first release was sent; null: never. */
  releasedAt: number | null
  /** What came of it; null: the poller died, or nobody answered. */
  status: number | null
}

export interface Fetched {
  readonly task: { readonly _id: string; readonly input: unknown } | null
  readonly callback?: { readonly url: string }
  readonly leaseUntil?: string
}

export interface PollerOptions {
  readonly name: string
  readonly channel: string
  readonly leaseSeconds: number
  /** The servers that are up, the first choice first. */
  readonly servers: () => readonly string[]
  /** Works on a task; answers what is released. */
  readonly work?: (poller: Poller, holding: Holding, fetched: Fetched) => Promise<object | null>
}

/** Seconds that an acquire waits, so that a poller without work costs little. */
const WAIT_SECONDS = 2

/** A polling worker as those of Crew v1 are: fetch, do, release, again. Its connections are its own, and go with it. */
export class Poller {
  readonly name: string
  readonly holdings: Holding[] = []
  readonly #options: PollerOptions
  readonly #agent = new Agent({ connections: 2, allowH2: false, headersTimeout: 30_000, bodyTimeout: 30_000 })
  readonly #done: Promise<void>
  #isStopping = false
  /** It is to die with its next task. */
  #onTask: (() => void) | null = null
  #isDead = false

  constructor(options: PollerOptions) {
    this.name = options.name
    this.#options = options
    this.#done = this.#loop()
  }

  /** After what it is at. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#done
    await this.#agent.destroy()
  }

  /** With the next task in its hands its connections break, and it is never heard of again. Resolves when it is gone. */
  dieWithTask(): Promise<void> {
    return new Promise((gone) => {
      this.#onTask = () => void this.#agent.destroy().then(gone)
    })
  }

  /** Whoever answers first; tried again at each server until one does, or it is dead. Null: it is dead. */
  async send(path: string, body: object): Promise<{ status: number; text: string } | null> {
    for (let turn = 0; !this.#isDead; turn++) {
      const servers = this.#options.servers()
      const origin = servers[turn % servers.length]
      const answer = origin ? await this.#post(origin, path, body).catch(() => null) : null
      // 503: the storage is away, or the server is going.
      if (answer && answer.status !== 503) return answer
      await pass(50)
    }
    return null
  }

  async #post(origin: string, path: string, body: object): Promise<{ status: number; text: string }> {
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
    const request: Dispatcher.RequestOptions = { origin, path, method: 'POST', headers, body: JSON.stringify(body) }
    const answer = await this.#agent.request(request)
    return { status: answer.statusCode, text: await answer.body.text() }
  }

  async #loop(): Promise<void> {
    const { channel, leaseSeconds } = this.#options
    const wanted = { workerId: this.name, wait: WAIT_SECONDS, leaseSeconds }
    while (!this.#isStopping) {
      const answer = await this.send(`/api/v1/channel/${channel}/acquire`, wanted)
      if (answer === null) return
      if (answer.status !== 200) throw new Error(`acquire was answered with ${answer.status}: ${answer.text}`)
      const fetched = JSON.parse(answer.text) as Fetched
      if (fetched.task) await this.#do(fetched, fetched.task._id)
    }
  }

  #die(gone: () => void): void {
    this.#isDead = true
    this.#isStopping = true
    gone()
  }

  async #do(fetched: Fetched, taskId: string): Promise<void> {
    const { leaseSeconds, work } = this.#options
    const leaseUntil = Date.parse(fetched.leaseUntil ?? '')
    const holding: Holding = {
      taskId,
      poller: this.name,
      acquiredAt: Date.now(),
      grantedAt: leaseUntil - leaseSeconds * 1000,
      leaseUntil,
      releasedAt: null,
      status: null,
    }
    this.holdings.push(holding)
    if (this.#onTask) return this.#die(this.#onTask)
    const result = work ? await work(this, holding, fetched) : { output: { by: this.name } }
    if (result === null) return
    holding.releasedAt = Date.now()
    const answer = await this.send(`/api/v1/task/${taskId}/release`, { workerId: this.name, ...result })
    holding.status = answer?.status ?? null
  }
}
