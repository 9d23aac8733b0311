import type { Agenda } from './agenda.ts'
import type { Chance } from './chance.ts'
import { choose, FAULTS, type Plan } from './plan.ts'
import type { Promises } from './promises.ts'
import type { SimulatedServer } from './server.ts'
import type { SharedStore } from './shared-store.ts'
import type { Weather } from './weather.ts'

export interface NemesisOptions {
  readonly plan: Plan
  readonly agenda: Agenda
  readonly chance: Chance
  readonly weather: Weather
  readonly servers: readonly SimulatedServer[]
  readonly store: SharedStore
  readonly promises: Promises
}

type Deed = 'partition' | 'kill' | 'drain' | 'stall' | 'clockJump' | 'rollback'
const DEEDS: readonly Deed[] = ['partition', 'kill', 'drain', 'stall', 'clockJump', 'rollback']

/** It acts about so often, one deed at a time. */
const PAUSE_MS = 600
const HOUR_MS = 3_600_000
const MAX_LOST_COMMITS = 5

/** What is done to whole servers and to the store, as long as the weather is foul. */
export function startNemesis(options: NemesisOptions): void {
  const { plan, agenda, weather } = options
  const chance = options.chance.split()
  const deeds = new Set(DEEDS.filter((deed) => plan.faults.has(deed)))
  if (deeds.size === 0) return
  const next = (): void => {
    if (weather.isFair) return
    const deed = choose(chance, deeds, FAULTS)
    if (strike(deed, chance, options)) weather.count(deed)
    agenda.after(chance.between(50, 2 * PAUSE_MS), '', next)
  }
  agenda.after(chance.between(0, PAUSE_MS), '', next)
}

/** Answers whether there was somebody to do it to. */
function strike(deed: Deed, chance: Chance, { agenda, weather, servers, store, promises }: NemesisOptions): boolean {
  const server = chance.pick(servers)
  const process = server.process
  if (!process || process.isDead) return false
  agenda.note(`nemesis: ${deed} ${process.name}`)
  switch (deed) {
    case 'partition':
      weather.partition(process.name, chance.between(500, 12_000))
      return true
    case 'kill':
      server.kill(chance.between(10, 3000))
      return true
    case 'drain':
      server.drain()
      return true
    case 'stall':
      process.stall(chance.between(100, 14_000))
      return true
    case 'clockJump':
      process.offsetMs = chance.pick([-HOUR_MS, -5000, 0, 5000, HOUR_MS])
      return true
    case 'rollback': {
      promises.forget()
      const lost = store.rollBack(chance.between(1, MAX_LOST_COMMITS))
      for (const each of servers) each.cut()
      return lost > 0
    }
  }
}
