import { CrewError } from '../../server/core/errors.ts'
import type { HeldLease } from './held-leases.ts'
import { keyOf, workerTag } from './keys.ts'
import type { ScriptRunner } from './partition.ts'

/** Longer than the lease that goes with it: a permit must not end while its attempt may still run. */
const GRACE_MS = 5000

/**
 * What of a worker may run at once over all partitions: a permit for each lease, in one place for each worker. It is taken before
 * the claim and given back with the lease; that of a server that died ends by itself (I11).
 */
export class Permits {
  readonly #runner: ScriptRunner
  readonly #now: () => string | number

  constructor({ runner, now }: { runner: ScriptRunner; now: () => string | number }) {
    this.#runner = runner
    this.#now = now
  }

  /** Those of these ids that `max` allows at once. None while the place of that worker's permits is away. */
  async take(
    worker: string,
    ids: readonly string[],
    { max, leaseMs }: { max: number; leaseMs: number },
  ): Promise<string[]> {
    if (ids.length === 0) return []
    const args = [this.#now(), max, leaseMs + GRACE_MS, ...ids]
    return this.#runner.run('takePermits', workerTag(worker), args).then((given) => given as string[], noneWhileAway)
  }

  /** With the leases that they count for. What cannot be renewed now is renewed with them the next time. */
  async renew(leases: readonly HeldLease[], leaseMs: number): Promise<void> {
    const byWorker = Map.groupBy(leases, ({ worker }) => worker)
    await Promise.all(
      [...byWorker].map(([worker, some]) => {
        const args = [this.#now(), leaseMs + GRACE_MS, ...some.map(({ permit }) => permit)]
        return this.#runner.run('renewPermits', workerTag(worker), args).catch(noneWhileAway)
      }),
    )
  }

  async release(leases: readonly HeldLease[]): Promise<void> {
    const byWorker = Map.groupBy(leases, ({ worker }) => worker)
    await Promise.all(
      [...byWorker].map(([worker, some]) =>
        this.giveBack(
          worker,
          some.map(({ permit }) => permit),
        ),
      ),
    )
  }

  /** Best effort: those that cannot be given back end by themselves. */
  async giveBack(worker: string, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return
    await this.#runner.command('ZREM', keyOf(workerTag(worker), 'permits'), ...ids).catch(noneWhileAway)
  }
}

function noneWhileAway(error: unknown): string[] {
  if (error instanceof CrewError) return []
  throw error
}
