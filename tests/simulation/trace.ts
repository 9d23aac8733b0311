/** So many of the last lines are told with a failure. */
const KEPT_LINES = 400

/** What happened in a run, line by line: the last lines for people, a hash of all of them to tell two runs apart. */
export class Trace {
  readonly #lines: string[] = []
  #low = 0x811c9dc5
  #high = 0x9e3779b9
  #count = 0

  add(line: string): void {
    this.#lines[this.#count++ % KEPT_LINES] = line
    for (let at = 0; at < line.length; at++) {
      const code = line.charCodeAt(at)
      this.#low = Math.imul(this.#low ^ code, 0x01000193)
      this.#high = Math.imul(this.#high ^ (code + (this.#low >>> 24)), 0x85ebca6b)
    }
  }

  /** 64 bits of FNV-1a and a second mix: no two runs of a million seeds share it by chance. */
  get hash(): string {
    return [this.#high, this.#low].map((part) => (part >>> 0).toString(16).padStart(8, '0')).join('')
  }

  /** The oldest first. */
  get tail(): string[] {
    const from = Math.max(0, this.#count - KEPT_LINES)
    return Array.from({ length: this.#count - from }, (_, index) => this.#lines[(from + index) % KEPT_LINES] as string)
  }
}
