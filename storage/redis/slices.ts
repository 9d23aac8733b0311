/** Lists of at most so many each, in order. */
export function slicesOf<Value>(values: readonly Value[], size: number): Value[][] {
  const slices: Value[][] = []
  for (let at = 0; at < values.length; at += size) slices.push(values.slice(at, at + size))
  return slices
}

/** Each waits for its answer at most a few seconds, and for those before it as well. */
const AT_ONCE = 8

/** What comes of each slice, in order; so many at a time, as the last of very many would be given up while it waits for the others. */
export async function inTurns<Slice, Result>(
  slices: readonly Slice[],
  work: (slice: Slice) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (const some of slicesOf(slices, AT_ONCE)) results.push(...(await Promise.all(some.map(work))))
  return results
}
