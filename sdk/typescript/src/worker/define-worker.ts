import { type Host, hostWith } from '../host.ts'
import { isRecord, numberOf, parseJson } from '../json.ts'
import { Accepted } from '../long-running/accepted.ts'
import { callbackChannel, callbackUrl } from '../long-running/callback-channel.ts'
import { runAttempt } from '../long-running/run-attempt.ts'
import type { Answer } from './answer.ts'
import { createRequestCheck } from './check-request.ts'
import { type Ending, endingOf, failed } from './ending.ts'
import { MAX_BODY_BYTES, readBody } from './read-body.ts'
import { jsonResponse, onlyPost, Refusal, refusedWith } from './refusal.ts'
import { readTask, type Task, type TaskFacts } from './task.ts'
import type { TaskFailure } from './task-failure.ts'
import type { WorkerOptions } from './worker-options.ts'

/** Does a task. What it returns is the task's output, what it throws is the attempt's failure. */
export type Handler<Input = unknown, Output = unknown> = (
  task: Task<Input>,
) => Output | Answer<Output> | TaskFailure | Accepted | Promise<Output | Answer<Output> | TaskFailure | Accepted>

/** Of what a platform hands over with a request, the part that matters here. */
export interface RequestContext {
  readonly waitUntil?: (work: Promise<unknown>) => void
}

/** A worker as one web-standard handler. */
export interface Worker {
  /** Answers one request of Crew; never rejects. Needs no `this`, so it may be handed on alone. */
  readonly fetch: (request: Request, environment?: unknown, context?: RequestContext) => Promise<Response>
  /** Resolves when no accepted work is under way: what to wait for before a process ends. */
  readonly settled: () => Promise<void>
}

/**
 * Makes a worker out of a function. `export default` it for Cloudflare Workers and Bun, give its `fetch` to `Deno.serve`, export that
 * as `POST` of a Next.js route; for others there are `crew-sdk/node`, `crew-sdk/lambda` and `crew-sdk/cloud-functions`.
 *
 * @example
 * export default defineWorker<{ city: string }, { degrees: number }>(
 *   async ({ input, signal, deliveryId }) => {
 *     const response = await fetch(`https://weather.example/${input.city}`, { signal, headers: { 'Idempotency-Key': deliveryId } })
 *     if (response.status === 429) throw rateLimited(60)
 *     if (!response.ok) throw new Error(`the weather service answered ${response.status}`)
 *     return response.json()
 *   },
 *   { secret: process.env.CREW_SIGNING_SECRET },
 * )
 */
export function defineWorker<Input = unknown, Output = unknown>(
  handler: Handler<Input, Output>,
  options: WorkerOptions = {},
): Worker {
  return createWorker(handler as Handler, options, hostWith())
}

/** The same in a world that is given. */
export function createWorker(handler: Handler, options: WorkerOptions, host: Host): Worker {
  const check = createRequestCheck(options, host.now)
  const underWay = new Set<Promise<void>>()

  async function answerTo(
    request: Request,
    environment: unknown,
    context: RequestContext | undefined,
  ): Promise<Response> {
    if (request.method !== 'POST') throw onlyPost(request.method)
    await check.authorization(request.headers)
    const bytes = await readBody(request, options.maxBodyBytes ?? MAX_BODY_BYTES)
    await check.signature(request.headers, bytes, environment)
    const call = readCall(request, bytes)
    const result = await run(handler, call, request.signal)
    return result instanceof Accepted ? accept(result, call, context) : responseOf(result)
  }

  function accept(accepted: Accepted, call: Call, context: RequestContext | undefined): Response {
    const { facts, callback, leaseMs } = call
    if (callback === null)
      return responseOf(failed(new Error('this request offers no callback, so it cannot be accepted')))
    const channel = callbackChannel(callback, host)
    const work = afterAnswer(host)
      .then(() => runAttempt(accepted.work, { channel, host, leaseMs, taskId: facts.taskId, warn }))
      .catch((error) => (options.onLost ?? logLost)(error, facts))
      .then(() => void underWay.delete(work))
    underWay.add(work)
    const waitUntil = options.waitUntil ?? context?.waitUntil?.bind(context)
    waitUntil?.(work)
    return jsonResponse(202, JSON.stringify(accepted.options))
  }

  return {
    fetch: async (request, environment, context) => {
      try {
        return await answerTo(request, environment, context)
      } catch (error) {
        return refusal(error)
      }
    },
    settled: async () => void (await Promise.all(underWay)),
  }
}

interface Call {
  readonly facts: TaskFacts
  readonly callback: string | null
  readonly leaseMs: number
}

/** Crew's own default, for calls by hand. */
const TIMEOUT_SECONDS = 300

function readCall(request: Request, bytes: Uint8Array): Call {
  const rawBody = new TextDecoder().decode(bytes)
  const body = parseJson(rawBody)
  if (!isRecord(body)) {
    throw new Refusal(400, 'The body is not a JSON object: Crew POSTs {"input", "taskId", "parents", …}.')
  }
  const leaseMs = numberOf(Number(request.headers.get('crew-timeout') || Number.NaN), TIMEOUT_SECONDS) * 1000
  return { facts: readTask(body, rawBody, request.headers), callback: callbackUrl(body.callback), leaseMs }
}

async function run(handler: Handler, { facts, leaseMs }: Call, caller: AbortSignal): Promise<Ending | Accepted> {
  // Not AbortSignal.timeout: those of a busy worker would add up until their time is over.
  const over = new AbortController()
  const timer = setTimeout(() => over.abort(new DOMException('Crew has stopped waiting', 'TimeoutError')), leaseMs)
  const signal = AbortSignal.any([caller, over.signal])
  try {
    const result = await handler({ ...facts, signal, accept: (work, options = {}) => new Accepted(work, options) })
    return result instanceof Accepted ? result : endingOf(result)
  } catch (error) {
    return failed(error)
  } finally {
    clearTimeout(timer)
  }
}

const responseOf = ({ status, body }: Ending): Response => jsonResponse(status, body)

/** In a task of its own: work that keeps the thread busy must not keep the answer back. */
const afterAnswer = ({ sleep }: Host): Promise<void> => sleep(0)

const refusal = (error: unknown): Response =>
  refusedWith(error instanceof Refusal ? error : new Refusal(500, `The worker cannot take requests: ${String(error)}`))

const warn = (error: Error): void => console.warn('crew-sdk: accepted work', error)

const logLost = (error: unknown, { taskId, attempt }: TaskFacts): void =>
  console.error('crew-sdk: the end of accepted work did not reach Crew', { taskId, attempt, error })
