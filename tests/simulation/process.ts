import type { Clock, Timers } from '../../server/core/clock.ts'
import type { Agenda } from './agenda.ts'

/**
 * A process of a server. States: `running` → stall → `stalled` → `running`; kill → `dead`, from both. Whatever reaches it goes through
 * `deliver`: a stalled one gets it when it goes on, a dead one never does. Its clock may be wrong, its timers are not.
 */
export class Process {
  readonly name: string
  readonly clock: Clock
  readonly timers: Timers
  readonly #agenda: Agenda
  /** Of its clock. */
  offsetMs = 0
  #isDead = false
  #backlog: (() => void)[] | null = null

  constructor(name: string, agenda: Agenda) {
    this.name = name
    this.#agenda = agenda
    this.clock = { now: () => agenda.now + this.offsetMs }
    this.timers = { after: (ms, run) => this.#after(ms, run), soon: (run) => void this.#after(0, run) }
  }

  get isDead(): boolean {
    return this.#isDead
  }

  deliver(run: () => void): void {
    if (this.#isDead) return
    if (this.#backlog) this.#backlog.push(run)
    else run()
  }

  kill(): void {
    this.#isDead = true
    this.#backlog = null
  }

  /** SIGSTOP, and SIGCONT after that time. */
  stall(ms: number): void {
    if (this.#isDead || this.#backlog) return
    this.#backlog = []
    this.#agenda.after(ms, `${this.name} goes on`, () => this.goOn())
  }

  goOn(): void {
    const backlog = this.#backlog ?? []
    this.#backlog = null
    for (const run of backlog) this.#agenda.after(0, '', () => this.deliver(run))
  }

  #after(ms: number, run: () => void): () => void {
    let isCancelled = false
    const cancel = this.#agenda.after(ms, `${this.name} timer`, () =>
      this.deliver(() => {
        if (!isCancelled) run()
      }),
    )
    return () => {
      isCancelled = true
      cancel()
    }
  }
}
