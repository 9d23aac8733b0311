import type { TaskStorage } from '../../storage/task-storage.ts'
import type { Clock } from '../core/clock.ts'
import { CrewError } from '../core/errors.ts'
import { KEPT_MS, type KeptAnswer, type KeptRequest, meet } from '../core/idempotency.ts'
import type { Every } from './api-deps.ts'
import { KeyedRun, type RunBook } from './idempotency-run.ts'
import { type Turn, takeTurn } from './idempotency-turn.ts'
import { RetryLaterError } from './retry-later-error.ts'

export interface LedgerDeps {
  readonly storage: Pick<TaskStorage, 'putRecord' | 'createRecord' | 'feed'>
  readonly clock: Clock
  readonly every: Every
  /** The name of this server, new at each start. */
  readonly server: string
}

/** What a request with a key is to do: run, or answer what was answered before. */
export type Beginning =
  | { readonly kind: 'run'; readonly run: KeyedRun }
  | { readonly kind: 'answered'; readonly at: number; readonly answer: KeptAnswer }

/**
 * Who does what under which key. A record stands for the key from its first request on, for a day: what it was for and since when, then
 * also the answer. So whoever comes later can go on, with the same ids, where a server died. That only one goes on at a time is a
 * matter of turns; two would not do it twice, as their ids are the same.
 */
export class KeyLedger {
  readonly #deps: LedgerDeps
  /** The hashes of what runs here, by key. */
  readonly #underWay = new Map<string, string>()

  constructor(deps: LedgerDeps) {
    this.#deps = deps
  }

  /** Refused is a key that was used for something else, or whose request is under way. */
  async begin(id: string, hash: string): Promise<Beginning> {
    const other = this.#underWay.get(id)
    if (other !== undefined) throw other === hash ? inUse() : reused()
    this.#underWay.set(id, hash)
    try {
      const beginning = await this.#reserve(id, hash)
      if (beginning.kind === 'answered') this.#underWay.delete(id)
      return beginning
    } catch (error) {
      this.#underWay.delete(id)
      throw error
    }
  }

  /** The turn comes first: who has it is alone with the record, and what an earlier run left there is all there is. */
  async #reserve(id: string, hash: string): Promise<Beginning> {
    const { storage, clock } = this.#deps
    const turn = await this.#takeTurn(id)
    try {
      const now = clock.now()
      const first: KeptRequest = { hash, at: now }
      const there = await storage.createRecord(recordKey(id), JSON.stringify(first), now + KEPT_MS)
      if (there === null) return this.#run(id, first, turn)
      const before = JSON.parse(there) as KeptRequest
      const answered = answerIn(before, hash)
      if (answered === null) return this.#run(id, before, turn, true)
      turn.end()
      return answered
    } catch (error) {
      turn.end()
      throw error
    }
  }

  #run(id: string, { hash, at }: KeptRequest, turn: Turn, wasBegun = false): Beginning {
    const { storage, clock } = this.#deps
    const book: RunBook = {
      isLost: turn.isLost,
      keep: (answer) => {
        const kept: KeptRequest = { hash, at, answer }
        return storage.putRecord(recordKey(id), JSON.stringify(kept), clock.now() + KEPT_MS)
      },
      forget: () => storage.putRecord(recordKey(id), null),
      end: () => {
        turn.end()
        this.#underWay.delete(id)
      },
    }
    return { kind: 'run', run: new KeyedRun({ id, at, wasBegun }, book) }
  }

  async #takeTurn(id: string): Promise<Turn> {
    const turn = await takeTurn(this.#deps, id)
    if (turn === null) throw inUse()
    return turn
  }
}

/** Without a `/` it is no kind's: a Redis Cluster spreads such records over all its servers. */
const recordKey = (id: string): string => `idempotency:${id}`

function answerIn(kept: KeptRequest, hash: string): Beginning | null {
  const met = meet(kept, hash)
  if (met.kind === 'reused') throw reused()
  return met.kind === 'begun' ? null : { kind: 'answered', at: kept.at, answer: met.answer }
}

const inUse = (): CrewError =>
  new RetryLaterError(
    'idempotency_key_in_use',
    'A request with this Idempotency-Key is under way: ask again in a moment, and get its answer.',
    1,
  )

const reused = (): CrewError =>
  new CrewError(
    'idempotency_key_reused',
    'This Idempotency-Key was used with another body in the last 24 hours: take a new key for a new request.',
  )
