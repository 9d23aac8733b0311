import { cutText } from '../core/cut-text.ts'
import { CrewError } from '../core/errors.ts'
import { newTask } from '../core/new-task.ts'
import type { Task } from '../core/task.ts'
import { readReply } from '../core/worker-response.ts'
import type { TestedCall, WorkerContext } from './worker-context.ts'
import { refuseName } from './worker-views.ts'

/** What one call of a worker gave. */
export interface WorkerTest {
  readonly call: TestedCall
  /** Null: there was none. */
  readonly answer: {
    readonly status: number
    readonly headers: Readonly<Record<string, string | string[] | undefined>>
    readonly body: string
    readonly durationMs: number
  } | null
  readonly outcome: TestOutcome
  /** Null on success. */
  readonly error: string | null
}

/** As attempts have them. */
export type TestOutcome = 'succeeded' | 'failed' | 'rateLimited' | 'timeout' | 'networkError' | 'badResponse'

/** Enough to see what is wrong. */
const MAX_BODY_BYTES = 64 * 1024

/** One call outside any group, that nothing comes of: no task, no attempt, no hold. */
export async function testWorker(
  context: WorkerContext,
  worker: string,
  options: { readonly input?: string | undefined; readonly timeoutSeconds?: number | undefined },
): Promise<WorkerTest> {
  refuseName(worker)
  const call = await context.directory.test(madeUpTask(context, worker, options))
  if (call === null)
    throw new CrewError('worker_has_no_address', `Give worker "${worker}" a url, or set CREW_WORKER_BASE_URL.`)
  const { reply, durationMs } = call
  const outcome = readReply(reply, context.clock.now())
  return {
    call,
    answer:
      reply.kind === 'answer'
        ? { status: reply.status, headers: reply.headers, body: cutText(reply.body, MAX_BODY_BYTES), durationMs }
        : null,
    outcome: outcome.kind === 'success' ? 'succeeded' : outcome.kind === 'failure' ? outcome.reason : outcome.kind,
    error: outcome.kind === 'success' ? null : outcome.error,
  }
}

/** It looks like the first attempt of a task that can only be tried once. */
function madeUpTask(
  { newId, clock }: WorkerContext,
  worker: string,
  {
    input = 'null',
    timeoutSeconds,
  }: { readonly input?: string | undefined; readonly timeoutSeconds?: number | undefined },
): Task {
  const id = `test-${newId()}`
  const wanted = {
    id,
    worker,
    name: 'a test call',
    input,
    timeoutSeconds: timeoutSeconds ?? null,
    remainingAttempts: 1,
  }
  const now = clock.now()
  return { ...newTask(wanted, { groupId: id, keyScope: 'group', now, createdBy: '', runAfter: now }), attempts: 1 }
}
