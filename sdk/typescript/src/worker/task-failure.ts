/** What a failure tells Crew besides its message. */
export interface FailureOptions {
  /** False: no more attempts. */
  readonly retryable?: boolean
  /** When this task is tried again; without it, after its own retry delay. */
  readonly retryAfterSeconds?: number
  /** Holds everything of the workgroup for so many seconds. */
  readonly workgroupDelayInSeconds?: number
  /** Which workgroup the delay is for; without it the task's own. */
  readonly workgroup?: string
  /** Where there is no status to tell it by: uses up no attempt. */
  readonly rateLimited?: true
}

/** A failure that says what shall come of it; thrown, or returned, by a handler. */
export class TaskFailure extends Error {
  readonly options: FailureOptions
  /** The status that Crew reads it off: 429 uses up no attempt. */
  readonly status: 200 | 429

  constructor(message: string, options: FailureOptions, status: 200 | 429 = 200) {
    super(message)
    this.name = 'TaskFailure'
    this.options = options
    this.status = status
  }
}

/**
 * The API behind the worker wants fewer calls: the task's workgroup, or its worker if it has none, is held for so many
 * seconds. Uses up no attempt.
 *
 * @example
 * if (response.status === 429) throw rateLimited(Number(response.headers.get('retry-after') ?? 60))
 */
export function rateLimited(
  seconds: number,
  options: { readonly workgroup?: string; readonly message?: string } = {},
): TaskFailure {
  const { workgroup, message = 'rate limited' } = options
  return new TaskFailure(
    message,
    { rateLimited: true, workgroupDelayInSeconds: seconds, ...(workgroup !== undefined && { workgroup }) },
    429,
  )
}

/**
 * Trying again would not help: the task fails at once, whatever attempts it has left.
 *
 * @example
 * if (task.input.email === '') throw nonRetryable('the order has no e-mail address')
 */
export function nonRetryable(message: string): TaskFailure {
  return new TaskFailure(message, { retryable: false })
}

/**
 * Try this task again in so many seconds; others go on.
 *
 * @example
 * throw retryAfter(600, 'the report is not ready yet')
 */
export function retryAfter(seconds: number, message: string): TaskFailure {
  return new TaskFailure(message, { retryAfterSeconds: seconds })
}
