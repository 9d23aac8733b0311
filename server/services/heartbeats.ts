import type { Task } from '../core/task.ts'
import type { ServiceContext } from './service-context.ts'

/** What a worker tells beside "still at it"; what is absent stays as it was told before. */
export interface HeartbeatNote {
  /** A fraction, 0 to 1. */
  readonly progress?: number
  readonly message?: string
  /** Lines that come behind those told before. */
  readonly logs?: readonly string[]
}

/** The newest that a worker told of an attempt. */
export interface Heartbeat {
  /** The attempt's number. */
  readonly attempt: number
  readonly at: number
  readonly progress: number | null
  readonly message: string
  readonly logs: readonly string[]
}

/** The newest lines: a window on what happens, no archive. */
const MAX_LINES = 100
/** Whoever looks into a failure does so within days. */
const KEEP_MS = 7 * 24 * 3600 * 1000

const keyOf = (taskId: string): string => `heartbeat/${taskId}`

/** Keeps what a worker told, for people to see. One that told nothing new costs nothing. */
export async function noteHeartbeat(
  { storage, clock }: ServiceContext,
  { task, until }: { readonly task: Task; readonly until: number },
  note: HeartbeatNote,
): Promise<void> {
  const { progress, message, logs = [] } = note
  if (progress === undefined && message === undefined && logs.length === 0) return
  const before = await findHeartbeat(storage, task)
  const heartbeat: Heartbeat = {
    attempt: task.attempts,
    at: clock.now(),
    progress: progress ?? before?.progress ?? null,
    message: message ?? before?.message ?? '',
    logs: [...(before?.logs ?? []), ...logs].slice(-MAX_LINES),
  }
  await storage.putRecord(keyOf(task.id), JSON.stringify({ ...heartbeat, run: task.run }), until + KEEP_MS)
  const event = { type: 'task.updated', groupId: task.groupId, taskId: task.id } as const
  await storage.commit([{ guards: [], changes: [], events: [event] }])
}

/** Of the newest attempt of the task, if its worker told anything. */
export async function findHeartbeat(
  storage: Pick<ServiceContext['storage'], 'getRecord'>,
  task: Pick<Task, 'id' | 'run' | 'attempts'>,
): Promise<Heartbeat | null> {
  const text = await storage.getRecord(keyOf(task.id))
  if (text === null) return null
  const { run, ...heartbeat } = JSON.parse(text) as Heartbeat & { run: number }
  return run === task.run && heartbeat.attempt === task.attempts ? heartbeat : null
}
