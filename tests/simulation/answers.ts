import type { Task } from '../../server/core/task.ts'
import { keeps } from './violation.ts'

/** What a worker said about an attempt, whether or not anybody heard it. */
export interface Said {
  readonly isSuccess: boolean
  /** How many it named. */
  readonly children: number
}

interface Attempt {
  readonly taskId: string
  readonly run: number
  readonly said: Said[]
  posts: number
}

/** What workers got and what they said, by the lease of the attempt: it happened, whatever becomes of the store. */
export class Answers {
  readonly #byToken = new Map<string, Attempt>()
  readonly #byCallback = new Map<string, Attempt>()
  readonly #posts = new Map<string, number>()
  #successes = 0

  /** A lease was given. */
  granted(task: Task, token: string, callback: string): void {
    if (this.#byToken.has(token)) return
    const attempt = { taskId: task.id, run: task.run, said: [], posts: 0 }
    this.#byToken.set(token, attempt)
    this.#byCallback.set(callback, attempt)
  }

  /** I9: a worker gets a task by a lease, and once by each. */
  posted(taskId: string, callback: string): void {
    const attempt = this.#byCallback.get(callback)
    keeps('I9', attempt?.taskId === taskId, () => `${taskId} is POSTed without a lease`)
    if (!attempt) return
    attempt.posts++
    keeps('I9', attempt.posts === 1, () => `${taskId} is POSTed twice by one lease`)
    const key = `${taskId}_${attempt.run}`
    this.#posts.set(key, (this.#posts.get(key) ?? 0) + 1)
  }

  say(callback: string, said: Said): void {
    this.#byCallback.get(callback)?.said.push(said)
    if (said.isSuccess) this.#successes++
  }

  of(token: string): readonly Said[] {
    return this.#byToken.get(token)?.said ?? []
  }

  /** POSTs of one run of a task. */
  postsOf({ id, run }: Task): number {
    return this.#posts.get(`${id}_${run}`) ?? 0
  }

  get successes(): number {
    return this.#successes
  }
}
