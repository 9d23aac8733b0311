import { type CrewProblem, problemOf } from '../client/crew-problem.ts'
import type { Host } from '../host.ts'
import { retrying } from '../http/retrying.ts'
import { isRecord, parseJson, textOf } from '../json.ts'
import { type Ending, endingOf, failed, messageOf } from '../worker/ending.ts'
import { AttemptSuperseded, type LongWork, type Report } from './accepted.ts'
import { fittingReport } from './fitting-report.ts'

/** Where an attempt tells how far it is and how it ended. */
export interface AttemptChannel {
  heartbeat(report: Report, signal: AbortSignal): Promise<Response>
  end(ending: Ending, signal: AbortSignal): Promise<Response>
}

export interface RunOptions {
  readonly channel: AttemptChannel
  readonly host: Host
  /** How long Crew waits for a heartbeat. */
  readonly leaseMs: number
  readonly taskId: string
  /** Told once when heartbeats are not heard. */
  readonly warn: (error: Error) => void
}

/** `Date` has whole seconds: less would be their rounding. */
const MIN_LEASE_MS = 1000
/** A third of the lease: two heartbeats may get lost. */
const BEATS_A_LEASE = 3
/** A server that needs longer for such small questions is as good as away. */
const TIMEOUT_MS = 10_000
/** A restart or a short outage of the server must not cost the work; later its lease is over in any case. */
const MIN_RETRY_MS = 300_000

/**
 * Works, keeps the attempt alive meanwhile, and tells how it ended, again and again while the server is away: telling it twice
 * does no harm. Never rejects for what the work does, only when the end could not be told.
 */
export async function runAttempt(work: LongWork, options: RunOptions): Promise<'ended' | 'superseded'> {
  const superseded = new AbortController()
  const over = new AbortController()
  const lease: Lease = { ms: options.leaseMs, isWarned: false }
  const beat = (report: Report): Promise<boolean> => heartbeat(report, { ...options, lease, superseded })
  const beating = keepBeating(beat, { ...options, lease }, AbortSignal.any([over.signal, superseded.signal]))
  try {
    const ending = await endOf(work, {
      signal: superseded.signal,
      heartbeat: async (report = {}) => void (await beat(report)),
    })
    return superseded.signal.aborted ? 'superseded' : await tell(ending, options, superseded.signal)
  } finally {
    over.abort()
    await beating
  }
}

/** How long the server waits for a heartbeat, as it is known by now. */
interface Lease {
  ms: number
  isWarned: boolean
}

interface BeatOptions extends RunOptions {
  readonly lease: Lease
  readonly superseded: AbortController
}

/** True when the server has heard it; a server that does not answer is asked again by the next one. */
async function heartbeat(report: Report, options: BeatOptions): Promise<boolean> {
  const { channel, lease, superseded } = options
  superseded.signal.throwIfAborted()
  const timeout = AbortSignal.timeout(Math.min(TIMEOUT_MS, lease.ms))
  const response = await channel
    .heartbeat(fittingReport(report), timeout)
    .catch((error) => (error instanceof Error ? error : new Error(String(error))))
  if (response instanceof Error) return unheard(`did not reach Crew: ${messageOf(response)}`, options)
  if (response.ok) {
    lease.ms = Math.min(lease.ms, await leaseTold(response))
    return true
  }
  const problem = await problemOf(response)
  if (!isSuperseded(problem)) return unheard(`was refused with ${problem.status}: ${problem.message}`, options)
  superseded.abort(new AttemptSuperseded(problem.message))
  throw superseded.signal.reason
}

function unheard(what: string, { lease, taskId, warn }: BeatOptions): false {
  if (!lease.isWarned) warn(new Error(`a heartbeat of task ${taskId} ${what}`))
  lease.isWarned = true
  return false
}

/** By the server's own clock, in its `Date`: ours may be far off. Infinite when it does not tell. */
async function leaseTold(response: Response): Promise<number> {
  const body = parseJson(await response.text().catch(() => ''))
  const until = Date.parse(isRecord(body) ? textOf(body.leaseUntil) : '')
  const ms = until - Date.parse(response.headers.get('date') ?? '')
  return Number.isFinite(ms) ? Math.max(MIN_LEASE_MS, ms) : Number.POSITIVE_INFINITY
}

async function keepBeating(
  beat: (report: Report) => Promise<boolean>,
  { host, lease }: RunOptions & { readonly lease: Lease },
  until: AbortSignal,
): Promise<void> {
  let wasHeard = true
  while (!until.aborted) {
    const waitMs: number = lease.ms / BEATS_A_LEASE / (wasHeard ? 1 : BEATS_A_LEASE)
    // A refusal has aborted what it is about, and there is nobody else to tell it.
    wasHeard = await host
      .sleep(waitMs, until)
      .then(() => beat({}))
      .catch(() => true)
  }
}

async function endOf(work: LongWork, attempt: Parameters<LongWork>[0]): Promise<Ending> {
  try {
    return endingOf(await work(attempt))
  } catch (error) {
    return failed(error)
  }
}

async function tell(ending: Ending, options: RunOptions, signal: AbortSignal): Promise<'ended' | 'superseded'> {
  const { channel, host, leaseMs } = options
  const send = async (timeout: AbortSignal): Promise<Response> => ofCrew(await channel.end(ending, timeout))
  const retry = { host, forMs: Math.max(MIN_RETRY_MS, leaseMs), timeoutMs: TIMEOUT_MS }
  const response = await retrying(send, { ...retry, signal }).catch((error) =>
    signal.aborted ? null : Promise.reject(error),
  )
  if (response === null) return 'superseded'
  if (response.ok) return 'ended'
  const problem = await problemOf(response)
  if (isSuperseded(problem)) return 'superseded'
  const refusal = new Error(`the answer was refused with ${response.status}: ${problem.message}`)
  // An answer that cannot be taken, like a child without a worker, fails the attempt now, and not when its lease is over.
  if (ending.kind === 'complete' && response.status < 500) return tell(failed(refusal), options, signal)
  throw refusal
}

/** Throws, so that it is asked again, what something before the server may have said; 413 is about what is sent. */
async function ofCrew(response: Response): Promise<Response> {
  const { ok, status } = response
  if (ok || status >= 500 || status === 429) return response
  const problem = await problemOf(response.clone())
  const isOther = [404, 409].includes(status) ? !isSuperseded(problem) : problem.code === 'unexpected_answer'
  if (isOther && status !== 413) throw problem
  return response
}

/** Told by the code alone: a 404 may be that of a proxy. A token that is not known any more leads nowhere either. */
const isSuperseded = ({ code }: CrewProblem): boolean => code === 'attempt_superseded' || code === 'attempt_not_found'
