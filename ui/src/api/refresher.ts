/** What is used of a query. */
export interface Refreshable {
  readonly queryHash: string
  readonly state: { readonly dataUpdatedAt: number; readonly fetchStatus: string }
  isActive(): boolean
  fetch(): Promise<unknown>
}

export interface RefresherDeps {
  readonly now: () => number
  readonly after: (ms: number, run: () => void) => () => void
  /** The least time between an answer and the next question, so that a storm costs the server one question each. */
  readonly gapOf: (query: Refreshable) => number
  /** Whether what is shown has to stand still: it is read when that is over. */
  readonly isHeld: () => boolean
}

const BUSY_MS = 200

/** Reads queries again soon, each once for all that happens meanwhile. */
export class Refresher {
  private readonly waiting = new Map<string, () => void>()
  private readonly deps: RefresherDeps

  constructor(deps: RefresherDeps) {
    this.deps = deps
  }

  ask(query: Refreshable): void {
    if (this.waiting.has(query.queryHash)) return
    const { now, gapOf } = this.deps
    this.later(query, Math.max(0, query.state.dataUpdatedAt + gapOf(query) - now()))
  }

  stop(): void {
    for (const callOff of this.waiting.values()) callOff()
    this.waiting.clear()
  }

  private later(query: Refreshable, ms: number): void {
    this.waiting.set(
      query.queryHash,
      this.deps.after(ms, () => this.run(query)),
    )
  }

  private run(query: Refreshable): void {
    this.waiting.delete(query.queryHash)
    if (!query.isActive()) return
    // What is under way may have been read before what happened; on a page that stands still nobody wants it yet.
    if (this.deps.isHeld() || query.state.fetchStatus === 'fetching') this.later(query, BUSY_MS)
    // What goes wrong is in its state.
    else query.fetch().catch(() => {})
  }
}
