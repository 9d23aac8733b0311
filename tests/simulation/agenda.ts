import type { Chance } from './chance.ts'
import type { Trace } from './trace.ts'

interface Entry {
  readonly at: number
  /** Of two things at the same millisecond chance says which comes first. */
  readonly order: number
  readonly what: string
  readonly run: () => void
  isCancelled: boolean
}

/**
 * Time and everything that is still to come: a run is one thing after the other from here, each until nothing moves any more without the
 * next. Nothing of a run waits for real time.
 */
export class Agenda {
  readonly #chance: Chance
  readonly #trace: Trace
  readonly #heap: Entry[] = []
  #now: number
  #steps = 0

  constructor(start: number, chance: Chance, trace: Trace) {
    this.#now = start
    this.#chance = chance
    this.#trace = trace
  }

  /** Epoch milliseconds. */
  get now(): number {
    return this.#now
  }

  /** How many things happened. */
  get steps(): number {
    return this.#steps
  }

  /** `what`: a word for the trace; '' is told by what it does. The answer cancels it. */
  after(ms: number, what: string, run: () => void): () => void {
    const at = this.#now + Math.max(0, Math.round(ms))
    const entry: Entry = { at, order: this.#chance.next(), what, run, isCancelled: false }
    this.#push(entry)
    return () => {
      entry.isCancelled = true
    }
  }

  note(line: string): void {
    this.#trace.add(`${this.#now} ${line}`)
  }

  /** The next thing happens; false: there is none. */
  async step(): Promise<boolean> {
    for (let entry = this.#pop(); entry; entry = this.#pop()) {
      if (entry.isCancelled) continue
      this.#now = entry.at
      this.#steps++
      if (entry.what !== '') this.note(entry.what)
      entry.run()
      await comeToRest()
      return true
    }
    return false
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let at = heap.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(entry, heap[parent] as Entry)) break
      heap[at] = heap[parent] as Entry
      at = parent
    }
    heap[at] = entry
  }

  #pop(): Entry | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      if (left >= heap.length) break
      const right = left + 1
      const child = right < heap.length && isBefore(heap[right] as Entry, heap[left] as Entry) ? right : left
      if (!isBefore(heap[child] as Entry, last)) break
      heap[at] = heap[child] as Entry
      at = child
    }
    heap[at] = last
    return first
  }
}

const isBefore = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

/** Promises that resolve each other are done when the event loop comes round: whatever is left waits for the agenda. */
const comeToRest = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
