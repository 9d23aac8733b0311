import type { ClaimedTask } from '../../storage/task-storage.ts'
import { limitedWork, type Work } from '../core/holds.ts'

/** Of one gate: attempts that this server started since it was first needed, and those in flight. */
interface Count {
  started: number
  inFlight: number
}

/** An attempt in flight: when it started, and which start of its gate it was. */
interface Start {
  readonly at: number
  readonly number: number
}

/** Counts starts by what shares a limit, so that an answer can be told how many started after its own attempt. */
export class StartCounts {
  readonly #gates = new Map<string, Count>()
  /** By token. */
  readonly #starts = new Map<string, Start>()

  begin({ task, token }: ClaimedTask, at: number): void {
    const key = keyOf(limitedWork(task, null))
    const count = this.#gates.get(key) ?? { started: 0, inFlight: 0 }
    this.#gates.set(key, count)
    count.started++
    count.inFlight++
    this.#starts.set(token, { at, number: count.started })
  }

  /** When it started, and how many did since at that gate. Where its own is another one nobody knows, and all in flight count. */
  startOf({ task, token }: ClaimedTask, work: Work): { at: number; since: number } | null {
    const start = this.#starts.get(token)
    if (!start) return null
    const count = this.#gates.get(keyOf(work))
    const isOwn = keyOf(work) === keyOf(limitedWork(task, null))
    return { at: start.at, since: isOwn ? (count?.started ?? 0) - start.number : (count?.inFlight ?? 0) }
  }

  /** May be told twice. */
  end({ task, token }: ClaimedTask): void {
    const key = keyOf(limitedWork(task, null))
    const count = this.#gates.get(key)
    if (!this.#starts.delete(token) || !count) return
    count.inFlight--
    // Numbers matter only to what is in flight.
    if (count.inFlight === 0) this.#gates.delete(key)
  }
}

export const keyOf = ({ scope, name }: Work): string => `${scope} ${name}`
