import type { HoldScope, PastHold, WorkHold } from '../../server/core/change-set.ts'
import { CrewError } from '../../server/core/errors.ts'
import type { Gate } from '../../server/core/gate.ts'
import type { GateRef, TrafficRow } from '../task-storage.ts'
import {
  type DescribedGate,
  type DescribedTraffic,
  dueAtOf,
  gateOf,
  holdOf,
  pastHoldOf,
  trafficRowOf,
} from './decode.ts'
import type { PartitionHost } from './script-runner.ts'
import { slicesOf } from './slices.ts'
import type { Places } from './store.ts'

/** Gates read in one script: 5 µs each. */
const GATES_PER_READ = 500
/** Names looked up in one script: 1 µs each. */
const HOLDS_PER_READ = 1000
/** Workgroups or workers told in one script: 20 µs each with a lane. */
const NAMES_PER_READ = 200

/** What bounds the starts in one partition, and what waits there. */
export class PartitionTraffic {
  readonly #host: PartitionHost

  constructor(host: PartitionHost) {
    this.#host = host
  }

  /** In scripts of a bounded length each, so the figures of an answer may be of slightly different moments. */
  async list(scope: HoldScope, places: Places, name?: string): Promise<{ count: number; rows: TrafficRow[] }> {
    // One behind the other on their connection: the second sees what the first did.
    const [, told] = await Promise.all([this.#forgetEndedHolds(scope), this.#listAll(scope, places, name)])
    return told
  }

  /** Housekeeping, which a Redis that takes no writes may leave undone: where it is away the reading behind it says so. */
  async #forgetEndedHolds(scope: HoldScope): Promise<void> {
    try {
      await this.#host.run('forgetHolds', scope)
    } catch (error) {
      if (!(error instanceof CrewError)) throw error
    }
  }

  async #listAll(
    scope: HoldScope,
    { first, last }: Places,
    name: string | undefined,
  ): Promise<{ count: number; rows: TrafficRow[] }> {
    if (name !== undefined) return this.#listSome(scope, [0, 0, '1', name])
    const rows: TrafficRow[] = []
    for (let from = first; ; from += NAMES_PER_READ) {
      const part = await this.#listSome(scope, [from, Math.min(last, from + NAMES_PER_READ - 1), '0'])
      rows.push(...part.rows)
      if (from + NAMES_PER_READ > last || part.rows.length < NAMES_PER_READ) return { count: part.count, rows }
    }
  }

  async #listSome(scope: HoldScope, args: (string | number)[]): Promise<{ count: number; rows: TrafficRow[] }> {
    const reply = await this.#host.run('listTraffic', scope, ...args)
    const [count, described] = reply as [number, DescribedTraffic[]]
    const rows: TrafficRow[] = []
    for (const one of described) {
      const [name, , , , , waiting, oldest] = one
      const told = waiting === null ? await this.#countReady(scope, name) : { waiting, oldestDueAt: dueAtOf(oldest) }
      rows.push(trafficRowOf(one, told))
    }
    return { count, rows }
  }

  async #countReady(scope: HoldScope, name: string): Promise<Pick<TrafficRow, 'waiting' | 'oldestDueAt'>> {
    let waiting = 0
    const oldest: number[] = []
    for (let after: string | null = '-inf'; after !== null; ) {
      const part = await this.#host.run('countReady', scope, name, after)
      const [ready, next, since] = part as [number, string | null, string]
      waiting += ready
      if (since !== '') oldest.push(Number(since))
      after = next
    }
    return { waiting, oldestDueAt: oldest.length > 0 ? Math.min(...oldest) : null }
  }

  /** 10,000 workers are 3 ms. */
  async countTasks(): Promise<number> {
    const counts = await this.#host.command('ZRANGE', 'namedTasks', 'worker', 0, -1, 'WITHSCORES')
    // Names with their scores are pairs, or flat, as the client speaks RESP3 or 2.
    const flat = (counts as unknown[]).flat()
    return slicesOf(flat, 2).reduce((sum, [, tasks]) => sum + Number(tasks), 0)
  }

  /** All of a scope when no names are given. */
  async listHolds(scope: HoldScope, names: readonly string[]): Promise<WorkHold[]> {
    const asked = names.length === 0 ? [[]] : slicesOf(names, HOLDS_PER_READ)
    const told = await Promise.all(asked.map((some) => this.#host.run('listHolds', scope, ...some)))
    return slicesOf((told as string[][]).flat(), 2).map(([name, hold]) => holdOf(scope, `${name}`, `${hold}`))
  }

  async listPastHolds(scope: HoldScope, name: string): Promise<PastHold[]> {
    const texts = (await this.#host.command('LRANGE', 'pastHolds', `${scope}:${name}`, 0, -1)) as string[]
    return texts.map((text) => pastHoldOf(scope, name, text))
  }

  async getGates(refs: readonly GateRef[]): Promise<Gate[]> {
    const gates: Gate[] = []
    for (const some of slicesOf(refs, GATES_PER_READ)) {
      const reply = await this.#host.run('readGates', ...some.flatMap(({ scope, name }) => [scope, name]))
      for (const [index, described] of (reply as DescribedGate[]).entries())
        gates.push(gateOf(some[index] as GateRef, described))
    }
    return gates
  }

  async listLeases({ scope, name }: GateRef): Promise<string[]> {
    return (await this.#host.run('listLeases', scope, name)) as string[]
  }

  /** In parts of a bounded length: what is claimed and made meanwhile may be counted or not. */
  async countAhead(taskId: string): Promise<number> {
    const counts = new Map<string, number>()
    let cursor = '0'
    do {
      const part = await this.#host.run('countAhead', taskId, cursor)
      const [next, told] = part as [string, [lane: string, count: number][]]
      for (const [lane, count] of told) counts.set(lane, count)
      cursor = next
    } while (cursor !== '0')
    return [...counts.values()].reduce((sum, count) => sum + count, 0)
  }
}
