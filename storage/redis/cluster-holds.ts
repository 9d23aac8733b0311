import type { GateRef } from '../task-storage.ts'
import { askAll, type ClusterParts, gateHomeOf, outageOf, partitionAt } from './cluster-parts.ts'
import type { PaceFields } from './decode.ts'
import type { RoutedChange } from './encode.ts'
import { partitionTag } from './keys.ts'
import { gateId } from './permits.ts'
import type { GateChange } from './routed-commit.ts'

/** No server tells of a hold for so long after it was made. */
const RELEASES_KEPT_MS = 24 * 3600 * 1000

/** So much longer than it lasts all partitions ask the home of a gate that has a pace: the next one need not be told to them. */
const PACE_KNOWN_MS = 60_000
/** Gates whose paces are remembered to be known; beyond that they are told again. */
const MAX_PACED = 10_000

/**
 * Gates are in all partitions: what an operator does to them at once, what answers do through the outbox of their partition. The
 * home of a gate is told last: from then on it counts leases, and by then no partition makes any that it does not hear of.
 */
export class ClusterHolds {
  readonly #parts: ClusterParts
  readonly #telling = new Set<number>()
  /** By gate, until when all partitions know that it has a pace. */
  readonly #paced = new Map<string, number>()

  constructor(parts: ClusterParts) {
    this.#parts = parts
  }

  /** An operator's hold, resume or limits: in every partition, or the caller hears that it may not be (and repeats it). */
  async everywhere(changes: readonly GateChange[]): Promise<void> {
    await this.#noteReleases(changes)
    const counted = await Promise.all(changes.map((change) => this.#withLeases(change)))
    const set = { guards: [], changes: counted, events: [] }
    await this.#homesLast(changes.map(refOf), (index) => partitionAt(this.#parts, index).commit([set]).then(orThrow))
    this.#parts.due.noteAll()
  }

  async #homesLast(gates: readonly GateRef[], tell: (index: number) => Promise<unknown>): Promise<void> {
    const { partitions } = this.#parts
    const homes = new Set(gates.map((gate) => partitions.indexOf(gateHomeOf(this.#parts, gate))))
    const others = [...partitions.keys()].filter((index) => !homes.has(index))
    for (const some of [others, [...homes]]) {
      const { fault } = await askAll(some.map(tell))
      if (fault) throw fault
    }
  }

  /** What is halved is the leases of all partitions. */
  async #withLeases(change: GateChange): Promise<RoutedChange> {
    return change.kind === 'narrowWork' ? { ...change, leases: await this.#countLeases(change) } : change
  }

  /** Those of a partition that is away are not known. */
  async #countLeases({ scope, name }: GateRef): Promise<number> {
    const asked = this.#parts.partitions.map((partition) => partition.getGates([{ scope, name }]))
    const { answers } = await askAll(asked)
    return answers.reduce((sum, [gate]) => sum + (gate?.leases ?? 0), 0)
  }

  /** Everywhere before the first hold is released: one that another server is telling of just now must not come after that. */
  async #noteReleases(changes: readonly GateChange[]): Promise<void> {
    const released = changes.flatMap((change) => (change.kind === 'releaseWork' ? [change.scope, change.name] : []))
    if (released.length === 0) return
    const { options, partitions, now } = this.#parts
    const args = [now(), RELEASES_KEPT_MS, ...released]
    await Promise.all([...partitions.keys()].map((at) => options.runner.run('noteReleases', partitionTag(at), args)))
  }

  /** Tells the others of what answers did on this partition. Telling twice is fine. */
  async tell(index: number): Promise<void> {
    const home = partitionAt(this.#parts, index)
    const texts = (await home.command('LRANGE', 'outbox', '', 0, -1)) as string[]
    const told = texts.map((text) => JSON.parse(text) as Told)
    for (const [at, one] of told.entries()) {
      if (!told.slice(at + 1).some((later) => isReplacedBy(one, later))) await this.#tellOthers(index, one)
      await home.command('LREM', 'outbox', '', 1, texts[at] ?? '')
    }
  }

  async #tellOthers(index: number, told: Told): Promise<void> {
    const [kind, scope, name] = told
    if (kind === 'pace') return this.#tellPace(told)
    // By what all partitions count, which no script sees: the one that the answer came to is told as well.
    const isNarrowing = kind === 'narrow'
    const leases = isNarrowing ? [`${await this.#countLeases({ scope, name })}`] : []
    await this.#sendAll([...told, ...leases], (at) => at !== index || isNarrowing)
  }

  /** Each answer may tell a pace, and only the gate's home has to know it; the others, that there is one, for a while longer. */
  async #tellPace(told: Told): Promise<void> {
    const [kind, scope, name, madeAt, pace = ''] = told
    const home = this.#parts.partitions.indexOf(gateHomeOf(this.#parts, { scope, name }))
    const id = gateId({ scope, name })
    const [, , , expiresAt] = JSON.parse(pace) as PaceFields
    if (expiresAt > (this.#paced.get(id) ?? 0)) {
      const until = expiresAt + PACE_KNOWN_MS
      const bound: PaceFields = [1, until, 1, until]
      await this.#sendAll([kind, scope, name, madeAt, JSON.stringify(bound)], (at) => at !== home)
      if (this.#paced.size >= MAX_PACED) this.#paced.clear()
      this.#paced.set(id, until)
    }
    await this.#send(home, told)
  }

  async #sendAll(told: Told, isTold: (index: number) => boolean): Promise<void> {
    const [, scope, name] = told
    await this.#homesLast([{ scope, name }], async (at) => (isTold(at) ? this.#send(at, told) : null))
  }

  #send(index: number, told: Told): Promise<unknown> {
    const { options, now } = this.#parts
    return options.runner.run('tellGate', partitionTag(index), [now(), ...told])
  }

  /** Once at a time. What cannot be told now is told after one of the next claims. */
  async tellSoon(index: number): Promise<void> {
    if (this.#telling.has(index)) return
    this.#telling.add(index)
    await this.tell(index)
      .catch(outageOf)
      .finally(() => this.#telling.delete(index))
  }
}

/** An entry of an outbox, as `tell` of `group-changes.lua` writes it. */
type Told = readonly [
  kind: 'hold' | 'pace' | 'narrow',
  scope: GateRef['scope'],
  name: string,
  madeAt: string,
  ...fields: string[],
]

/** A pace takes the place of those that were told before. */
const isReplacedBy = ([kind, scope, name]: Told, later: Told): boolean =>
  kind === 'pace' && later[0] === kind && later[1] === scope && later[2] === name

const refOf = (change: GateChange): GateRef =>
  change.kind === 'holdWork' ? change.hold : { scope: change.scope, name: change.name }

/** What a full store refused is answered by an error. */
function orThrow(results: readonly unknown[]): void {
  for (const result of results) if (result instanceof Error) throw result
}
