import { WorstOfMinute } from '../core/worst-of-minute.ts'

/**
 * How late a server is in asking the storage for what is due: from the moment something fell due, or was said to be claimable, until a
 * claim that came later is answered. Waiting for limits is none of it, a busy event loop and a slow storage are; while one is away the
 * lag grows until it answers.
 */
export class ClaimLag {
  readonly #worst = new WorstOfMinute()
  /** Since when something is due that no claim asked for yet; that the claim under way asks for. */
  #dueAt: number | null = null
  #askedFor: number | null = null

  /** Something is due since then. */
  due(at: number): void {
    if (this.#dueAt === null || at < this.#dueAt) this.#dueAt = at
  }

  /** A claim begins. One that fails is never answered: what it asked for, the next asks for as well. */
  asked(): void {
    if (this.#dueAt === null) return
    this.#askedFor = Math.min(this.#askedFor ?? this.#dueAt, this.#dueAt)
    this.#dueAt = null
  }

  answered(now: number): void {
    if (this.#askedFor !== null) this.#worst.note(now - this.#askedFor, now)
    this.#askedFor = null
  }

  /** Within the last half minute to minute, what still waits included; in ms. */
  worst(now: number): number {
    const since = this.#askedFor ?? this.#dueAt ?? now
    return Math.max(this.#worst.at(now), now - since)
  }
}
