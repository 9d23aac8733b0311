import { CrewError } from '../../server/core/errors.ts'
import type { GateScope } from '../../server/core/gate.ts'
import type { GateRef } from '../task-storage.ts'
import { partitionTag } from './keys.ts'
import type { ScriptRunner } from './script-runner.ts'
import type { ScriptName } from './scripts.ts'

/**
 * Longer than the lease that goes with it: a permit must not end while its attempt may still run, and where the partition of its task
 * is away neither is renewed. Whoever ends the lease gives it back; what a lost claim took and did not use ends after this.
 */
const GRACE_MS = 60_000
/** Of those that are known to be leases. */
const LEASED_GRACE_MS = 300_000

/** Permits that a gate's home gave. */
export interface Grant {
  readonly ids: readonly string[]
  /** After so long there may be more; null: nobody knows when. */
  readonly delayMs: number | null
  /** Whether limits, a ramp, a pace or probes bound anything there. */
  readonly isBounded: boolean
}

const NOTHING: Grant = { ids: [], delayMs: null, isBounded: true }

export interface PermitsOptions {
  readonly runner: ScriptRunner
  readonly now: () => string | number
  /** The partition in which what several of them share of a gate is kept. */
  readonly homeOf: (gate: GateRef) => number
  /** Tokens of the leases of its tasks, over all partitions. */
  readonly leasesOf: (gate: GateRef) => Promise<string[]>
}

/**
 * What may run at once and start now over all partitions: a permit for each lease, by its token, in one place for each gate. It is
 * taken before the claim and given back with the lease; that of a server that died ends by itself (I11). A worker's permits are all
 * its leases always. Those of other gates are so once the gate bounds anything: then leases of before are counted first.
 */
export class Permits {
  readonly #options: PermitsOptions

  constructor(options: PermitsOptions) {
    this.#options = options
  }

  /** Those of these ids that its limits, and `max`, allow at once. None while the gate's home is away. */
  async take(
    gate: GateRef,
    ids: readonly string[],
    { max, leaseMs, partition }: { max: number; leaseMs: number; partition: number },
  ): Promise<Grant> {
    if (ids.length === 0) return NOTHING
    const ask = () => this.#run('takePermits', gate, [max, leaseMs + GRACE_MS, partition, ...ids])
    try {
      let reply = await ask()
      if (reply === null) {
        await this.#countLeases(gate, leaseMs)
        reply = await ask()
      }
      return reply === null ? NOTHING : grantOf(reply as TakeReply)
    } catch (error) {
      if (error instanceof CrewError) return NOTHING
      throw error
    }
  }

  /** What a claim did with the permits of these ids: it made leases with these tokens. The others go back as if never taken. */
  async settle(
    gate: GateRef,
    { ids, tokens, leaseMs }: { ids: readonly string[]; tokens: readonly string[]; leaseMs: number },
  ): Promise<number[]> {
    const args = [leaseMs + LEASED_GRACE_MS, ids.length, ...ids, ...tokens]
    return this.#refusedBefore(this.#run('settlePermits', gate, args))
  }

  /** With the leases that they count for. What cannot be renewed now is renewed with them the next time. */
  async renew(gate: GateRef, tokens: readonly string[], leaseMs: number): Promise<void> {
    if (tokens.length === 0) return
    await this.#run('renewPermits', gate, [leaseMs + LEASED_GRACE_MS, ...tokens]).catch(nothingWhileAway)
  }

  /** Best effort: those that cannot be given back end by themselves. Answers the partitions that were refused some before. */
  async release(gate: GateRef, tokens: readonly string[]): Promise<number[]> {
    if (tokens.length === 0) return []
    return this.#refusedBefore(this.#run('releasePermits', gate, tokens))
  }

  /** Leases end while they are counted, never too early: what is counted too much is released, or ends by itself. */
  async #countLeases(gate: GateRef, leaseMs: number): Promise<void> {
    const tokens = await this.#options.leasesOf(gate)
    await this.#run('countPermits', gate, [leaseMs + LEASED_GRACE_MS, ...tokens])
  }

  async #refusedBefore(asked: Promise<unknown>): Promise<number[]> {
    return ((await asked.catch(nothingWhileAway)) as string[]).map(Number)
  }

  #run(script: ScriptName, gate: GateRef, args: readonly (string | number)[]): Promise<unknown> {
    const { runner, now, homeOf } = this.#options
    return runner.run(script, partitionTag(homeOf(gate)), [now(), gate.scope, gate.name, ...args])
  }
}

type TakeReply = readonly [ids: string[], delay: string, isBounded: number]

const grantOf = ([ids, delay, isBounded]: TakeReply): Grant => ({
  ids,
  delayMs: delay === '-1' ? null : Number(delay),
  isBounded: isBounded === 1,
})

function nothingWhileAway(error: unknown): string[] {
  if (error instanceof CrewError) return []
  throw error
}

/** The name of a gate in scripts. */
export const gateId = ({ scope, name }: GateRef): string => `${scope}:${name}`

export function gateRefOf(id: string): GateRef {
  const end = id.indexOf(':')
  return { scope: id.slice(0, end) as GateScope, name: id.slice(end + 1) }
}
