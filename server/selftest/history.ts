import type { AttemptJson, TaskJson } from './api-client.ts'
import type { Creation } from './work.ts'

/** One POST as a worker saw it. Times are of `performance.now`, one clock for the whole history. */
export interface Delivery {
  readonly taskId: string
  readonly attempt: number
  readonly deliveryId: string
  /** Of the attempt alone, worked out from that of its lease. */
  readonly token: string
  /** Which of several servers sent it. */
  readonly instance: string
  readonly firstByteAt: number
  /** When the answer was handed to the network; null while it was not. */
  answeredAt: number | null
}

/** One process of the server, from its start to its end. Times are of `performance.now`. */
export interface Life {
  readonly spawnedAt: number
  /** The first answer of `/healthz`; null when the kill came first. */
  healthyAt: number | null
  /** The signal was sent; infinity for the last life. */
  killedAt: number
  /** The process was gone. */
  goneAt: number
}

/** All that was seen from outside, and what the store says at the end. */
export interface History {
  readonly creations: readonly Creation[]
  readonly lives: readonly Life[]
  readonly deliveries: readonly Delivery[]
  readonly tasks: ReadonlyMap<string, TaskJson>
  /** Oldest first. */
  readonly attempts: ReadonlyMap<string, readonly AttemptJson[]>
}

/** A history by task. */
export class Index {
  readonly history: History
  readonly #deliveries = new Map<string, Delivery[]>()
  readonly #lastRecorded = new Map<number, number>()
  #successesByKey: ReadonlyMap<string, number> | null = null

  constructor(history: History) {
    this.history = history
    for (const delivery of history.deliveries) {
      const ofTask = this.#deliveries.get(delivery.taskId)
      if (ofTask) ofTask.push(delivery)
      else this.#deliveries.set(delivery.taskId, [delivery])
    }
  }

  deliveriesOf(taskId: string): readonly Delivery[] {
    return this.#deliveries.get(taskId) ?? []
  }

  attemptsOf(taskId: string): readonly AttemptJson[] {
    return this.history.attempts.get(taskId) ?? []
  }

  /** When the success of a task was handed over: its own, or for one that was merged the first of a task with its key. */
  succeededAt(taskId: string): number | null {
    const own = this.successOf(taskId)
    if (own) return own.answeredAt
    const task = this.history.tasks.get(taskId)
    return task === undefined || task.key === '' ? null : (this.#firstSuccesses().get(keyOf(task)) ?? null)
  }

  /** By group and key. */
  #firstSuccesses(): ReadonlyMap<string, number> {
    if (this.#successesByKey) return this.#successesByKey
    const first = new Map<string, number>()
    for (const task of this.history.tasks.values()) {
      const answeredAt = task.key === '' ? null : (this.successOf(task.id)?.answeredAt ?? null)
      if (answeredAt !== null) first.set(keyOf(task), Math.min(answeredAt, first.get(keyOf(task)) ?? answeredAt))
    }
    this.#successesByKey = first
    return first
  }

  /** The delivery whose success was recorded; none for a task that got the result of another one with its key. */
  successOf(taskId: string): Delivery | undefined {
    const success = this.attemptsOf(taskId).find(({ outcome }) => outcome === 'succeeded')
    return this.deliveriesOf(taskId).find(({ attempt }) => attempt === success?.number)
  }

  /** When the worker gave the last answer before a kill that made it into the store. */
  lastRecordedAnswer(killedAt: number): number {
    const known = this.#lastRecorded.get(killedAt)
    if (known !== undefined) return known
    const answers = this.history.deliveries
      .filter((delivery) => this.lifeOf(delivery)?.killedAt === killedAt && this.#isRecorded(delivery))
      .map(({ answeredAt }) => answeredAt ?? 0)
    const last = Math.max(0, ...answers)
    this.#lastRecorded.set(killedAt, last)
    return last
  }

  #isRecorded({ taskId, attempt }: Delivery): boolean {
    return this.attemptsOf(taskId).some(({ number, outcome }) => number === attempt && outcome !== 'lost')
  }

  /** The process that sent it. A request that a dying process handed to the network may arrive when it is gone. */
  lifeOf(delivery: Delivery): Life | undefined {
    return this.history.lives.findLast(({ spawnedAt }) => spawnedAt <= delivery.firstByteAt)
  }
}

const keyOf = ({ taskGroupId, key }: Pick<TaskJson, 'taskGroupId' | 'key'>): string =>
  JSON.stringify([taskGroupId, key])
