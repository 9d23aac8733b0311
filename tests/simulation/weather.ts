import type { EngineMethod } from '../../storage/sqlite/engine-calls.ts'
import type { Agenda } from './agenda.ts'
import type { Chance } from './chance.ts'
import { FAULTS, type Fault, type Plan } from './plan.ts'

/** Nothing is longer on its way. */
export const MAX_DELAY_MS = 2500

/**
 * What may befall a call of the store that a server makes: nothing is done, it is done and the answer is lost, the server dies while it is
 * under way. Between two calls a server does nothing that lasts, so these are all the points at which its work can be cut.
 */
export const FATES = ['refused', 'unanswered', 'killed'] as const
export type Fate = (typeof FATES)[number]

/** What network and machines do to everybody. States: `foul` → clear → `fair`, where nothing goes wrong any more. */
export class Weather {
  readonly #plan: Plan
  readonly #chance: Chance
  readonly #agenda: Agenda
  readonly #partitioned = new Map<string, number>()
  readonly #hanging: (() => void)[] = []
  readonly #seen = new Map<Fault, number>()
  readonly #fates = new Map<EngineMethod, Map<Fate, number>>()
  #isFair = false

  constructor(plan: Plan, chance: Chance, agenda: Agenda) {
    this.#plan = plan
    this.#chance = chance
    this.#agenda = agenda
  }

  get isFair(): boolean {
    return this.#isFair
  }

  /** How often each fault came. */
  get seen(): ReadonlyMap<Fault, number> {
    return this.#seen
  }

  /** How often what befell calls of the store, by what was called. */
  get fates(): ReadonlyMap<EngineMethod, ReadonlyMap<Fate, number>> {
    return this.#fates
  }

  befall(method: EngineMethod, fate: Fate): void {
    const ofMethod = this.#fates.get(method) ?? new Map<Fate, number>()
    this.#fates.set(method, ofMethod.set(fate, (ofMethod.get(fate) ?? 0) + 1))
  }

  /** Whether this fault comes now. */
  brings(fault: Fault): boolean {
    const comes = !this.#isFair && this.#plan.faults.has(fault) && this.#chance.happens(FAULTS[fault])
    if (comes) this.count(fault)
    return comes
  }

  count(fault: Fault): void {
    this.#seen.set(fault, (this.#seen.get(fault) ?? 0) + 1)
  }

  /** How long something takes on the network, in ms. */
  latency(): number {
    return this.brings('reorder') ? this.#chance.between(0, 60) : 1
  }

  /** A time that is too long for most who wait, in ms. */
  longDelay(): number {
    return this.brings('delay') ? this.#chance.between(100, MAX_DELAY_MS) : 0
  }

  /** This server does not reach the store for so long. */
  partition(name: string, ms: number): void {
    this.#partitioned.set(name, this.#agenda.now + ms)
  }

  isPartitioned(name: string): boolean {
    return !this.#isFair && (this.#partitioned.get(name) ?? 0) > this.#agenda.now
  }

  /** Nobody answers this before the weather is fair. */
  hang(goOn: () => void): void {
    this.#hanging.push(goOn)
  }

  clear(): void {
    this.#isFair = true
    for (const goOn of this.#hanging.splice(0)) this.#agenda.after(this.#chance.between(0, 100), '', goOn)
  }
}
