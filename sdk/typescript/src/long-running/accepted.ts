import type { Answer } from '../worker/answer.ts'
import type { TaskFailure } from '../worker/task-failure.ts'

/** What a worker tells while it works. */
export interface Report {
  /** From 0 to 1. */
  readonly progress?: number
  readonly message?: string
  /** Lines to be kept with the attempt. */
  readonly logs?: readonly string[]
}

/** An attempt that goes on after its request was answered. */
export interface Attempt {
  /** Aborts when the attempt was superseded (the task was reset, deleted or lost): what it did from there on would count for nothing. */
  readonly signal: AbortSignal
  /**
   * Tells how far it is; keeping the attempt alive is done without it. A server that does not answer is no error; throws
   * `AttemptSuperseded` when there is no use in going on.
   */
  heartbeat(report?: Report): Promise<void>
}

export type LongWork<Output = unknown> = (attempt: Attempt) => Promise<Output | Answer<Output> | TaskFailure>

/** What the answer at once may ask for; all else is told at the end. */
export interface AcceptOptions {
  readonly workgroupDelayInSeconds?: number
  readonly childrenDelayInSeconds?: number
  readonly workgroup?: string
}

/** Work that was accepted and not begun: `defineWorker` begins it when the answer is made. */
export class Accepted {
  readonly work: LongWork
  readonly options: AcceptOptions

  constructor(work: LongWork, options: AcceptOptions) {
    this.work = work
    this.options = options
  }
}

/** The task was reset, deleted, lost or retried while this attempt worked on it. */
export class AttemptSuperseded extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'AttemptSuperseded'
  }
}
