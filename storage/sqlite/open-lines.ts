import type { GateLine } from './gate-line.ts'

/** Lines at gates that may have room, by the workers that wait in them: a worker without a slot costs one step, however many. */
export class OpenLines {
  readonly #byWorker = new Map<string, Set<GateLine>>()

  /** Workers for which there may be something. */
  get size(): number {
    return this.#byWorker.size
  }

  clear(): void {
    this.#byWorker.clear()
  }

  add(line: GateLine): void {
    for (const worker of line.workers()) this.#addOf(worker, line)
  }

  delete(line: GateLine): void {
    for (const worker of line.workers()) this.#deleteOf(worker, line)
  }

  workers(): string[] {
    return [...this.#byWorker.keys()]
  }

  /** Each line once, that which was looked at longest ago first. One that is not gone on from keeps its place. */
  *linesOf(worker: string): Generator<GateLine> {
    const lines = this.#byWorker.get(worker) ?? new Set()
    for (let left = lines.size; left > 0 && lines.size > 0; left--) {
      const [line] = lines
      if (!line) return
      yield line
      if (!lines.has(line)) continue
      this.#deleteOf(worker, line)
      if (line.isWaitedInBy(worker)) this.#addOf(worker, line)
    }
  }

  #addOf(worker: string, line: GateLine): void {
    const lines = this.#byWorker.get(worker) ?? new Set<GateLine>()
    this.#byWorker.set(worker, lines.add(line))
  }

  #deleteOf(worker: string, line: GateLine): void {
    const lines = this.#byWorker.get(worker)
    lines?.delete(line)
    if (lines?.size === 0) this.#byWorker.delete(worker)
  }
}
