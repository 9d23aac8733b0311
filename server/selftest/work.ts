import type { Delivery } from './history.ts'

/** What the worker is told to do, in the task's input. */
export interface Work {
  readonly delayMs: number
  /** So many children come with the answer; every other one without an id. */
  readonly children?: number
  readonly failsFirst?: boolean
}

/** A task as the client asked for it. */
export interface PlannedTask {
  readonly id: string
  readonly worker: string
  readonly workgroup?: string
  readonly parentIds?: readonly string[]
  readonly key?: string
  readonly remainingAttempts?: number
  readonly timeoutSeconds?: number
  readonly errorDelayInSeconds: number
  readonly input: Work
}

/** One request, and what the client knows about its end. `unknown`: no answer came, so it may have happened or not. */
export interface Creation {
  readonly path: string
  readonly body: unknown
  readonly groupId: string
  readonly tasks: readonly PlannedTask[]
  startedAt: number
  endedAt: number
  outcome: 'open' | 'acknowledged' | 'refused' | 'unknown'
  /** Of a refusal. */
  answer: string
}

export const WORKERS = ['ads', 'mail', 'thumbnails', 'reports', 'billing'] as const

/** However long workers fail, a task goes on, and soon: what ends failed under faults is a fault of Crew. */
export const PATIENT = { errorDelayInSeconds: 0.05, remainingAttempts: 10_000 } as const

export function creationOf(
  groupId: string,
  request: { readonly path: string; readonly body: unknown; readonly tasks: readonly PlannedTask[] },
): Creation {
  return { ...request, groupId, startedAt: 0, endedAt: 0, outcome: 'open', answer: '' }
}

/** What marks a child as one of its creator's. */
export const childName = (creatorId: string, index: number): string => `child ${index} of ${creatorId}`

/** The children that a task's answer brings: the second waits for the first as well. */
export function childrenOf(taskId: string, count: number): object[] {
  return Array.from({ length: count }, (_, index) => ({
    ...(index % 2 === 0 && { id: `${taskId}.c${index}` }),
    name: childName(taskId, index),
    worker: WORKERS[index % WORKERS.length],
    parentIds: index === 1 ? [`${taskId}.c0`] : [],
    ...PATIENT,
    input: { delayMs: index * 3 },
  }))
}

/** What a task of these ends with: which POST it was that the answer came to. */
export interface PlannedOutput {
  readonly run: string
  /** Worked out from the token of the attempt's lease, so no two attempts have the same. */
  readonly token: string
}

/** Stands in each POST of a task, for whoever answers later; '' in others. */
export function tokenIn(body: Buffer): string {
  const { callback } = JSON.parse(body.toString()) as { callback?: { token: string } }
  return callback?.token ?? ''
}

/** What a healthy worker says to a POST of a task: as its input tells. */
export interface Reply {
  readonly delayMs: number
  readonly status: number
  readonly body: object
}

export function replyTo(
  { delayMs, children = 0, failsFirst = false }: Work,
  { taskId, attempt, deliveryId, token }: Pick<Delivery, 'taskId' | 'attempt' | 'deliveryId' | 'token'>,
): Reply {
  if (failsFirst && attempt === 1) return { delayMs, status: 500, body: { error: 'fails first' } }
  const output: PlannedOutput = { run: deliveryId, token }
  const brought = children === 0 ? {} : { children: childrenOf(taskId, children) }
  return { delayMs, status: 200, body: { output, ...brought } }
}
