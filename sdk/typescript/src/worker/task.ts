import { isRecord, listOf, numberOf, textOf } from '../json.ts'
import type { Accepted, AcceptOptions, LongWork } from '../long-running/accepted.ts'

/** A completed parent of the task. */
export interface Parent<Input = unknown, Output = unknown> {
  readonly taskId: string
  readonly worker: string
  readonly input: Input
  readonly output: Output
}

/** What is known about the task before anything is done about it. */
export interface TaskFacts<Input = unknown> {
  readonly input: Input
  /** In the order of the task's `parentIds`. */
  readonly parents: readonly Parent[]
  readonly taskId: string
  readonly taskGroupId: string
  readonly name: string
  readonly worker: string
  /** From 1. */
  readonly attempt: number
  /** How many are left, this one included. */
  readonly remainingAttempts: number
  /** `''` is none. */
  readonly workgroup: string
  readonly key: string
  readonly metadata: Readonly<Record<string, string>>
  /** The same for every retry of one run, a new one after a reset: the `Idempotency-Key` to hand on to an API. */
  readonly deliveryId: string
  /** The body as it was sent. Numbers beyond 2^53 are exact only here. */
  readonly rawBody: string
}

/** A task as its handler gets it. */
export interface Task<Input = unknown> extends TaskFacts<Input> {
  /** Aborts when Crew stops waiting, by its time limit or because it has gone. */
  readonly signal: AbortSignal
  /** Answers at once and works on: return what it returns. For work that takes longer than a request may. */
  accept<Output>(work: LongWork<Output>, options?: AcceptOptions): Accepted
}

/** Reads the body that Crew POSTs. What is missing, as in a call by hand, gets the default of its type. */
export function readTask(body: Readonly<Record<string, unknown>>, rawBody: string, headers: Headers): TaskFacts {
  const taskId = textOf(body.taskId)
  return {
    input: body.input ?? null,
    parents: listOf(body.parents).map(readParent),
    taskId,
    taskGroupId: textOf(body.taskGroupId),
    name: textOf(body.name),
    worker: textOf(body.worker),
    attempt: numberOf(body.attempt, 1),
    remainingAttempts: numberOf(body.remainingAttempts, 1),
    workgroup: textOf(body.workgroup),
    key: textOf(body.key),
    metadata: (isRecord(body.metadata) ? body.metadata : {}) as Readonly<Record<string, string>>,
    deliveryId: headers.get('webhook-id') ?? headers.get('idempotency-key') ?? taskId,
    rawBody,
  }
}

function readParent(value: unknown): Parent {
  const parent = isRecord(value) ? value : {}
  return {
    // Polling workers know these two by the names of Crew v1.
    taskId: textOf(parent.taskId ?? parent._id),
    worker: textOf(parent.worker ?? parent.channel),
    input: parent.input ?? null,
    output: parent.output ?? null,
  }
}
