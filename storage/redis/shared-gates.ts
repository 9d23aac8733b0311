import type { Clock } from '../../server/core/clock.ts'
import type { GateRef } from '../task-storage.ts'
import { byGate, type HeldLease } from './held-leases.ts'
import { type Grant, gateId, type Permits } from './permits.ts'

/** Longer than the permits of leases that end meanwhile. */
const REMEMBERED_MS = 600_000

/** More than a claim asks again. */
const MAX_POKED = 64

export interface SharedGatesOptions {
  readonly permits: Permits
  readonly clock: Clock
  /** Whether anything is limited, held or paced in that partition, and so in all of them. */
  readonly isGatedAt: (partition: number) => Promise<boolean>
  /** Has a partition look again at what waits at a gate. Best effort. */
  readonly poke: (poked: Poked) => Promise<void>
}

/** Lanes of a partition wait at a gate that has room again. */
export interface Poked {
  readonly partition: number
  readonly gate: string
}

export interface Settled extends Pick<Grant, 'ids' | 'isBounded'> {
  readonly tokens: readonly string[]
}

/** The leases of this server at the gates that several partitions share. */
export class SharedGates {
  readonly permits: Permits
  readonly #options: SharedGatesOptions
  #gatedUntil = 0
  #poked: Poked[] = []

  constructor(options: SharedGatesOptions) {
    this.permits = options.permits
    this.#options = options
  }

  /** Something is limited, held or paced. */
  noteGated(): void {
    this.#gatedUntil = this.#options.clock.now() + REMEMBERED_MS
  }

  /** The leases ended. */
  release(leases: readonly HeldLease[]): Promise<void> {
    return this.#atGates(leases, async (gate, tokens) => this.#tell(gate, await this.permits.release(gate, tokens)))
  }

  renew(leases: readonly HeldLease[], leaseMs: number): Promise<void> {
    return this.#atGates(leases, (gate, tokens) => this.permits.renew(gate, tokens, leaseMs))
  }

  /** Workers have permits always; whether others do is asked meanwhile, as a server may have claimed nothing for long. */
  async #atGates(
    leases: readonly HeldLease[],
    act: (gate: GateRef, tokens: readonly string[]) => Promise<void>,
  ): Promise<void> {
    const [first] = leases
    if (!first) return
    const gates = byGate(leases)
    const actOn = (some: typeof gates) => Promise.all(some.map((one) => act(...one)))
    const actOnOthers = async () => {
      if (await this.#isGatedAt(first.partition)) await actOn(gates.filter(([{ scope }]) => scope !== 'worker'))
    }
    await Promise.all([actOn(gates.filter(([{ scope }]) => scope === 'worker')), actOnOthers()])
  }

  async #isGatedAt(partition: number): Promise<boolean> {
    if (this.#options.clock.now() < this.#gatedUntil) return true
    const isGated = await this.#options.isGatedAt(partition)
    if (isGated) this.noteGated()
    return isGated
  }

  /** A claim was given permits under these ids, and made leases with these tokens. */
  async settle(
    gate: GateRef,
    { isBounded, ids, tokens, leaseMs }: Settled & { readonly leaseMs: number },
  ): Promise<void> {
    const isAsTaken = ids.length === tokens.length && ids.every((id) => tokens.includes(id))
    if (isAsTaken && (!isBounded || ids.length === 0)) return
    await this.#tell(gate, await this.permits.settle(gate, { ids, tokens, leaseMs }))
  }

  /** Partitions that were told, since this was asked last, that there is room again. */
  takePoked(): Poked[] {
    const poked = this.#poked
    this.#poked = []
    return poked
  }

  /** Partitions that were refused have lanes that wait. */
  async #tell(gate: GateRef, partitions: readonly number[]): Promise<void> {
    const told = partitions.map((partition): Poked => ({ partition, gate: gateId(gate) }))
    this.#poked = [...this.#poked, ...told].slice(-MAX_POKED)
    await Promise.all(told.map((one) => this.#options.poke(one)))
  }
}
