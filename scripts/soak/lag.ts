import type { AttemptJson, TaskJson } from '../../server/selftest/api-client.ts'
import type { OpenGroup } from '../../server/selftest/trial.ts'

/** More are not needed to tell a percentile, and a run may last for days. */
const MAX_KEPT = 200_000
/** Of the calm: what is still being made up for, and starts that are slow on purpose (ramps). */
const SETTLE_SHARE = 0.25

/**
 * From when a task could run, as the client and the worker saw it, to its first POST; measured while nothing bad is done. Tasks with a
 * key or a workgroup may have to wait, and are left out.
 */
export class LagMeter {
  readonly #lags: number[] = []
  #calm = { from: Number.POSITIVE_INFINITY, until: Number.POSITIVE_INFINITY }

  begin(lengthMs: number): void {
    this.#calm = { from: performance.now() + lengthMs * SETTLE_SHARE, until: Number.POSITIVE_INFINITY }
  }

  end(): void {
    this.#calm.until = performance.now()
  }

  take(
    { plan, deliveries }: OpenGroup,
    tasks: ReadonlyMap<string, TaskJson>,
    attempts: ReadonlyMap<string, readonly AttemptJson[]>,
  ): void {
    const firstPosts = new Map(deliveries.filter(({ attempt }) => attempt === 1).map((each) => [each.taskId, each]))
    const lastPosts = new Map(deliveries.map((each) => [each.taskId, each]))
    const askedAt = new Map(
      plan.creations.flatMap(({ tasks: asked, endedAt }) => asked.map(({ id }) => [id, endedAt] as const)),
    )
    for (const { id, key, workgroup, parentIds } of tasks.values()) {
      const first = firstPosts.get(id)
      if (!first || key !== '' || workgroup !== '' || (attempts.get(id)?.length ?? 0) > 2) continue
      const ends = parentIds.map((parent) => lastPosts.get(parent)?.answeredAt ?? Number.NaN)
      const dueAt = Math.max(...ends, askedAt.get(id) ?? 0)
      if (dueAt >= this.#calm.from && first.firstByteAt <= this.#calm.until)
        this.#keep(Math.max(0, first.firstByteAt - dueAt))
    }
  }

  get count(): number {
    return this.#lags.length
  }

  /** In milliseconds; NaN when nothing was measured. */
  percentile(share: number): number {
    const sorted = this.#lags.toSorted((a, b) => a - b)
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  }

  #keep(lagMs: number): void {
    if (this.#lags.length < MAX_KEPT) this.#lags.push(lagMs)
    else this.#lags[Math.floor(Math.random() * MAX_KEPT)] = lagMs
  }
}
