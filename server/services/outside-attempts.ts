import type { ClaimedTask } from '../../storage/task-storage.ts'
import { CrewError } from '../core/errors.ts'
import { isComplete } from '../core/task.ts'
import type { Callback } from '../core/worker-request.ts'
import { type HeartbeatNote, noteHeartbeat } from './heartbeats.ts'
import { viewTask } from './task-views.ts'
import type { TaskView } from './tasks.ts'
import type { WorkerContext } from './worker-context.ts'

/** A task that a polling worker has got (WIRE section 2). */
export interface AcquiredTask extends Pick<ClaimedTask, 'parents'> {
  readonly view: TaskView
  readonly callback: Callback
  readonly leaseUntil: number
}

/** What a polling worker asks for; seconds as in WIRE. */
export interface Acquisition {
  readonly channel: string
  readonly workerId: string
  readonly wait: number
  /** Undefined: what a call to the worker may take. */
  readonly leaseSeconds: number | undefined
  readonly signal: AbortSignal
}

/** The next task of the channel, leased to the worker; null when there is none in time. */
export async function acquireTask(context: WorkerContext, wanted: Acquisition): Promise<AcquiredTask | null> {
  const { channel, workerId, wait, signal } = wanted
  refusePushed(context, channel)
  const leaseSeconds = wanted.leaseSeconds ?? context.directory.timeoutSecondsOf(channel)
  const polled = await context.outside.acquire({
    channel,
    workerId,
    signal,
    waitMs: wait * 1000,
    leaseMs: leaseSeconds * 1000,
  })
  if (polled === null) return null
  const { claimed, leaseUntil } = polled
  const { task, token, parents } = claimed
  const callback = context.outside.callbackOf(task.id, token)
  return { view: await viewTask(context, task), parents, callback, leaseUntil }
}

/** Who is called must not be waited for as well: which of the two had a task would be chance. */
function refusePushed({ directory }: WorkerContext, channel: string): void {
  if (directory.settingsOf(channel).mode !== 'push') return
  const address = directory.addressOf(channel)
  if (address === null) return
  throw new CrewError(
    'worker_is_pushed',
    `Tasks of worker "${channel}" are POSTed to it. Set its mode to pull or both, then its tasks can be fetched.`,
  )
}

/** A polling worker hands its task back, with its answer as JSON text. Repeating it is fine. */
export async function releaseTask(
  context: WorkerContext,
  taskId: string,
  { body, ...releaser }: { readonly workerId: string; readonly attempt?: number | undefined; readonly body: string },
): Promise<TaskView> {
  const end = await context.outside.release(taskId, releaser, { kind: 'complete', body })
  if (end === 'unknown') throw new CrewError('task_not_found', `There is no task "${taskId}".`)
  if (end === 'superseded')
    throw superseded(
      `Worker "${releaser.workerId}" does not hold task "${taskId}", or not any more. Nothing was changed.`,
    )
  const [task] = await context.storage.getTasks([taskId])
  if (!task) throw new CrewError('task_not_found', `Task "${taskId}" was deleted.`)
  return viewTask(context, task)
}

/** Refuses a token that ends and keeps nothing. */
export async function refuseToken(context: WorkerContext, token: string): Promise<void> {
  const found = await context.outside.look(token)
  if (found === 'unknown') throw unknownAttempt()
  if (found === 'superseded') throw superseded(OVER)
}

/** The worker of a task that was answered with 202 finishes it, by the token of its callback. Repeating it is fine. */
export async function endAttempt(
  context: WorkerContext,
  token: string,
  answer: { readonly kind: 'complete' | 'fail'; readonly body: string },
): Promise<void> {
  const end = await context.outside.end(token, answer)
  if (end === 'unknown') throw unknownAttempt()
  if (end === 'superseded') throw superseded(OVER)
}

/** The worker is still at it: for another while nothing is missed. Answers until when. */
export async function keepAttempt(context: WorkerContext, token: string, note: HeartbeatNote): Promise<number> {
  const kept = await context.outside.heartbeat(token)
  if (kept === undefined) throw unknownAttempt()
  // Completed by hand while it ran: whoever works on it should stop.
  if (kept === null || isComplete(kept.task)) throw superseded(OVER)
  await noteHeartbeat(context, kept, withoutSecrets(context, kept.task.worker, note))
  return kept.until
}

function withoutSecrets({ directory }: WorkerContext, worker: string, note: HeartbeatNote): HeartbeatNote {
  const clean = (text: string): string => directory.withoutSecrets(worker, text)
  const { message, logs } = note
  return { ...note, ...(message !== undefined && { message: clean(message) }), ...(logs && { logs: logs.map(clean) }) }
}

const OVER =
  'This attempt is over: it was answered otherwise, ran out of time, or its task was reset. Nothing was changed.'

const superseded = (message: string): CrewError => new CrewError('attempt_superseded', message)
const unknownAttempt = (): CrewError =>
  new CrewError('attempt_not_found', 'There is no attempt with this token, or its task was deleted.')
