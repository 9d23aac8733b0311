import type { Clock } from '../core/clock.ts'
import { CrewError } from '../core/errors.ts'
import { shownSignature } from '../core/signature.ts'
import type { Task } from '../core/task.ts'
import { MASK, withOwnHeaders, withoutSecrets } from '../core/worker-headers.ts'
import { type Callback, type ParentInput, requestHeaders } from '../core/worker-request.ts'
import type { WorkerReply } from '../core/worker-response.ts'
import type { CallPlan, StoredWorkerBook } from './worker-book.ts'
import { bodyOfCall, callOf, endWithout, urlOfCall } from './worker-call.ts'
import type { CallEnd, WorkerClient } from './worker-client.ts'

export interface WorkerTesterOptions {
  readonly book: StoredWorkerBook
  readonly client: WorkerClient
  readonly clock: Clock
  readonly newTraceparent: () => string
  readonly version: string
}

/** A call with what came of it, fit to be shown: no secret is in it. */
export interface TestedCall {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly reply: WorkerReply
  readonly durationMs: number
}

/** What would be sent, fit to be shown. */
export type ShownRequest = Pick<TestedCall, 'url' | 'headers' | 'body'>

/** Who has the token of an attempt can finish it: only its worker gets it. */
const SHOWN_CALLBACK: Callback = { url: MASK, token: MASK }

/** Each waits as long as its worker takes. */
const MAX_TESTS = 10
/** So that a worker can tell it from a task. */
const TEST_HEADER = ['crew-test', '1']

/** Calls workers by hand. Not bound by their limits: it is one call, and is asked for when something is wrong with them. */
export class WorkerTester {
  readonly #options: WorkerTesterOptions
  #running = 0

  constructor(options: WorkerTesterOptions) {
    this.#options = options
  }

  /** Null: nobody knows where the worker is. */
  async test(task: Task): Promise<TestedCall | null> {
    const plan = this.#options.book.planOf(task.worker)
    if (plan.kind !== 'push') return null
    if (this.#running >= MAX_TESTS)
      throw new CrewError('too_many_requests', `${MAX_TESTS} test calls are under way: wait for one to end.`)
    this.#running++
    try {
      return await this.#call(plan, task)
    } finally {
      this.#running--
    }
  }

  /** What an attempt of this task sends; null: nothing is POSTed to its worker. */
  preview(task: Task, parents: readonly ParentInput[]): ShownRequest | null {
    const plan = this.#options.book.planOf(task.worker)
    if (plan.kind !== 'push') return null
    const around = { version: this.#options.version, traceparent: this.#options.newTraceparent() }
    return {
      url: urlOfCall(plan, task),
      headers: pairsOf(this.#shownHeaders(plan, task, around)),
      body: bodyOfCall(task, parents, SHOWN_CALLBACK),
    }
  }

  async #call(plan: CallPlan & { kind: 'push' }, task: Task): Promise<TestedCall> {
    const { client, clock, version, newTraceparent } = this.#options
    const startedAt = clock.now()
    const around = { version, traceparent: newTraceparent(), parents: [], callback: null, now: startedAt }
    const call = callOf(plan, task, around)
    const end =
      call.kind === 'none'
        ? call.end
        : await client.post({
            ...call.request,
            headers: [...call.request.headers, ...TEST_HEADER],
            mayStart: () => true,
          }).reply
    return {
      url: urlOfCall(plan, task),
      headers: pairsOf([...this.#shownHeaders(plan, task, around), ...TEST_HEADER]),
      body: bodyOfCall(task, [], null),
      reply: shownReply(end, call.kind === 'request' ? call.secrets : []),
      durationMs: clock.now() - startedAt,
    }
  }

  /** Secrets by their names, as they were set. */
  #shownHeaders(
    plan: CallPlan & { kind: 'push' },
    task: Task,
    around: { version: string; traceparent: string },
  ): readonly string[] {
    const timeoutSeconds = task.timeoutSeconds ?? plan.timeoutSeconds
    const authorization = plan.authorization === null ? null : MASK
    const common = requestHeaders(task, { ...around, timeoutSeconds, authorization })
    const { headers } = this.#options.book.settingsOf(task.worker)
    return [...withOwnHeaders(common, headers), ...shownSignature(plan.signing)]
  }
}

/** Names and values in turn, as an object. */
const pairsOf = (list: readonly string[]): Record<string, string> =>
  Object.fromEntries(list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1] ?? '']] : [])))

/** Whatever a worker says back may hold what it was sent. */
function shownReply(end: CallEnd, secrets: readonly string[]): WorkerReply {
  const shown = endWithout(end, secrets)
  if (shown.kind === 'unsent') return { kind: 'networkError', message: 'the call was not sent' }
  if (shown.kind !== 'answer') return shown
  const clean = (text: string): string => withoutSecrets(text, secrets)
  const headers = Object.entries(shown.headers).map(([name, value]) => {
    if (name === 'set-cookie') return [name, MASK]
    return [name, Array.isArray(value) ? value.map(clean) : value && clean(value)]
  })
  return { ...shown, headers: Object.fromEntries(headers) }
}
