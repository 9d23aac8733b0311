/** Lists of at most so many each, in order. */
export function slicesOf<Value>(values: readonly Value[], size: number): Value[][] {
  const slices: Value[][] = []
  for (let at = 0; at < values.length; at += size) slices.push(values.slice(at, at + size))
  return slices
}
