import { createHash } from 'node:crypto'
import { type KeptAnswer, keepingOf } from '../core/idempotency.ts'
import { uuidV7 } from '../core/ids.ts'
import type { KeyedRequest } from '../services/keyed-request.ts'

/** Whose run it is. */
export interface RunOf {
  /** Of the caller, the address and the key. */
  readonly id: string
  readonly at: number
  /** By an earlier run. */
  readonly wasBegun: boolean
}

/** What is about to be sent. */
export interface SentAnswer {
  readonly status: number
  readonly type: string
  readonly body: string
  /** It is not to be stored. */
  readonly isSecret: boolean
}

/** Where a run writes down how it went. */
export interface RunBook {
  /** Another server may have taken over: what is kept is no longer this run's affair. */
  isLost(): boolean
  keep(answer: KeptAnswer): Promise<void>
  forget(): Promise<void>
  end(): void
}

/**
 * Kept are the answers of groups and of all but the largest tasks. A kept answer takes its room for a day, in the memory of Redis too, and
 * what is larger is mostly what exists anyway and can be read again.
 */
export const MAX_KEPT_BYTES = 64 * 1024

/**
 * One run of a request with a key. States: `running` → keep → `answered` → workEnded → `over`; a refusal for want of time comes while the
 * work goes on, so either may be first. One that comes before the run was there to hear it drops the run. Once over it makes no ids: what comes of the request later is no part of it.
 */
export class KeyedRun implements KeyedRequest {
  readonly at: number
  readonly isDone: boolean
  readonly #id: string
  readonly #wasBegun: boolean
  readonly #book: RunBook | null
  #ids = 0
  #isAnswering = false
  #isAnswered = false
  #hasEnded = false

  /** Without a book it is known to be done. */
  constructor({ id, at, wasBegun }: RunOf, book: RunBook | null) {
    this.#id = id
    this.at = at
    this.#wasBegun = wasBegun
    this.isDone = book === null
    this.#book = book
  }

  get isRepeated(): boolean {
    return this.#wasBegun || this.#book?.isLost() === true
  }

  /** The answer is on its way: too late for another one. */
  get isAnswering(): boolean {
    return this.#isAnswering
  }

  get isOver(): boolean {
    return this.#hasEnded
  }

  newId(): string {
    const randomBytes = createHash('sha256')
      .update(`${this.#id} ${this.#ids++}`)
      .digest()
    return uuidV7({ now: this.at, randomBytes })
  }

  /** Resolves when it is written down, or cannot be: then the request runs again when it comes again, and meets its own effect. */
  async keep(sent: SentAnswer): Promise<void> {
    this.#isAnswering = true
    await this.#write(sent).catch(() => {})
    this.#isAnswered = true
    this.#settle()
  }

  /** It does not run after all; whoever comes next goes on. */
  drop(): void {
    this.#isAnswered = true
    this.workEnded()
  }

  workEnded(): void {
    this.#hasEnded = true
    this.#settle()
  }

  async #write(sent: SentAnswer): Promise<void> {
    const { status, type, body, isSecret } = sent
    const keeping = keepingOf(status, codeOf(sent))
    if (keeping === 'forget' && !this.isRepeated) await this.#book?.forget()
    if (keeping !== 'keep' || this.#book?.isLost()) return
    const isKept = !(isSecret && status < 300) && Buffer.byteLength(body) <= MAX_KEPT_BYTES
    await this.#book?.keep({ status, type, body: isKept ? body : null })
  }

  #settle(): void {
    if (this.#hasEnded && this.#isAnswered) this.#book?.end()
  }
}

/** Of a request that is known to be done, and whose answer is not kept. */
export const doneRun = (id: string, at: number): KeyedRun => new KeyedRun({ id, at, wasBegun: true }, null)

function codeOf({ status, body }: SentAnswer): string | null {
  return status < 400 ? null : String((JSON.parse(body) as { code?: unknown }).code)
}
