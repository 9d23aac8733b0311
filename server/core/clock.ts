/** Where the time comes from. Core takes `now` as a number; whatever reads or waits for time takes a Clock, so that tests can move it. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
}

/** Calls back later. Passed in like the clock, so that tests decide when "later" is. */
export interface Timers {
  /** Calls `run` once after that many milliseconds; the answer cancels it. */
  after(ms: number, run: () => void): () => void
  /** Calls `run` in the next turn of the event loop: what this turn still asks for comes before it. */
  soon(run: () => void): void
}

/** Numbers in [0, 1). Passed in wherever chance is needed, so that tests and simulations repeat. */
export type Random = () => number
