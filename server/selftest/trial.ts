import { setTimeout as pass } from 'node:timers/promises'
import { type Api, type AttemptJson, listTasks, readAttempts, type TaskJson } from './api-client.ts'
import type { WorkerDelivery } from './flaky-worker.ts'
import { type Circumstances, type GroupFault, judgeGroup } from './group-checks.ts'
import type { GroupPlan, GroupPlans } from './group-plans.ts'
import type { Creation } from './work.ts'

/** A group that was asked for and is not judged yet. */
export interface OpenGroup {
  readonly plan: GroupPlan
  readonly deliveries: WorkerDelivery[]
  /** Every request has its end. */
  isSent: boolean
  isJudging: boolean
}

export interface TrialFigures {
  groups: number
  tasks: number
  posts: number
  lost: number
  stalled: number
  /** POSTs of groups that were finished and deleted: of servers that were frozen, or of requests whose end nobody knew. */
  strays: number
  /** For how long nothing was asked for, as too much was waiting. */
  heldBackMs: number
}

export const noFigures = (): TrialFigures => ({
  ...{ groups: 0, tasks: 0, posts: 0, lost: 0, stalled: 0, strays: 0, heldBackMs: 0 },
})

export interface TrialOptions {
  readonly plans: GroupPlans
  /** Tasks a second. */
  readonly rate: number
  /** Those that clients may ask now. */
  readonly upApis: () => readonly Api[]
  readonly circumstances: () => Circumstances
  /** A finished group with all that is known of it, before it is forgotten. */
  readonly onJudged?: (
    group: OpenGroup,
    tasks: ReadonlyMap<string, TaskJson>,
    attempts: ReadonlyMap<string, readonly AttemptJson[]>,
  ) => void
  /** Each fault once, and the group that it is of. */
  readonly onFault: (fault: GroupFault, group: OpenGroup) => void
}

const TICK_MS = 50
const LOOK_MS = 300
/** So many seconds of work may wait before no more is asked for: what a run remembers is bounded. */
const MAX_WAITING_SECONDS = 60
const LANES = 4
const RETRY_MS = 100
/** Beyond the client's own limits: a call over a connection that was taken away may never end. */
const CALL_MS = 40_000
const READ_MS = 60_000
const INSIST_MS = 120_000
/** A request that was cut off may take effect a little later. */
const CALM_LOOKS = 6

/** A group whose tasks were refused, as the server was away, is there and empty: nothing more comes into it. */
const OVER: readonly string[] = ['succeeded', 'failed', 'empty']

/**
 * Task groups asked for at a rate, an open loop: each is judged when it is finished, deleted from the store and forgotten, so that a
 * run may last for days. States: `idle` ⇄ `loading`; drain → nothing is open; close ends it.
 */
export class Trial {
  readonly figures = noFigures()
  readonly #options: TrialOptions
  readonly #open = new Map<string, OpenGroup>()
  readonly #closing = new AbortController()
  readonly #looking: Promise<void>
  #loading: NodeJS.Timeout | null = null
  #budget = 0
  #turn = 0
  #calmLooks = 0
  #waiting = 0

  constructor(options: TrialOptions) {
    this.#options = options
    this.#looking = this.#lookAgainAndAgain()
  }

  get open(): ReadonlyMap<string, OpenGroup> {
    return this.#open
  }

  load(): void {
    this.#loading ??= setInterval(() => this.#tick(), TICK_MS)
  }

  idle(): void {
    if (this.#loading) clearInterval(this.#loading)
    this.#loading = null
  }

  /** What the worker got. */
  saw(delivery: WorkerDelivery, groupId: string): void {
    const group = this.#open.get(groupId)
    if (group) group.deliveries.push(delivery)
    else this.figures.strays++
  }

  /** Resolves when every group is judged; answers the ids of those that are not after so long, or at the signal. */
  async drain(limitMs: number, signal?: AbortSignal): Promise<readonly string[]> {
    this.idle()
    const deadline = performance.now() + limitMs
    this.#calmLooks = 0
    while (this.#open.size > 0 && performance.now() < deadline && !signal?.aborted) {
      await pass(LOOK_MS)
      if (this.#calmLooks >= CALM_LOOKS) await this.#judgeMissing()
    }
    return [...this.#open.keys()]
  }

  async close(): Promise<void> {
    this.idle()
    this.#closing.abort()
    await this.#looking
  }

  /** The answer to a call that is repeated until it is 200 or 404, at whoever is up; null after minutes, or when the trial was closed. */
  async insist(method: string, path: string, body?: unknown): Promise<{ status: number; text: string } | null> {
    const deadline = performance.now() + INSIST_MS
    while (!this.#closing.signal.aborted && performance.now() < deadline) {
      const answer = await this.#call(method, path, body)
      if (answer && (answer.status === 200 || answer.status === 404)) return answer
      await pass(RETRY_MS)
    }
    return null
  }

  async #call(method: string, path: string, body?: unknown) {
    const api = this.#anyApi()
    return api ? within(CALL_MS, api.call(method, path, body)).catch(() => null) : null
  }

  #anyApi(): Api | undefined {
    const up = this.#options.upApis()
    return up[this.#turn++ % Math.max(1, up.length)]
  }

  #tick(): void {
    const { rate, plans } = this.#options
    if (this.#waiting > rate * MAX_WAITING_SECONDS) {
      this.figures.heldBackMs += TICK_MS
      return
    }
    this.#budget += (rate * TICK_MS) / 1000
    while (this.#budget > 0) {
      const plan = plans.next()
      this.#budget -= plan.size
      void this.#ask(plan)
    }
  }

  async #ask(plan: GroupPlan): Promise<void> {
    const group: OpenGroup = { plan, deliveries: [], isSent: false, isJudging: false }
    this.#open.set(plan.groupId, group)
    this.#waiting += plan.size
    const [first, ...rest] = plan.creations
    if (first) await (rest.length > 0 ? this.#sendUntilThere(first) : this.#send(first))
    await Promise.all(rest.map((creation) => this.#send(creation)))
    group.isSent = true
  }

  /** The group of requests that follow. */
  async #sendUntilThere(creation: Creation): Promise<void> {
    for (;;) {
      await this.#send(creation)
      if (creation.outcome === 'refused' && creation.answer.includes('duplicate')) creation.outcome = 'acknowledged'
      if (creation.outcome !== 'unknown' || this.#closing.signal.aborted) return
      await pass(RETRY_MS)
    }
  }

  async #send(creation: Creation): Promise<void> {
    creation.startedAt = performance.now()
    const answer = await this.#call('POST', creation.path, creation.body)
    creation.endedAt = performance.now()
    if (answer) creation.answer = answer.text
    // A server or a storage that went away while it was asked may have done it or not.
    if (!answer || answer.status === 503) creation.outcome = 'unknown'
    else creation.outcome = answer.status === 200 ? 'acknowledged' : 'refused'
  }

  async #lookAgainAndAgain(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      await this.#look()
      await pass(LOOK_MS, undefined, { signal: this.#closing.signal }).catch(() => {})
    }
  }

  async #look(): Promise<void> {
    const sent = new Set([...this.#open.values()].filter(({ isSent }) => isSent))
    const answer = await this.#call('GET', '/api/v1/task_groups?pageSize=0')
    if (answer?.status !== 200) return
    const { taskGroups } = JSON.parse(answer.text) as {
      taskGroups: { id: string; state: string; isSettled: boolean }[]
    }
    const known = taskGroups.map((each) => ({ ...each, group: this.#open.get(each.id) }))
    const ended = known.flatMap(({ group, state }) => (group && sent.has(group) && OVER.includes(state) ? [group] : []))
    await inLanes(ended, LANES, (group) => this.#judge(group))
    const isCalm = known.every(({ group }) => !group) && sent.size === this.#open.size
    this.#calmLooks = isCalm ? this.#calmLooks + 1 : 0
  }

  /** Those that the store does not have: nothing of them may be there, or all of them is lost. */
  async #judgeMissing(): Promise<void> {
    for (const group of this.#open.values()) this.#conclude(group, new Map(), new Map())
  }

  async #judge(group: OpenGroup): Promise<void> {
    if (group.isJudging) return
    group.isJudging = true
    try {
      const { tasks, attempts } = await within(READ_MS, this.#readBack(group.plan.groupId))
      await this.insist('DELETE', `/api/v1/task_group/${group.plan.groupId}`)
      this.#conclude(group, tasks, attempts)
    } catch {
      // The server went away meanwhile: another look finds the group again.
      group.isJudging = false
    }
  }

  async #readBack(groupId: string) {
    const api = this.#anyApi()
    if (!api) throw new Error('no server is up')
    const tasks = new Map((await listTasks(api, groupId)).map((task) => [task.id, task] as const))
    const attempts = new Map<string, AttemptJson[]>()
    await inLanes([...tasks.keys()], LANES, async (id) => {
      attempts.set(id, await readAttempts(api, id))
    })
    return { tasks, attempts }
  }

  #conclude(
    group: OpenGroup,
    tasks: ReadonlyMap<string, TaskJson>,
    attempts: ReadonlyMap<string, readonly AttemptJson[]>,
  ): void {
    const { plan, deliveries } = group
    const history = { creations: plan.creations, lives: [], deliveries, tasks, attempts }
    const verdict = judgeGroup(history, this.#options.circumstances())
    for (const fault of verdict.faults) this.#options.onFault(fault, group)
    this.#options.onJudged?.(group, tasks, attempts)
    this.#open.delete(plan.groupId)
    this.#waiting -= plan.size
    const { figures } = this
    figures.groups++
    figures.tasks += tasks.size
    figures.posts += verdict.posts
    figures.lost += verdict.lost
    figures.stalled += verdict.stalled
  }
}

async function inLanes<Item>(items: readonly Item[], lanes: number, run: (item: Item) => Promise<void>): Promise<void> {
  const left = items.values()
  const lane = async (): Promise<void> => {
    for (const item of left) await run(item)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

/** Rejects when the work has no end in time. */
async function within<Result>(limitMs: number, work: Promise<Result>): Promise<Result> {
  const over = new AbortController()
  const late = pass(limitMs, undefined, { signal: over.signal }).then(() => {
    throw new Error(`no end after ${limitMs} ms`)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    over.abort()
    late.catch(() => {})
  }
}
