import type { LimitHeaders, StormPlan } from '../../simulation/storm/storm-plan.ts'

/** What `crew demo storm` may be told. */
export interface StormOptions {
  readonly tasks: number
  /** Calls a second that the provider takes of each key. */
  readonly quota: number
  readonly outageSeconds: number
  /** The same without ramps, breakers and headers to pace by. */
  readonly isControl: boolean
  /** Prints nothing but the figures, as one line of JSON. */
  readonly isJson: boolean
}

export const STORM_DEFAULTS: StormOptions = {
  tasks: 3000,
  quota: 50,
  outageSeconds: 20,
  isControl: false,
  isJson: false,
}

/** One key is never struck, so that it shows whether others are disturbed; one tells nothing, so that only a 429 stops it. */
const KEYS: readonly { readonly name: string; readonly headers: LimitHeaders; readonly hasOutage: boolean }[] = [
  { name: 'steady', headers: 'standard', hasOutage: false },
  { name: 'paced', headers: 'common', hasOutage: true },
  { name: 'blind', headers: 'none', hasOutage: true },
]

/** What is left of their quota is told, unless this is the control: they are held to the quota in both. */
export const TELLING_KEYS: readonly string[] = KEYS.flatMap(({ name, headers }) => (headers === 'none' ? [] : [name]))

/** The outage begins when so much of the work could be done. */
const OUTAGE_AT = 0.25

/** What the provider of this storm does. */
export function planOf({ tasks, quota, outageSeconds, isControl }: StormOptions, seed: number): StormPlan {
  const workMs = (tasks / KEYS.length / quota) * 1000
  return {
    seed,
    latencyMs: 50,
    outage: { afterMs: Math.ceil(workMs * OUTAGE_AT), lastsMs: outageSeconds * 1000 },
    keys: KEYS.map((key) => ({
      ...key,
      hasOutage: key.hasOutage && outageSeconds > 0,
      quotaPerSecond: quota,
      headers: isControl ? ('none' as const) : key.headers,
    })),
  }
}

/** A storm of its own: no run meets the settings, breakers or paces of another. */
export interface StormRun {
  readonly id: string
  readonly groupId: string
  readonly options: StormOptions
  readonly plan: StormPlan
  /** Of each task. */
  readonly attempts: number
}

export function makeRun(options: StormOptions, id: string): StormRun {
  return {
    id,
    groupId: `storm-${id}`,
    options,
    plan: planOf(options, Number.parseInt(id, 16)),
    attempts: attemptsFor(options),
  }
}

export const workerOf = (run: StormRun, key: string): string => `storm/${run.id}/${key}`
export const workgroupOf = (run: StormRun, key: string): string => `storm-${run.id}-${key}`

const RETRY_SECONDS = 2

/** Enough to try again all through the outage, as the control does: what is shown is how many are used. */
const attemptsFor = ({ outageSeconds }: StormOptions): number => 10 + Math.ceil(outageSeconds / RETRY_SECONDS)

/** The body of POST /api/v1/task_groups/graph: the keys take turns in it. */
export function stormGraph(run: StormRun) {
  const { keys } = run.plan
  const tasks = Array.from({ length: run.options.tasks }, (_, index) => {
    const key = keys[index % keys.length]?.name ?? ''
    return {
      id: `${run.groupId}.${index + 1}`,
      name: `Call ${index + 1} with ${key}`,
      worker: workerOf(run, key),
      workgroup: workgroupOf(run, key),
      remainingAttempts: run.attempts,
      errorDelayInSeconds: RETRY_SECONDS,
    }
  })
  const name = run.options.isControl ? 'Storm, control' : 'Storm'
  return { id: run.groupId, name, metadata: { demo: 'storm' }, tasks }
}
