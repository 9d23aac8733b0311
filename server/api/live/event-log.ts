import type { CrewEvent } from '../../core/change-set.ts'

/**
 * The newest events, each with a sequence number. It is the queue of every client at once: a client is a position in
 * it, and one that falls out of it is too slow. So a client costs no memory, and a batch of 10,000 tasks, which makes as
 * many events at one stroke, overruns nobody. A power of two, so that a place is found with a mask.
 */
export const LOG_SIZE = 16_384

export class EventLog {
  /** Sequence of the newest event; 0 before the first. */
  last = 0
  private readonly places: (CrewEvent | undefined)[] = new Array(LOG_SIZE)
  private readonly series: string
  /** Everything since this one is known; what was before it may have been missed. */
  private knownFrom = 1

  /** `series` tells these numbers from any others: servers that give the same events the same numbers share it. No `-` in it. */
  constructor(series: string) {
    this.series = series
  }

  append(event: CrewEvent): void {
    this.places[++this.last & (LOG_SIZE - 1)] = event
  }

  /** The next event has this number. Unless it follows the newest, some were missed, and those before it are forgotten. */
  expect(next: number): void {
    if (next === this.last + 1) return
    this.knownFrom = next
    this.last = next - 1
  }

  /** Sequence of the oldest event that is still here; one beyond `last` when there is none. */
  get oldest(): number {
    return Math.max(this.knownFrom, this.last - LOG_SIZE + 1)
  }

  at(sequence: number): CrewEvent | undefined {
    return sequence < this.oldest || sequence > this.last ? undefined : this.places[sequence & (LOG_SIZE - 1)]
  }

  /** Whether everything that came after this one is here. */
  continues(sequence: number): boolean {
    return sequence >= this.oldest - 1 && sequence <= this.last
  }

  idOf(sequence: number): string {
    return `${this.series}-${sequence}`
  }

  /** The sequence a client knows of, from the id it was told; null when what came after that is not all here. */
  sequenceOf(id: string): number | null {
    const [series, digits = ''] = id.split('-')
    if (series !== this.series || !/^\d{1,15}$/.test(digits)) return null
    const sequence = Number(digits)
    return this.continues(sequence) ? sequence : null
  }
}
