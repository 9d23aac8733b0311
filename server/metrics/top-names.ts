import { cutText } from '../core/cut-text.ts'

/** What those are called that are not among the most active. */
export const OTHER = 'other'

/** Each is some 40 series of the metrics that tell of workers. */
const MAX_NAMED = 50
/** Of those that are not named: among more of them a new one is not noticed until the next review. */
const MAX_WATCHED = 1000
const REVIEW_MS = 60_000
/** Names that change places lose their series, so an outsider has to be clearly busier. */
const BUSIER = 2
/** Of a label's value: names may be longer, and graphs need no more. */
const MAX_LABEL_BYTES = 128

interface Named {
  readonly label: string
  uses: number
}

/**
 * Names that clients chose, as values of a label: the most active of them, and `other` for the rest, so that there are never more series
 * than a Prometheus is glad of. Who came first is named; once a minute, when somebody scrapes, those who are busier take the places of
 * those who are not.
 */
export class TopNames {
  readonly #max: number
  readonly #named = new Map<string, Named>()
  readonly #watched = new Map<string, number>()
  #reviewedAt = Number.NEGATIVE_INFINITY

  constructor(max = MAX_NAMED) {
    this.#max = max
  }

  /** The label of a name that is active now. */
  use(name: string): string {
    const known = this.#named.get(name)
    if (known) {
      known.uses++
      return known.label
    }
    if (this.#named.size < this.#max) return this.#add(name, 1)
    const uses = this.#watched.get(name)
    if (uses !== undefined || this.#watched.size < MAX_WATCHED) this.#watched.set(name, (uses ?? 0) + 1)
    return OTHER
  }

  /** Names with a label of their own. */
  entries(): [name: string, label: string][] {
    return [...this.#named].map(([name, { label }]) => [name, label])
  }

  /** Answers the labels that are no more: their series go. */
  review(now: number): string[] {
    if (Math.abs(now - this.#reviewedAt) < REVIEW_MS) return []
    this.#reviewedAt = now
    const outsiders = [...this.#watched].sort(([, a], [, b]) => b - a)
    const insiders = [...this.#named].sort(([, a], [, b]) => a.uses - b.uses)
    const dropped: string[] = []
    for (const [at, [name, uses]] of outsiders.entries()) {
      const [least, { uses: leastUses, label }] = insiders[at] ?? [
        undefined,
        { uses: Number.POSITIVE_INFINITY, label: '' },
      ]
      if (least === undefined || uses <= leastUses * BUSIER) break
      this.#named.delete(least)
      this.#add(name, uses)
      dropped.push(label)
    }
    this.#watched.clear()
    for (const named of this.#named.values()) named.uses = 0
    const kept = new Set([...this.#named.values()].map(({ label }) => label))
    return dropped.filter((label) => !kept.has(label))
  }

  #add(name: string, uses: number): string {
    const label = labelOf(name)
    this.#named.set(name, { label, uses })
    return label
  }
}

/** Fit for a label, whatever a client chose: no control characters, and not endless. Quotes are escaped where it is written. */
export function labelOf(name: string): string {
  const clean = name.replace(/\p{Cc}/gu, '�')
  const cut = cutText(clean, MAX_LABEL_BYTES)
  return cut === clean ? cut : `${cut}…`
}
