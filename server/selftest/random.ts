/** A stream of random choices that one seed repeats. */
export interface Random {
  readonly seed: number
  /** From 0 up to, but not including, 1. */
  next(): number
  /** A whole number; both ends are possible. */
  between(low: number, high: number): number
  pick<Item>(items: readonly [Item, ...Item[]]): Item
}

/**
 * Streams of one seed that do not disturb each other: which fault comes next must not hang on how many POSTs a worker had until then.
 */
export function seededStreams(seed: number): {
  readonly plans: Random
  readonly faults: Random
  readonly worker: Random
} {
  return {
    plans: seededRandom(seed),
    faults: seededRandom(seed ^ 0x5eed_0001),
    worker: seededRandom(seed ^ 0x5eed_0002),
  }
}

/** The mulberry32 generator: 32 bits of state are plenty for choosing faults and work. */
export function seededRandom(seed: number): Random {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1))
  return { seed, next, between, pick: (items) => items[between(0, items.length - 1)] ?? items[0] }
}
