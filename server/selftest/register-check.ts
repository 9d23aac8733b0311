/** One call that wrote or read a register, and when; times of one clock. `endedAt` is infinity when nobody knows whether it happened. */
export interface RegisterCall<Value> {
  readonly kind: 'write' | 'read'
  readonly value: Value
  readonly startedAt: number
  readonly endedAt: number
}

/**
 * Whether there is one order of the calls that fits their times, and in which each read sees the write before it: the register is
 * linearizable. Wing and Gong's search with Lowe's memory of what was tried. It is exponential at worst, so it is for some sixty calls.
 * A write without an end may have happened at any time after its start, or not at all; a read without one tells nothing.
 */
export function isLinearizable<Value>(initial: Value, all: readonly RegisterCall<Value>[]): boolean {
  const calls = all.filter(({ kind, endedAt }) => kind === 'write' || endedAt !== Number.POSITIVE_INFINITY)
  const isCertain = calls.map(({ endedAt }) => endedAt !== Number.POSITIVE_INFINITY)
  const tried = new Set<string>()
  const search = (done: ReadonlySet<number>, value: Value): boolean => {
    const left = calls.flatMap((call, at) => (done.has(at) ? [] : [{ ...call, at }]))
    if (left.every(({ at }) => !isCertain[at])) return true
    const state = JSON.stringify([left.map(({ at }) => at), value])
    if (tried.has(state)) return false
    tried.add(state)
    // Nothing may come before a call that had ended when it began.
    const firstEnd = Math.min(...left.map(({ endedAt }) => endedAt))
    return left
      .filter(({ startedAt }) => startedAt <= firstEnd)
      .filter((call) => call.kind === 'write' || call.value === value)
      .some((call) => search(new Set([...done, call.at]), call.value))
  }
  return search(new Set(), initial)
}
