import { seededRandom } from '../seeded-random.ts'
import { type Allowance, FixedWindow } from './fixed-window.ts'
import { limitHeaders } from './limit-headers.ts'
import type { StormKey, StormPlan } from './storm-plan.ts'
import { type KeyTally, StormTally } from './storm-tally.ts'

/** What the caller gets, and after how long. */
export interface ProviderCall {
  readonly latencyMs: number
  readonly answer: ProviderAnswer
}

/** `refused` and `silent` are no answers at all: a connection that is refused, and one on which nothing comes. */
export type ProviderAnswer =
  | { readonly kind: 'ok'; readonly headers: Readonly<Record<string, string>> }
  | {
      readonly kind: 'overQuota'
      readonly retryAfterSeconds: number
      readonly headers: Readonly<Record<string, string>>
    }
  | { readonly kind: 'unavailable' | 'refused' | 'silent' }

/** How a storm goes, as its provider sees it. */
export interface StormReport {
  readonly plan: StormPlan
  /** Since the first call; null before it. */
  readonly elapsedMs: number | null
  readonly keys: readonly (KeyTally & { readonly name: string })[]
}

/** So long a careful caller waits for an answer. */
export const PATIENCE_MS = 3000

/** Of the calls in an outage: half get a 503, the rest a refused connection or silence, as when servers go away one by one. */
const UNAVAILABLE_SHARE = 0.5
const REFUSED_SHARE = 0.25

/** A provider with a quota per key and one outage, which counts what is asked of it. It takes the time from whoever calls. */
export class StormProvider {
  readonly #plan: StormPlan
  readonly #random: () => number
  readonly #keys: ReadonlyMap<string, KeyState>
  #startedAt: number | null = null

  constructor(plan: StormPlan) {
    this.#plan = plan
    this.#random = seededRandom(plan.seed)
    this.#keys = new Map(
      plan.keys.map((key) => [key.name, { key, quota: new FixedWindow(key.quotaPerSecond), tally: new StormTally() }]),
    )
  }

  /** A call arrives; undefined when nobody has this key. `end` belongs to each call that was answered. */
  begin(name: string, now: number): ProviderCall | undefined {
    const state = this.#keys.get(name)
    if (!state) return undefined
    this.#startedAt ??= now
    const elapsedMs = now - this.#startedAt
    const isInOutage = state.key.hasOutage && this.#isOut(elapsedMs)
    const answer = isInOutage ? this.#failure() : answerOf(state.key, state.quota.take(now))
    state.tally.begin({ elapsedMs, isInOutage, isOverQuota: answer.kind === 'overQuota' })
    return { answer, latencyMs: answer.kind === 'silent' ? PATIENCE_MS : this.#latencyMs() }
  }

  /** The answer was given. */
  end(name: string): void {
    this.#keys.get(name)?.tally.end()
  }

  report(now: number): StormReport {
    return {
      plan: this.#plan,
      elapsedMs: this.#startedAt === null ? null : now - this.#startedAt,
      keys: [...this.#keys].map(([name, { tally }]) => ({ name, ...tally.read() })),
    }
  }

  #isOut(elapsedMs: number): boolean {
    const { afterMs, lastsMs } = this.#plan.outage
    return elapsedMs >= afterMs && elapsedMs < afterMs + lastsMs
  }

  #failure(): ProviderAnswer {
    const dice = this.#random()
    if (dice < UNAVAILABLE_SHARE) return { kind: 'unavailable' }
    return { kind: dice < UNAVAILABLE_SHARE + REFUSED_SHARE ? 'refused' : 'silent' }
  }

  /** From half to one and a half of the usual. */
  #latencyMs(): number {
    return Math.round(this.#plan.latencyMs * (0.5 + this.#random()))
  }
}

interface KeyState {
  readonly key: StormKey
  readonly quota: FixedWindow
  readonly tally: StormTally
}

function answerOf(key: StormKey, allowance: Allowance): ProviderAnswer {
  const headers = limitHeaders(key, allowance)
  if (allowance.isGranted) return { kind: 'ok', headers }
  // Rounded up: Retry-After has whole seconds, and one that is too short would only be refused again.
  return { kind: 'overQuota', retryAfterSeconds: Math.max(1, Math.ceil(allowance.resetMs / 1000)), headers }
}
