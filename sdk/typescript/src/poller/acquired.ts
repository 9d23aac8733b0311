import { isRecord, listOf, numberOf, textOf } from '../json.ts'
import { Accepted, type Attempt } from '../long-running/accepted.ts'
import type { Handler } from '../worker/define-worker.ts'
import { readTask, type TaskFacts } from '../worker/task.ts'

/** A task that was taken, with what keeps it. */
export interface Acquired {
  readonly facts: TaskFacts
  /** Of this attempt alone; null when the server offers none. */
  readonly token: string | null
}

type Fields = Readonly<Record<string, unknown>>

/** Reads the answer of `acquire`. */
export function acquired(answer: Fields, task: Fields, text: string): Acquired {
  const taskId = textOf(task.id, textOf(task._id))
  const facts = readTask({ ...task, taskId, parents: answer.parents }, text, new Headers())
  return {
    facts: {
      ...facts,
      worker: textOf(task.worker, textOf(task.channel)),
      // Where the server does not say: one line of `errors` stands for each failed attempt.
      attempt: numberOf(answer.attempt, listOf(task.errors).length + 1),
      deliveryId: textOf(answer.deliveryId, taskId),
    },
    token: (isRecord(answer.callback) && textOf(answer.callback.token)) || null,
  }
}

/** Does it here, whether the handler accepts or not: a polled task is kept by heartbeats in any case. */
export async function workOn(handler: Handler, { facts }: Acquired, attempt: Attempt): Promise<unknown> {
  const accept = (work: Accepted['work'], options = {}): Accepted => new Accepted(work, options)
  const result = await handler({ ...facts, signal: attempt.signal, accept })
  return result instanceof Accepted ? result.work(attempt) : result
}
