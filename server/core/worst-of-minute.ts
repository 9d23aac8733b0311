/** Kept in two halves of a minute: what is older than both is over. */
const HALF_MS = 30_000

/** The largest of what was noted within the last half minute to minute. */
export class WorstOfMinute {
  #half = 0
  #worst = 0
  #worstBefore = 0

  note(value: number, now: number): void {
    this.#turn(now)
    this.#worst = Math.max(this.#worst, value)
  }

  at(now: number): number {
    this.#turn(now)
    return Math.max(this.#worst, this.#worstBefore)
  }

  #turn(now: number): void {
    const half = Math.floor(now / HALF_MS)
    if (half === this.#half) return
    this.#worstBefore = half === this.#half + 1 ? this.#worst : 0
    this.#worst = 0
    this.#half = half
  }
}
