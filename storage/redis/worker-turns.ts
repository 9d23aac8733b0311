/**
 * Whose turn it is to have permits taken for: whoever was asked for longest ago. By the order of the queue alone, workers that
 * other servers keep busy would stand before all others for ever.
 */
export class WorkerTurns {
  #asked = new Map<string, number>()
  #turn = 0

  /** Up to so many of the workers that are queued now; those that are not are forgotten. */
  next(queued: readonly string[], limit: number): string[] {
    this.#asked = new Map(queued.map((worker) => [worker, this.#asked.get(worker) ?? 0]))
    const inTurn = [...this.#asked].sort(([, a], [, b]) => a - b)
    const chosen = inTurn.slice(0, limit).map(([worker]) => worker)
    this.#turn++
    for (const worker of chosen) this.#asked.set(worker, this.#turn)
    return chosen
  }
}
