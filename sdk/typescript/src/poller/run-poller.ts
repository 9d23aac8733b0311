import type { CrewClient } from '../client/crew-client.ts'
import { CrewProblem } from '../client/crew-problem.ts'
import { backoff } from '../http/retrying.ts'
import { isRecord } from '../json.ts'
import type { LongWork } from '../long-running/accepted.ts'
import { runAttempt } from '../long-running/run-attempt.ts'
import type { Handler } from '../worker/define-worker.ts'
import { type Acquired, acquired, workOn } from './acquired.ts'
import { leaseChannel } from './lease-channel.ts'

export interface PollerOptions<TaskInput = unknown, TaskOutput = unknown> {
  readonly client: CrewClient
  /** The worker whose tasks are done; its mode has to be `pull` or `both`. */
  readonly channel: string
  readonly handler: Handler<TaskInput, TaskOutput>
  /** Who does them, as Crew shows it; made when left out. */
  readonly workerId?: string
  /** Tasks at once; 1 when left out. */
  readonly concurrency?: number
  /** How long one question waits for a task, 30 at most; 20 when left out. */
  readonly waitSeconds?: number
  /** After so long without a heartbeat the task is given to somebody else; 60 when left out. They come by themselves, three in that time. */
  readonly leaseSeconds?: number
  /** Ends it: no further task is taken, those under way are finished. */
  readonly signal: AbortSignal
  /** Told what went wrong outside the handler: the server is away, or the end of a task did not reach it; else `console.error`. */
  readonly onError?: (error: unknown) => void
}

/**
 * Takes tasks of one worker from Crew and does them, for where nothing can be POSTed to. Resolves when `signal` is aborted and the
 * tasks under way are done. Waits longer and longer while the server is away. Rejects when the server refuses: a wrong token, no such channel.
 *
 * @example
 * const stop = new AbortController()
 * process.once('SIGTERM', () => stop.abort())
 * await runPoller({ client: crew, channel: 'resize', handler: ({ input }) => resize(input), concurrency: 4, signal: stop.signal })
 */
export async function runPoller<TaskInput, TaskOutput>(options: PollerOptions<TaskInput, TaskOutput>): Promise<void> {
  const { concurrency = 1, workerId = crypto.randomUUID(), signal } = options
  const refused = new AbortController()
  const poller: Poller = {
    ...(options as PollerOptions),
    workerId,
    onError: options.onError ?? ((error) => console.error('crew-sdk: poller', error)),
    signal: AbortSignal.any([signal, refused.signal]),
  }
  const lanes = Array.from({ length: concurrency }, () => runLane(poller).catch((error) => refused.abort(error)))
  await Promise.all(lanes)
  if (refused.signal.aborted) throw refused.signal.reason
}

const WAIT_SECONDS = 20
/** Not left to the server: what a call may take is no measure for how long a dead poller keeps a task. */
const LEASE_SECONDS = 60

type Poller = PollerOptions & Required<Pick<PollerOptions, 'workerId' | 'onError'>>

/** One task after another. */
async function runLane(poller: Poller): Promise<void> {
  for (let failures = 0; !poller.signal.aborted; ) {
    try {
      const task = await acquire(poller)
      failures = task === 'none at once' ? failures + 1 : 0
      if (task === 'none at once') await pause(poller, failures)
      else if (task) await work(poller, task)
    } catch (error) {
      if (poller.signal.aborted) return
      if (isRefusal(error)) throw error
      poller.onError(error)
      await pause(poller, failures++)
    }
  }
}

/** What asking again would not change. */
const isRefusal = (error: unknown): boolean =>
  error instanceof CrewProblem && error.status >= 400 && error.status < 500 && error.status !== 429

async function pause({ client, signal }: Poller, failures: number): Promise<void> {
  const { host } = client.connection
  // Aborting ends the pause, and the lane sees it by itself.
  await host.sleep(backoff(failures, host), signal).catch(() => {})
}

/** An answer sooner than this was not waited for: a server that stops says "none" to all, again and again. */
const AT_ONCE_MS = 1000

/** Null: there was none for as long as was waited. */
async function acquire({
  client,
  channel,
  workerId,
  signal,
  ...wishes
}: Poller): Promise<Acquired | 'none at once' | null> {
  const { waitSeconds = WAIT_SECONDS, leaseSeconds = LEASE_SECONDS } = wishes
  const { now } = client.connection.host
  const askedAt = now()
  const input = { params: { channel }, body: { workerId, wait: waitSeconds, leaseSeconds } }
  // A question may wait, and then the answer has to come.
  const text = await client.requestText('acquireTask', input, { signal, timeoutSeconds: waitSeconds + 10 })
  const answer: unknown = JSON.parse(text)
  if (isRecord(answer) && isRecord(answer.task)) return acquired(answer, answer.task, text)
  return now() - askedAt < AT_ONCE_MS ? 'none at once' : null
}

/** That its end did not reach the server is told, and no reason to stop. */
async function work({ client, workerId, handler, onError, ...wishes }: Poller, task: Acquired): Promise<void> {
  const { leaseSeconds = LEASE_SECONDS } = wishes
  const { host } = client.connection
  const channel = leaseChannel({ client, workerId, task })
  const doIt: LongWork = (attempt) => workOn(handler, task, attempt)
  await runAttempt(doIt, {
    channel,
    host,
    leaseMs: leaseSeconds * 1000,
    taskId: task.facts.taskId,
    warn: onError,
  }).catch(onError)
}
