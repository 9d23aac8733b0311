import {
  type Creation,
  creationOf,
  type PlannedTask,
  replyTo,
  WORKERS,
  type Work,
} from '../../../server/selftest/work.ts'
import type { Random } from '../support/random.ts'
import type { Delivery, WorkerAnswer } from '../support/recording-worker.ts'

/** Keys that many tasks share: while one of them waits or runs, the next with the same key merges with it. */
const KEYS = ['k0', 'k1', 'k2', 'k3'] as const
const BATCH_SIZE = 8
const CHILDREN = 4

/** Makes up requests: single tasks, batches with parents in them, whole graphs, continuations, shared keys. */
export class Plan {
  readonly #random: Random
  readonly #groupId: string
  #count = 0

  constructor(random: Random, groupId: string) {
    this.#random = random
    this.#groupId = groupId
  }

  next(): Creation {
    const dice = this.#random.next()
    if (dice < 0.15) return this.#batch()
    if (dice < 0.3) return this.#graph()
    if (dice < 0.4) return this.#single({ key: this.#random.pick(KEYS) })
    if (dice < 0.5) return this.#single({}, { children: CHILDREN })
    return this.#single({}, dice < 0.55 ? { failsFirst: true } : {})
  }

  #single(task: Partial<PlannedTask>, work: Partial<Work> = {}): Creation {
    const planned = this.#task(task, work)
    return this.#creation(`/api/v1/task_group/${this.#groupId}/tasks`, planned, [planned])
  }

  /** A chain within the batch, each with its predecessor as a parent, and loose tasks beside it. */
  #batch(): Creation {
    const tasks: PlannedTask[] = []
    for (let index = 0; index < BATCH_SIZE; index++) {
      const previous = tasks.at(-1)
      tasks.push(this.#task(previous && index % 2 === 1 ? { parentIds: [previous.id] } : {}))
    }
    return this.#creation(`/api/v1/task_group/${this.#groupId}/tasks/batch`, { tasks }, tasks)
  }

  /** A diamond that ends in a task which adds children: parents of parents, all or nothing with its group. */
  #graph(): Creation {
    const id = `g${++this.#count}`
    const first = this.#task()
    const middle = [0, 1, 2].map(() => this.#task({ parentIds: [first.id] }))
    const last = this.#task({ parentIds: middle.map((task) => task.id) }, { children: 2 })
    const tasks = [first, ...middle, last]
    const graph = { id, name: id, tasks }
    return { ...this.#creation('/api/v1/task_groups/graph', graph, tasks), groupId: id }
  }

  #task(fields: Partial<PlannedTask> = {}, work: Partial<Work> = {}): PlannedTask {
    const input = { delayMs: this.#delayMs(), ...work }
    return { id: `t${++this.#count}`, worker: this.#random.pick(WORKERS), errorDelayInSeconds: 0.05, ...fields, input }
  }

  /** Mostly quick; a few are slow, so that every kill meets some in flight. */
  #delayMs(): number {
    return this.#random.next() < 0.15 ? this.#random.between(100, 300) : this.#random.between(0, 20)
  }

  #creation(path: string, body: unknown, tasks: readonly PlannedTask[]): Creation {
    return creationOf(this.#groupId, { path, body, tasks })
  }
}

/** What the worker answers to a task of the plan. */
export function answerAsTold(delivery: Delivery): WorkerAnswer {
  const { input } = JSON.parse(delivery.body.toString()) as { input: Work }
  return replyTo(input, delivery)
}
