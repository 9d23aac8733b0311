import { seededRandom } from '../../demo-workers/simulation/seeded-random.ts'

/** Every random choice of a run: the same seed chooses the same. */
export interface Chance {
  /** From 0 up to, but not including, 1. */
  next(): number
  /** A whole number; both ends are possible. */
  between(low: number, high: number): number
  pick<Item>(items: readonly Item[]): Item
  /** True in that part of all cases. */
  happens(part: number): boolean
  /** Choices of their own: what they are used for more or less often moves nothing else. */
  split(): Chance
}

export function makeChance(seed: number): Chance {
  const next = seededRandom(seed)
  const between = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1))
  return {
    next,
    between,
    pick<Item>(items: readonly Item[]): Item {
      if (items.length === 0) throw new RangeError('there is nothing to pick')
      return items[between(0, items.length - 1)] as Item
    },
    happens: (part) => next() < part,
    split: () => makeChance(Math.floor(next() * 2 ** 32)),
  }
}
