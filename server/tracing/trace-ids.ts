import { createHash } from 'node:crypto'
import { deliveryIdOf, type Task } from '../core/task.ts'

/**
 * The ids of traces and spans are worked out, not kept: all servers of a store say the same without telling each other, before and after a
 * restart. A group is a trace, and its root span; an attempt is a span of it, by its task, its run and its number.
 */
export const traceIdOf = (groupId: string): string => hexOf(`crew-trace ${groupId}`, 32)

/** The root span of a group. */
export const rootSpanIdOf = (groupId: string): string => hexOf(`crew-root ${groupId}`, 16)

export const attemptSpanIdOf = (task: Pick<Task, 'id' | 'run'>, attempt: number): string =>
  hexOf(`crew-attempt ${deliveryIdOf(task)} ${attempt}`, 16)

/** Ids of zeros alone mean none (W3C trace context); no hash in the life of the universe is one. */
const hexOf = (text: string, length: number): string => createHash('sha256').update(text).digest('hex').slice(0, length)
