import { createDemoWorkers, type DemoWorkers } from '../../demo-workers/demo-workers.ts'
import { workerRequest } from './make-workers.ts'

export interface TaskInput {
  readonly id: string
  readonly worker: string
  readonly name?: string
  readonly workgroup?: string
  readonly parentIds?: readonly string[]
  readonly input?: unknown
  readonly errorDelayInSeconds?: number
  readonly isSeed?: boolean
}

export interface TinyTask extends Required<TaskInput> {
  readonly run: number
  readonly output: unknown
  readonly errors: readonly string[]
  readonly remainingAttempts: number
  readonly isComplete: boolean
  readonly isRunning: boolean
  readonly runAfter: number
}

export interface TinyAttempt {
  readonly taskId: string
  readonly at: number
  readonly outcome: 'succeeded' | 'failed' | 'rateLimited'
}

interface WorkerAnswer {
  readonly output?: unknown
  readonly error?: unknown
  readonly retryable?: boolean
  readonly children?: readonly TaskInput[]
}

const TICK_MS = 500
const LONGEST_RUN_MS = 300_000

/**
 * As much of Crew as the demos need, in memory and in simulated time: continuations (all or none, ids unique, parents
 * known, no cycle, the creator a parent as well), retries, and workgroups held by a 429. It moves in ticks: what is
 * claimed in one is answered in the next.
 */
export class TinyCrew {
  readonly tasks = new Map<string, TinyTask>()
  readonly attempts: TinyAttempt[] = []
  readonly clock = { now: Date.parse('2026-11-22T10:00:00.000Z') }
  readonly #holds = new Map<string, number>()
  readonly #workers: DemoWorkers
  #inFlight: readonly { readonly task: TinyTask; readonly response: Response }[] = []

  constructor(random: () => number) {
    this.#workers = createDemoWorkers({ random, now: () => this.clock.now, sleep: async () => {} })
  }

  create(inputs: readonly TaskInput[]): void {
    addTasks(this.tasks, inputs, [])
  }

  reset(): void {
    for (const task of [...this.tasks.values()]) {
      if (task.isSeed) this.tasks.set(task.id, { ...newTask(task, []), run: task.run + 1 })
      else this.tasks.delete(task.id)
    }
  }

  async advance(ms: number): Promise<void> {
    for (const end = this.clock.now + ms; this.clock.now < end; ) await this.#tick()
  }

  async runToTheEnd(): Promise<void> {
    const end = this.clock.now + LONGEST_RUN_MS
    do await this.#tick()
    while (this.groupState() === 'active' && this.clock.now < end)
  }

  heldUntil(workgroup: string): number {
    return this.#holds.get(workgroup) ?? 0
  }

  stateOf(task: TinyTask): string {
    if (task.isComplete) return 'succeeded'
    if (task.isRunning) return 'running'
    if (task.remainingAttempts === 0) return 'failed'
    if (!this.#parentsOf(task).every((parent) => parent.isComplete)) return 'blocked'
    if (this.heldUntil(task.workgroup) > this.clock.now) return 'throttled'
    return task.runAfter > this.clock.now ? 'retrying' : 'ready'
  }

  groupState(): string {
    const states = [...this.tasks.values()].map((task) => this.stateOf(task))
    if (states.every((state) => state === 'succeeded')) return 'succeeded'
    return states.some((state) => !['succeeded', 'failed', 'blocked'].includes(state)) ? 'active' : 'failed'
  }

  async #tick(): Promise<void> {
    for (const { task, response } of this.#inFlight) await this.#apply(task, response)
    const claimed = [...this.tasks.values()].filter((task) => this.stateOf(task) === 'ready')
    for (const task of claimed) this.#put(task, { isRunning: true })
    this.#inFlight = await Promise.all(
      claimed.map(async (task) => ({ task, response: await this.#workers.handle(this.#requestFor(task)) })),
    )
    this.clock.now += TICK_MS
  }

  #requestFor(task: TinyTask): Request {
    const { id, worker, workgroup, input, run } = task
    const parents = this.#parentsOf(task).map((parent) => ({
      taskId: parent.id,
      worker: parent.worker,
      input: parent.input,
      output: parent.output,
    }))
    return workerRequest(worker, JSON.stringify({ input, worker, parents, taskId: id, workgroup }), `${id}/${run}`)
  }

  async #apply(task: TinyTask, response: Response): Promise<void> {
    const answer = (await response.json()) as WorkerAnswer
    const hasError = answer.error !== undefined && answer.error !== null
    if (response.status === 429) this.#hold(task, Number(response.headers.get('retry-after')))
    else if (!response.ok || hasError) this.#fail(task, answer)
    else this.#succeed(task, answer)
  }

  #hold(task: TinyTask, seconds: number): void {
    const until = this.clock.now + seconds * 1000
    this.#holds.set(task.workgroup, Math.max(this.heldUntil(task.workgroup), until))
    this.#end(task, 'rateLimited', {})
  }

  #fail(task: TinyTask, answer: WorkerAnswer): void {
    const remainingAttempts = answer.retryable === false ? 0 : task.remainingAttempts - 1
    const runAfter = this.clock.now + task.errorDelayInSeconds * 1000
    this.#end(task, 'failed', { remainingAttempts, runAfter, errors: [...task.errors, String(answer.error)] })
  }

  #succeed(task: TinyTask, answer: WorkerAnswer): void {
    addTasks(this.tasks, answer.children ?? [], [task.id])
    this.#end(task, 'succeeded', { isComplete: true, output: answer.output ?? null })
  }

  #end(task: TinyTask, outcome: TinyAttempt['outcome'], change: Partial<TinyTask>): void {
    this.attempts.push({ taskId: task.id, at: this.clock.now, outcome })
    this.#put(task, { ...change, isRunning: false })
  }

  #put(task: TinyTask, change: Partial<TinyTask>): void {
    this.tasks.set(task.id, { ...task, ...change })
  }

  #parentsOf(task: TinyTask): readonly TinyTask[] {
    return task.parentIds.map((id) => known(this.tasks, id))
  }
}

/** A tiny Crew of its own for each test; chance stands in the middle unless told otherwise. */
export function createTinyCrew(options: { readonly random?: () => number } = {}): TinyCrew {
  return new TinyCrew(options.random ?? (() => 0.5))
}

/** All or none: checks every rule that WIRE has for new tasks before the first is added. */
function addTasks(tasks: Map<string, TinyTask>, inputs: readonly TaskInput[], creator: readonly string[]): void {
  const all = new Map(tasks)
  for (const input of inputs) {
    if (!/^[A-Za-z0-9._:-]{1,128}$/.test(input.id)) throw new Error(`invalid id ${input.id}`)
    if (all.has(input.id)) throw new Error(`duplicate_id ${input.id}`)
    all.set(input.id, newTask(input, creator))
  }
  for (const { id } of inputs) checkParents(all, known(all, id), [])
  for (const { id } of inputs) tasks.set(id, known(all, id))
}

function newTask(input: TaskInput, creator: readonly string[]): TinyTask {
  const defaults = { name: '', workgroup: '', input: null, errorDelayInSeconds: 60, isSeed: false }
  const state = { output: null, errors: [], remainingAttempts: 5, isComplete: false, isRunning: false, runAfter: 0 }
  return { ...defaults, ...input, parentIds: [...(input.parentIds ?? []), ...creator], run: 1, ...state }
}

function checkParents(all: ReadonlyMap<string, TinyTask>, task: TinyTask, path: readonly string[]): void {
  if (path.includes(task.id)) throw new Error(`cycle ${[...path, task.id].join(' → ')}`)
  for (const id of task.parentIds) checkParents(all, known(all, id), [...path, task.id])
}

function known(all: ReadonlyMap<string, TinyTask>, id: string): TinyTask {
  const task = all.get(id)
  if (!task) throw new Error(`unknown_parent ${id}`)
  return task
}
