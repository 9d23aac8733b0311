interface Entry {
  readonly id: string
  readonly at: number
}

/** Which of many falls due next: a binary heap. What was replaced or dropped stays in it until it comes up, or is the larger part. */
export class DueTimes {
  readonly #at = new Map<string, number>()
  #heap: Entry[] = []

  /** Epoch ms; null when there is none. */
  get nextAt(): number | null {
    this.#dropStale()
    return this.#heap[0]?.at ?? null
  }

  get size(): number {
    return this.#at.size
  }

  /** Undefined: it is not among them. */
  get(id: string): number | undefined {
    return this.#at.get(id)
  }

  set(id: string, at: number): void {
    this.#at.set(id, at)
    if (this.#heap.length > 2 * this.#at.size + SPARE) this.#rebuild()
    else this.#push({ id, at })
  }

  /** Only ever sooner; answers whether it is. */
  bring(id: string, at: number): boolean {
    const known = this.#at.get(id)
    if (known !== undefined && at >= known) return false
    this.set(id, at)
    return true
  }

  delete(id: string): void {
    this.#at.delete(id)
  }

  /** Takes out what is due, the earliest first. */
  take(now: number, limit: number): string[] {
    const due: string[] = []
    for (let next = this.nextAt; next !== null && next <= now && due.length < limit; next = this.nextAt) {
      const { id } = this.#pop() as Entry
      this.#at.delete(id)
      due.push(id)
    }
    return due
  }

  #dropStale(): void {
    for (let top = this.#heap[0]; top && this.#at.get(top.id) !== top.at; top = this.#heap[0]) this.#pop()
  }

  #rebuild(): void {
    this.#heap = [...this.#at].map(([id, at]) => ({ id, at })).sort((a, b) => a.at - b.at)
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let place = heap.length
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = heap[above] as Entry
      if (parent.at <= entry.at) break
      heap[place] = parent
      place = above
    }
    heap[place] = entry
  }

  #pop(): Entry | undefined {
    const [first] = this.#heap
    const last = this.#heap.pop()
    if (last && this.#heap.length > 0) this.#sink(last)
    return first
  }

  #sink(entry: Entry): void {
    const heap = this.#heap
    let place = 0
    for (let child = 1; child < heap.length; child = 2 * place + 1) {
      const right = heap[child + 1]
      if (right && right.at < (heap[child] as Entry).at) child++
      const lower = heap[child] as Entry
      if (lower.at >= entry.at) break
      heap[place] = lower
      place = child
    }
    heap[place] = entry
  }
}

/** Stale entries that are not worth a rebuild. */
const SPARE = 64
