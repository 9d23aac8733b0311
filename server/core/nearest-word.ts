/** The word that was probably meant, or null. Letter case, dashes and the prefix `CREW_` do not count. */
export function nearestWord(written: string, words: readonly string[]): string | null {
  const letters = lettersOf(written)
  const [best] = words
    .map((word) => ({ word, distance: editDistance(letters, lettersOf(word)) }))
    .sort((a, b) => a.distance - b.distance)
  return best && best.distance <= Math.floor(letters.length / 3) ? best.word : null
}

/** ` (did you mean --port?)`, or nothing. */
export function didYouMean(written: string, words: readonly string[]): string {
  const word = nearestWord(written, words)
  return word === null ? '' : ` (did you mean ${word}?)`
}

function lettersOf(word: string): string {
  return word
    .toLowerCase()
    .replace(/^crew_/, '')
    .replace(/[^a-z0-9]/g, '')
}

/** How many letters to insert, drop, replace or swap with their neighbour (optimal string alignment). */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, index) => index)]
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Number.POSITIVE_INFINITY
  for (let i = 1; i <= a.length; i++) {
    rows.push([i])
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swapped = isSwap ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY
      rows[i]?.push(Math.min(replaced, swapped, at(i - 1, j) + 1, at(i, j - 1) + 1))
    }
  }
  return at(a.length, b.length)
}
