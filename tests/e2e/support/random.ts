import { randomInt } from 'node:crypto'

/** A stream of random choices that one seed repeats. */
export interface Random {
  readonly seed: number
  /** From 0 up to, but not including, 1. */
  next(): number
  /** A whole number; both ends are possible. */
  between(low: number, high: number): number
  pick<Item>(items: readonly [Item, ...Item[]]): Item
}

/** `CREW_TEST_SEED` repeats a run; otherwise each has its own. Printed, as a failure is worth nothing without it. */
export function makeRandom(name: string): Random {
  const seed = Number(process.env.CREW_TEST_SEED ?? randomInt(2 ** 31))
  console.log(`${name}: CREW_TEST_SEED=${seed}`)
  return seeded(seed)
}

/** The mulberry32 generator: 32 bits of state are plenty for tests. */
function seeded(seed: number): Random {
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
