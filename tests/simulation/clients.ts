import { CrewError } from '../../server/core/errors.ts'
import type { TaskInput } from '../../server/core/task-input.ts'
import * as groups from '../../server/services/groups.ts'
import type { ServiceContext } from '../../server/services/service-context.ts'
import * as tasks from '../../server/services/tasks.ts'
import { commitTraffic } from '../../server/services/traffic.ts'
import * as workgroups from '../../server/services/workgroups.ts'
import type { Agenda } from './agenda.ts'
import type { Chance } from './chance.ts'
import { ClientBook } from './client-book.ts'
import { groupSettings, taskEdit, taskInput, WORKERS, WORKGROUPS } from './inputs.ts'
import { choose, OPERATIONS, type Operation, type Plan } from './plan.ts'
import type { Promises, Target } from './promises.ts'
import type { Boot } from './server.ts'

export interface ClientsOptions {
  readonly plan: Plan
  readonly agenda: Agenda
  readonly chance: Chance
  readonly promises: Promises
  readonly anyBoot: () => Boot | null
  readonly failed: (error: unknown) => void
}

/** A request that gets no answer is given up after so long. */
const PATIENCE_MS = 10_000
/** More would only wait behind each other. */
const MAX_TASKS = 60
const HOLD_MS = 3000
const FIRST_GROUPS = 3

type Request = (context: ServiceContext) => Promise<unknown>

/** People and programs that ask servers for things, and remember what they were promised. */
export class SimulatedClients {
  readonly #options: ClientsOptions
  readonly #chance: Chance
  readonly book = new ClientBook()
  readonly #done = new Map<Operation, number>()

  constructor(options: ClientsOptions) {
    this.#options = options
    this.#chance = options.chance.split()
  }

  /** How often each operation was acknowledged. */
  get done(): ReadonlyMap<Operation, number> {
    return this.#done
  }

  /** Groups that are there before anybody begins. */
  async fill(context: ServiceContext): Promise<void> {
    for (let count = 0; count < FIRST_GROUPS; count++) {
      const id = this.book.newGroup()
      const inputs = this.#newTasks(id, this.#chance.between(3, 7))
      await groups.createGraph(context, { id, name: '', tasks: inputs, ...groupSettings(this.#chance) })
      this.book.acknowledge(inputs)
    }
  }

  /** Asks for one thing after the other, as long as `goesOn` says so. */
  begin(goesOn: () => boolean): void {
    const { agenda, plan } = this.#options
    const next = (): void => {
      if (!goesOn()) return
      this.#act(choose(this.#chance, plan.operations, OPERATIONS))
      agenda.after(this.#chance.between(0, 2 * plan.pauseMs), '', next)
    }
    agenda.after(0, '', next)
  }

  /** Asks again and again until it is done: whoever cleans up after a storm does. A refusal is an answer too. */
  async insist(what: string, request: Request): Promise<void> {
    while ((await this.#ask(what, request)) === 'unknown') await this.#wait(300)
  }

  async createPlainGroup(): Promise<void> {
    const id = this.book.newGroup()
    const chain: TaskInput[] = [0, 1, 2].map((n) => ({
      id: this.book.newTask(id),
      worker: 'w0',
      ...(n > 0 && { parentIds: [`${id}.${n}`] }),
    }))
    await this.insist(`create ${id}`, (context) => groups.createGraph(context, { id, name: '', tasks: chain }))
  }

  #act(operation: Operation): void {
    const request = this.#requests[operation]()
    if (!request) return
    const [what, ask, acknowledged] = request
    void this.#ask(`${operation} ${what}`, ask).then((end) => {
      if (end !== 'done') return
      this.#done.set(operation, (this.#done.get(operation) ?? 0) + 1)
      acknowledged?.()
    })
  }

  /** `refused`: nothing was changed, and it says why. `unknown`: it may have happened, and may happen yet. */
  async #ask(what: string, request: Request): Promise<'done' | 'refused' | 'unknown'> {
    const { agenda, anyBoot } = this.#options
    const boot = anyBoot()
    if (!boot) return 'unknown'
    agenda.note(`asks ${boot.process.name}: ${what}`)
    const end = await Promise.race([
      request(boot.context).then(
        () => 'done' as const,
        (error: unknown) => this.#endOf(error),
      ),
      this.#wait(PATIENCE_MS).then(() => 'unknown' as const),
    ])
    agenda.note(`${what}: ${end}`)
    return end
  }

  #endOf(error: unknown): 'refused' | 'unknown' {
    if (!(error instanceof CrewError)) this.#options.failed(error)
    const isOutage = error instanceof CrewError && error.code === 'storage_unavailable'
    return isOutage ? 'unknown' : 'refused'
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.agenda.after(ms, '', resolve))
  }

  /** What is asked, with its words for the trace, and what follows from an acknowledgement; null: there is nothing to do it to. */
  readonly #requests: Readonly<Record<Operation, () => [string, Request, (() => void)?] | null>> = {
    createGraph: () => this.#createGraph(),
    createTasks: () => this.#createTasks(),
    pauseGroup: () => this.#onGroup((id) => this.#pause(`group ${id}`, (context) => groups.pauseGroup(context, id))),
    resumeGroup: () =>
      this.#onGroup((id) => {
        const targets: Target[] = [`group ${id}`, ...this.book.idsOf(id).map((task): Target => `task ${task}`)]
        return this.#resume(targets, (context) => groups.resumeGroup(context, id))
      }),
    pauseTask: () =>
      this.#onTask((ref) =>
        this.#pause(
          `task ${ref.taskId}`,
          (context) => tasks.updateTask(context, ref, { isPaused: true }),
          `group ${ref.groupId}`,
        ),
      ),
    resumeTask: () =>
      this.#onTask((ref) =>
        this.#resume([`task ${ref.taskId}`], (context) => tasks.updateTask(context, ref, { isPaused: false })),
      ),
    holdWorkgroup: () => this.#holdWorkgroup(this.#chance.pick(WORKGROUPS)),
    resumeWorkgroup: () => {
      const name = this.#chance.pick(WORKGROUPS)
      return this.#resume([`workgroup ${name}`], (context) => workgroups.resumeWorkgroup(context, name))
    },
    holdWorker: () => this.#holdWorker(this.#chance.pick(WORKERS)),
    resumeWorker: () => {
      const name = this.#chance.pick(WORKERS)
      return this.#resume([`worker ${name}`], (context) => releaseWorker(context, name))
    },
    resetTask: () => this.#onTask((ref) => this.#reset(ref)),
    resetGroup: () =>
      this.#onGroup((id) =>
        this.#ending(id, id, (context) => groups.resetGroup(context, id, { remainingAttempts: 5 })),
      ),
    retryTask: () => {
      const remainingAttempts = this.#chance.between(1, 5)
      return this.#onTask((ref) => [ref.taskId, (context) => tasks.retryTask(context, ref, { remainingAttempts })])
    },
    retryGroup: () =>
      this.#onGroup((id) => [id, (context) => groups.retryGroup(context, id, { remainingAttempts: 3 })]),
    editTask: () => {
      const edit = taskEdit(this.#chance, this.#options.agenda.now)
      return this.#onTask((ref) => [ref.taskId, (context) => tasks.updateTask(context, ref, edit)])
    },
    completeTask: () =>
      this.#onTask((ref) => [ref.taskId, (context) => tasks.updateTask(context, ref, { isComplete: true })]),
    // With it go those that have no other parent.
    deleteTask: () =>
      this.#onTask((ref) => this.#ending(ref.groupId, ref.taskId, (context) => tasks.deleteTask(context, ref))),
    deleteGroup: () => this.#onGroup((id) => this.#ending(id, id, (context) => groups.deleteGroup(context, id))),
  }

  #createGraph(): [string, Request, () => void] | null {
    if (this.book.taskCount >= MAX_TASKS) return null
    const id = this.book.newGroup()
    const inputs = this.#newTasks(id, this.#chance.between(1, 6))
    const group = { id, name: '', isPaused: this.#chance.happens(0.1), ...groupSettings(this.#chance) }
    const request: Request = (context) => groups.createGraph(context, { ...group, tasks: inputs })
    return [`${id} of ${inputs.length}`, request, () => this.book.acknowledge(inputs)]
  }

  #createTasks(): [string, Request, () => void] | null {
    const id = this.#anyGroup()
    if (id === null || this.book.taskCount >= MAX_TASKS) return null
    const inputs = this.#newTasks(id, this.#chance.between(1, 3))
    return [`in ${id}`, (context) => tasks.createTasks(context, id, inputs), () => this.book.acknowledge(inputs)]
  }

  /** With some of the tasks before them as parents. */
  #newTasks(groupId: string, count: number): TaskInput[] {
    return Array.from({ length: count }, () => {
      const before = this.book.idsOf(groupId).slice(-4)
      const parentIds = before.filter(() => this.#chance.happens(0.35))
      return {
        ...taskInput(this.book.newTask(groupId), this.#chance, this.#options.agenda.now),
        ...(parentIds.length > 0 && { parentIds }),
      }
    })
  }

  #pause(target: Target, request: Request, within?: Target): [string, Request, () => void] {
    return [target, request, this.#options.promises.pausing(target, Number.POSITIVE_INFINITY, within)]
  }

  /** What ends pauses: from the moment it is asked for nothing is promised, and if nobody knows how it went, never again. */
  #resume(targets: readonly Target[], request: Request): [string, Request, () => void] {
    const ends = targets.map((target) => this.#options.promises.ending(target))
    return [
      targets[0] ?? '',
      request,
      () => {
        for (const end of ends) end()
      },
    ]
  }

  #holdWorkgroup(name: (typeof WORKGROUPS)[number]): [string, Request, () => void] {
    const until = this.#options.agenda.now + HOLD_MS
    const acknowledged = this.#options.promises.pausing(`workgroup ${name}`, until)
    return [name, (context) => workgroups.holdWorkgroup(context, name, { until, reason: '' }), acknowledged]
  }

  #holdWorker(name: string): [string, Request, () => void] {
    const until = this.#options.agenda.now + HOLD_MS
    const acknowledged = this.#options.promises.pausing(`worker ${name}`, until)
    const asked = { kind: 'manual', since: this.#options.agenda.now, taskId: '', source: '', probeMs: 0 } as const
    const hold = { scope: 'worker', name, until, reason: '', ...asked } as const
    const request: Request = (context) =>
      commitTraffic(context, { changes: [{ kind: 'holdWork', hold }], events: [{ type: 'worker.held', worker: name }] })
    return [name, request, acknowledged]
  }

  /** What its answers made goes with it, and comes again. */
  #reset(ref: { taskId: string; groupId: string }): [string, Request, () => void] {
    const options = { remainingAttempts: 5, descendants: this.#chance.happens(0.4) }
    return this.#ending(ref.groupId, ref.taskId, (context) => tasks.resetTask(context, ref, options))
  }

  #ending(groupId: string, what: string, request: Request): [string, Request, () => void] {
    return [what, request, this.book.ending(groupId)]
  }

  #onGroup<Made>(make: (id: string) => Made): Made | null {
    const id = this.#anyGroup()
    return id === null ? null : make(id)
  }

  #onTask<Made>(make: (ref: { taskId: string; groupId: string }) => Made): Made | null {
    const groupId = this.#anyGroup()
    const ids = groupId === null ? [] : this.book.idsOf(groupId)
    return groupId === null || ids.length === 0 ? null : make({ taskId: this.#chance.pick(ids), groupId })
  }

  #anyGroup(): string | null {
    const ids = this.book.groupIds
    return ids.length === 0 ? null : this.#chance.pick(ids)
  }
}

/** Ends whatever hold there is, and closes the breaker. */
export const releaseWorker = (context: ServiceContext, name: string): Promise<void> =>
  commitTraffic(context, {
    changes: [{ kind: 'releaseWork', scope: 'worker', name }],
    events: [{ type: 'worker.resumed', worker: name }],
  })
