import type { EndedAttempt } from '../core/attempt.ts'
import type { AttemptRecord } from '../core/attempt-record.ts'
import type { CommitResult } from '../core/change-set.ts'
import { decideAcceptance, pollerOf } from '../core/outside.ts'
import { rateLimitReading } from '../core/rate-limit-headers.ts'
import type { Task } from '../core/task.ts'
import {
  type Outcome,
  type OutsideAnswer,
  readAcceptance,
  readOutsideAnswer,
  type WorkerReply,
} from '../core/worker-response.ts'
import { concludeAttempt, countEnd, type RunnerOptions, type RunningAttempt } from './attempt-runner.ts'
import { type CallbackCredential, callbackHolderOf, isCurrent, parseCallbackToken, secretOf } from './callbacks.ts'
import { readPatiently } from './storage-health.ts'
import { UNWATCHED } from './traffic-watch.ts'

/** What came of an answer from outside. `superseded`: the attempt is over, and the answer changed nothing. */
export type OutsideEnd = 'done' | 'superseded' | 'unknown'

/** Who hands a task back. `attempt`: which of its attempts; undefined: the present one, as Crew v1's workers mean it. */
export interface Releaser {
  readonly workerId: string
  readonly attempt?: number | undefined
}

/** For as long as one heartbeat is good. */
export interface KeptLease {
  readonly task: Task
  readonly until: number
}

/**
 * A worker took its task and finishes it later (202). What its answer says about time is written, then the lease is handed over: from now
 * on it ends when no heartbeat comes, whatever becomes of this server.
 */
export async function acceptAttempt(
  options: RunnerOptions,
  { claimed, isLost }: RunningAttempt,
  reply: WorkerReply & { kind: 'answer' },
): Promise<void> {
  const { task, token } = claimed
  const now = options.clock.now()
  const delays = readAcceptance(reply)
  if (!isLost) await writeAcceptance(options, { claimed, reply, delays, now })
  const holder = callbackHolderOf(secretOf(task.id, token))
  const refs = [{ taskId: task.id, token }]
  // From when the storage takes it: while it is away no heartbeat can come either.
  const handOver = () => options.storage.renewLeases(refs, options.clock.now() + heartbeatMs(options, task), holder)
  const lost = await readPatiently(options.timers, handOver)
  const fields = { taskId: task.id, groupId: task.groupId, worker: task.worker, attempt: task.attempts }
  // Also when the worker was so quick that its callback came before its 202.
  if (lost.length > 0) options.logger.debug(fields, 'attempt was accepted with 202 and is over already')
  else options.logger.debug(fields, 'attempt was accepted with 202')
}

/** An acceptance is a good answer to its breaker; a task that is edited meanwhile loses what it says, as its result is still to come. */
async function writeAcceptance(
  { clock, committer, instance, traffic }: RunnerOptions,
  {
    claimed,
    reply,
    delays,
    now,
  }: Pick<RunningAttempt, 'claimed'> & {
    reply: WorkerReply & { kind: 'answer' }
    delays: ReturnType<typeof readAcceptance>
    now: number
  },
): Promise<void> {
  const { task, token } = claimed
  const outcome: Outcome = { kind: 'success', output: 'null', children: [], delays }
  const startedAt = task.lease?.startedAt ?? now
  const end = { outcome, token, instance, startedAt, endedAt: now, statusCode: reply.status, bytes: reply.bytes }
  const watched = traffic.ended(claimed, end, rateLimitReading(reply.headers, now))
  const changeSet = decideAcceptance(task, token, { delays, signs: watched.signs, now: clock.now() })
  if (changeSet.changes.length === 0) return
  const result = await committer.commit(changeSet)
  if (result !== 'applied') watched.forget()
}

/** Heartbeats come at least this often: what a worker that is called may take, a worker that works on its own may be silent. */
const heartbeatMs = ({ book }: Pick<RunnerOptions, 'book'>, task: Task): number =>
  1000 * (task.timeoutSeconds ?? book.timeoutSecondsOf(task.worker))

/** Ends attempts that run outside the servers, and keeps them going, on behalf of whoever proves that they are theirs. */
export class OutsideAttempts {
  readonly #options: RunnerOptions
  /** By lease: ends that the storage has not taken yet. A repetition waits for the first, or a full storage would fill the memory. */
  readonly #ending = new Map<string, Promise<CommitResult>>()

  constructor(options: RunnerOptions) {
    this.#options = options
  }

  /** What the token is good for, before anything else of a request is read: whoever sends one needs no login. */
  async look(token: string): Promise<'known' | 'superseded' | 'unknown'> {
    const credential = parseCallbackToken(token)
    const task = credential && (await this.#taskOf(credential))
    if (!task) return 'unknown'
    if (task.lease && isCurrent(credential, task.lease.token)) return 'known'
    const holder = callbackHolderOf(credential.secret)
    const records = await this.#options.storage.listAttempts(task.id)
    return records.some(({ instance }) => instance === holder) ? 'known' : 'superseded'
  }

  /** By the token of its callback. Repeating it is fine. */
  async end(token: string, answer: OutsideAnswer): Promise<OutsideEnd> {
    const credential = parseCallbackToken(token)
    const task = credential && (await this.#taskOf(credential))
    if (!task) return 'unknown'
    const holder = callbackHolderOf(credential.secret)
    return this.#endOnce(task, answer, {
      holder,
      statusCode: 202,
      isCurrent: (lease) => isCurrent(credential, lease.token),
      wasBy: ({ instance }) => instance === holder,
    })
  }

  /** By the worker that fetched the task; `unknown`: there is no such task. */
  async release(taskId: string, { workerId, attempt }: Releaser, answer: OutsideAnswer): Promise<OutsideEnd> {
    const [task] = await this.#options.storage.getTasks([taskId])
    if (!task) return 'unknown'
    const isOf = (holder: string, number: number): boolean =>
      pollerOf(holder)?.workerId === workerId && (attempt === undefined || attempt === number)
    const holder = task.lease?.holder ?? ''
    return this.#endOnce(task, answer, {
      holder,
      statusCode: null,
      isCurrent: () => isOf(holder, task.attempts),
      wasBy: ({ instance, number }) => isOf(instance, number),
    })
  }

  /** Null: the attempt is over; undefined: there never was one. */
  async heartbeat(token: string): Promise<KeptLease | null | undefined> {
    const credential = parseCallbackToken(token)
    const task = credential && (await this.#taskOf(credential))
    if (!task) return undefined
    if (!task.lease || !isCurrent(credential, task.lease.token)) return null
    const leaseMs = pollerOf(task.lease.holder)?.leaseMs ?? heartbeatMs(this.#options, task)
    const until = this.#options.clock.now() + leaseMs
    const lost = await this.#options.storage.renewLeases([{ taskId: task.id, token: task.lease.token }], until)
    return lost.length > 0 ? null : { task, until }
  }

  async #taskOf({ taskId }: CallbackCredential): Promise<Task | undefined> {
    return (await this.#options.storage.getTasks([taskId]))[0]
  }

  async #endOnce(task: Task, answer: OutsideAnswer, by: Sender): Promise<OutsideEnd> {
    if (task.lease && by.isCurrent(task.lease)) {
      const { lease } = task
      const ending = this.#ending.get(lease.token) ?? this.#conclude(task, answer, { ...by, lease })
      this.#ending.set(lease.token, ending)
      const result = await ending.finally(() => this.#ending.delete(lease.token))
      if (result === 'applied' || result === 'duplicate') return 'done'
    }
    const records = await this.#options.storage.listAttempts(task.id)
    // The newest of the sender's: a polling worker may have had the task before, and ended it then.
    const own = records.find(by.wasBy)
    return own && wasEndedBy(own, by) ? 'done' : 'superseded'
  }

  #conclude(
    task: Task,
    { kind, body: said }: OutsideAnswer,
    { holder, statusCode, lease }: { holder: string; statusCode: number | null; lease: NonNullable<Task['lease']> },
  ) {
    const endedAt = this.#options.clock.now()
    const bytes = Buffer.byteLength(said)
    const body = this.#options.book.withoutSecrets(task.worker, said)
    const attempt: EndedAttempt = {
      outcome: readOutsideAnswer({ kind, body }),
      token: lease.token,
      instance: holder,
      startedAt: lease.startedAt,
      endedAt,
      statusCode,
      bytes,
    }
    countEnd(this.#options, task, attempt)
    return concludeAttempt(this.#options, { task, attempt, watched: UNWATCHED })
  }
}

/** Who answers. */
interface Sender {
  /** Booked as who ran the attempt. */
  readonly holder: string
  readonly statusCode: number | null
  isCurrent(lease: NonNullable<Task['lease']>): boolean
  /** Whether an attempt that was booked so was the sender's. */
  wasBy(record: AttemptRecord): boolean
}

/** A loss is booked for its holder too, but nobody answered. */
const wasEndedBy = ({ outcome, statusCode }: AttemptRecord, by: Sender): boolean =>
  statusCode === by.statusCode && outcome !== 'lost'
