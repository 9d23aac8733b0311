/** So many squares are told apart in the width of a card; more tasks than these share them. */
export const MAX_SQUARES = 328

/**
 * What the squares of a stage show, as indexes of states. Few tasks have a square each, in their order. Of more the squares are shares,
 * sorted: were a square that stands for many as red as its worst, 2 % that failed would paint 40 % of them.
 */
export function squaresOf(states: ArrayLike<number>, stateCount: number): readonly number[] {
  if (states.length <= MAX_SQUARES) return Array.from(states)
  const counts = new Array<number>(stateCount).fill(0)
  for (let i = 0; i < states.length; i++) counts[states[i] ?? 0] = (counts[states[i] ?? 0] ?? 0) + 1
  return sharesOf(counts, MAX_SQUARES).flatMap((share, state) => new Array<number>(share).fill(state))
}

/**
 * Whole shares of `total`, each nearest to what it should be (largest remainders), but at least 1 of what there is at all: one failed
 * task of 10,000 is what somebody looks for.
 */
export function sharesOf(counts: readonly number[], total: number): number[] {
  const sum = counts.reduce((all, count) => all + count, 0)
  if (sum === 0) return counts.map(() => 0)
  const exact = counts.map((count) => (count * total) / sum)
  const shares = exact.map((share, i) => ((counts[i] ?? 0) > 0 ? Math.max(1, Math.floor(share)) : 0))
  const error = (i: number): number => (exact[i] ?? 0) - (shares[i] ?? 0)
  for (let left = total - shares.reduce((all, share) => all + share, 0); left !== 0; left -= Math.sign(left)) {
    const able = shares.map((_, i) => i).filter((i) => (counts[i] ?? 0) > 0 && (left > 0 || (shares[i] ?? 0) > 1))
    const best = able.reduce((a, b) => (Math.sign(left) * (error(b) - error(a)) > 0 ? b : a), able[0] ?? 0)
    shares[best] = (shares[best] ?? 0) + Math.sign(left)
  }
  return shares
}
