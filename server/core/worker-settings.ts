import type { RetryPolicy } from './backoff.ts'
import type { KeptSecret } from './signing-secret.ts'

/** Who fetches the tasks of a worker: Crew pushes them to its address, or it pulls them itself. */
export type WorkerMode = 'push' | 'pull' | 'both'

/** When a worker's breaker opens, and for how long at a time. */
export interface BreakerSettings {
  /** So many network errors, timeouts and 5xx in a row; 0: never. */
  readonly failures: number
  readonly openSeconds: number
}

/** Ten in a row are no coincidence also where half of all calls fail; ten seconds are a restart of most services. */
export const DEFAULT_BREAKER: BreakerSettings = { failures: 10, openSeconds: 10 }

/**
 * How a worker is called (WIRE 5.1). What bounds its starts (pause, concurrency, rate, ramp) is at its gate. The name may be a rule:
 * `shopify/*` is for every worker below `shopify/`, `*` for all; the longest that fits counts, as a whole, where a worker has no own.
 */
export interface WorkerSettings {
  readonly name: string
  /** Null: the base URL with its name behind it. */
  readonly url: string | null
  /** Values are sent as they are, but `secret:NAME`: that is the secret of this name. */
  readonly headers: Readonly<Record<string, string>>
  /** Each signs what is sent, the newest first. None: with the base URL the server's, with a URL of its own nothing does. */
  readonly signingSecrets: readonly KeptSecret[]
  readonly mode: WorkerMode
  /** Null: the server's. A task's own comes first. */
  readonly timeoutSeconds: number | null
  /** For tasks without a policy of their own. */
  readonly retry: RetryPolicy | null
  readonly breaker: BreakerSettings
}

/** What a worker has that nobody set. */
export const noSettings = (name: string): WorkerSettings => ({
  name,
  url: null,
  headers: {},
  signingSecrets: [],
  mode: 'push',
  timeoutSeconds: null,
  retry: null,
  breaker: DEFAULT_BREAKER,
})

export const isRule = (name: string): boolean => name.endsWith('*')

/** Whether a rule is for this worker. */
export const fitsRule = (rule: string, worker: string): boolean => worker.startsWith(rule.slice(0, -1))

/** Of names with settings, the one whose settings a worker has: its own, else the longest rule; null: none. */
export function settingsNameFor(worker: string, names: Iterable<string>): string | null {
  let best: string | null = null
  for (const name of names) {
    if (name === worker) return name
    if (isRule(name) && fitsRule(name, worker) && name.length > (best?.length ?? 0)) best = name
  }
  return best
}

/** The kind of the records that hold settings: those of worker `a/b` are in `worker/a/b`. */
export const SETTINGS_KIND = 'worker'
export const settingsKey = (name: string): string => `${SETTINGS_KIND}/${name}`

/** Settings as they are stored: secrets by their name, or encrypted. */
export function settingsText({ name: _name, ...settings }: WorkerSettings): string {
  return JSON.stringify(settings)
}

/** What is stored; what an older server did not know has its default. */
export function settingsFrom(name: string, text: string): WorkerSettings {
  return { ...noSettings(name), ...(JSON.parse(text) as Partial<WorkerSettings>), name }
}
