/**
 * Does one thing after the other: what reads something, changes it and writes it back must not meet itself half-way. Within this server;
 * of two servers that change the same settings at the same moment the later one wins.
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  take<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => {})
    return result
  }
}
