import type { Random } from './random.ts'
import { type Creation, creationOf, PATIENT, type PlannedTask, WORKERS, type Work } from './work.ts'

/** A task group that will be asked for: by one request, or by several, the group first. */
export interface GroupPlan {
  readonly groupId: string
  readonly creations: readonly Creation[]
  /** Tasks, those that answers bring with them. */
  readonly size: number
}

const FAN = 50
const CHAIN = 20
const LOOSE = 20
const CREATORS = 10
const CHILDREN = 3
const KEYED = 10
const SINGLES = 10
/** Shares of the tasks that fail at first, that belong to a workgroup, and that are slow, so that every fault meets some in flight. */
const FAILING = 0.1
const GROUPED = 0.2
const SLOW = 0.1

export const WORKGROUPS = ['north', 'south'] as const

/** Makes up task groups of some 40 tasks: chains, fans, continuations, duplicates, in one call and in many. */
export class GroupPlans {
  readonly #random: Random
  readonly #prefix: string
  #count = 0

  /** The prefix keeps ids of several runs on one store apart. */
  constructor(random: Random, prefix: string) {
    this.#random = random
    this.#prefix = prefix
  }

  next(): GroupPlan {
    const groupId = `${this.#prefix}${++this.#count}`
    switch (this.#random.between(0, 4)) {
      case 0:
        return this.#inOneCall(groupId, this.#chain(groupId))
      case 1:
        return this.#inOneCall(groupId, this.#fan(groupId))
      case 2:
        return this.#inOneCall(groupId, this.#creators(groupId))
      case 3:
        return this.#inOneCall(groupId, this.#duplicates(groupId))
      default:
        return this.#inManyCalls(groupId)
    }
  }

  #inOneCall(groupId: string, tasks: readonly PlannedTask[]): GroupPlan {
    const body = { id: groupId, name: groupId, tasks }
    const creation = creationOf(groupId, { path: '/api/v1/task_groups/graph', body, tasks })
    return { groupId, creations: [creation], size: sizeOf(tasks) }
  }

  #inManyCalls(groupId: string): GroupPlan {
    const path = `/api/v1/task_group/${groupId}/tasks`
    const group = creationOf(groupId, { path: '/api/v1/task_groups', body: { id: groupId, name: groupId }, tasks: [] })
    const chain = this.#chain(groupId)
    const batch = creationOf(groupId, { path: `${path}/batch`, body: { tasks: chain }, tasks: chain })
    const singles = Array.from({ length: SINGLES }, (_, at) => this.#task(`${groupId}.s${at}`))
    const single = (task: PlannedTask) => creationOf(groupId, { path, body: task, tasks: [task] })
    return { groupId, creations: [group, batch, ...singles.map(single)], size: sizeOf([...chain, ...singles]) }
  }

  #chain(groupId: string): PlannedTask[] {
    const chain = Array.from({ length: CHAIN }, (_, at) =>
      this.#task(`${groupId}.c${at}`, at === 0 ? {} : { parentIds: [`${groupId}.c${at - 1}`] }, { delayMs: 5 }),
    )
    return [...chain, ...Array.from({ length: LOOSE }, (_, at) => this.#task(`${groupId}.l${at}`))]
  }

  #fan(groupId: string): PlannedTask[] {
    const first = this.#task(`${groupId}.first`)
    const middle = Array.from({ length: FAN }, (_, at) => this.#task(`${groupId}.m${at}`, { parentIds: [first.id] }))
    return [first, ...middle, this.#task(`${groupId}.last`, { parentIds: middle.map(({ id }) => id) })]
  }

  #creators(groupId: string): PlannedTask[] {
    return Array.from({ length: CREATORS }, (_, at) => this.#task(`${groupId}.p${at}`, {}, { children: CHILDREN }))
  }

  /** Two of each key: while one of them waits or runs, the other merges with it. */
  #duplicates(groupId: string): PlannedTask[] {
    const keyed = Array.from({ length: KEYED }, (_, at) =>
      this.#task(`${groupId}.k${at}`, { key: `key-${at % (KEYED / 2)}` }),
    )
    const below = keyed.map(({ id }, at) => this.#task(`${groupId}.b${at}`, { parentIds: [id] }))
    return [...keyed, ...below, ...Array.from({ length: LOOSE }, (_, at) => this.#task(`${groupId}.l${at}`))]
  }

  #task(id: string, fields: Partial<PlannedTask> = {}, work: Partial<Work> = {}): PlannedTask {
    const random = this.#random
    const workgroup = random.next() < GROUPED ? { workgroup: random.pick(WORKGROUPS) } : {}
    const failsFirst = random.next() < FAILING ? { failsFirst: true } : {}
    const delayMs = random.next() < SLOW ? random.between(200, 1500) : random.between(5, 80)
    const input = { delayMs, ...failsFirst, ...work }
    return { id, worker: random.pick(WORKERS), ...PATIENT, ...workgroup, ...fields, input }
  }
}

const sizeOf = (tasks: readonly PlannedTask[]): number =>
  tasks.reduce((sum, { input: { children = 0 } }) => sum + 1 + children, 0)
