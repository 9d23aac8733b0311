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
  private readonly boot: string

  /** `boot` tells the numbers of this process from those of any other. It must not hold a `-`. */
  constructor(boot: string) {
    this.boot = boot
  }

  append(event: CrewEvent): void {
    this.places[++this.last & (LOG_SIZE - 1)] = event
  }

  /** Sequence of the oldest event that is still here; one beyond `last` when there is none. */
  get oldest(): number {
    return Math.max(1, this.last - LOG_SIZE + 1)
  }

  at(sequence: number): CrewEvent | undefined {
    return sequence < this.oldest || sequence > this.last ? undefined : this.places[sequence & (LOG_SIZE - 1)]
  }

  idOf(sequence: number): string {
    return `${this.boot}-${sequence}`
  }

  /** The sequence a client knows of, from the id it was told; null when what came after that is not all here. */
  sequenceOf(id: string): number | null {
    const [boot, digits = ''] = id.split('-')
    if (boot !== this.boot || !/^\d{1,15}$/.test(digits)) return null
    const sequence = Number(digits)
    return sequence >= this.oldest - 1 && sequence <= this.last ? sequence : null
  }
}
