/** What a demo worker is given: the body that Crew POSTs, plus the delivery id from the headers. */
export interface WorkerCall {
  readonly taskId: string
  readonly worker: string
  readonly workgroup: string
  readonly input: unknown
  readonly parents: readonly ParentResult[]
  /** The same for every retry of one run, a new one after a reset: what a careful worker hands on to its provider. */
  readonly deliveryId: string
  readonly signal: AbortSignal
}

/** A completed parent, as it stands in the body's `parents`. */
export interface ParentResult {
  readonly taskId: string
  readonly worker: string
  readonly input: unknown
  readonly output: unknown
}

/** What a demo worker gives back; replies.ts turns it into the HTTP answer. */
export type WorkerReply =
  | {
      readonly kind: 'done'
      readonly output: unknown
      readonly children?: readonly ChildTask[]
      readonly headers?: ReplyHeaders
    }
  | { readonly kind: 'failed'; readonly error: string; readonly status?: number; readonly isRetryable?: boolean }
  | {
      readonly kind: 'rateLimited'
      readonly error: string
      readonly retryAfterSeconds: number
      readonly headers?: ReplyHeaders
    }

/** Passed on from the provider: what it says about its limits is Crew's to read. */
export type ReplyHeaders = Readonly<Record<string, string>>

/** A continuation: a task that the answer asks Crew to create, with the field names of the wire. */
export interface ChildTask {
  readonly id: string
  readonly name: string
  readonly worker: string
  readonly parentIds: readonly string[]
  readonly input: unknown
  readonly workgroup?: string
  readonly errorDelayInSeconds?: number
  readonly metadata?: Readonly<Record<string, string>>
}

/** One worker: its name below `/demo/` (`x/*` is every name below `x/`), a sentence for the list, and the work. */
export interface DemoWorker {
  readonly name: string
  readonly about: string
  run(call: WorkerCall): Promise<WorkerReply>
  /** Answers what is no attempt (GET, PUT): how a simulation is set up and read. Absent: there is nothing to. */
  administer?(request: Request, name: string): Promise<Response>
}

/** Everything a worker takes from outside, so that tests are deterministic and take no time. */
export interface World {
  readonly random: () => number
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>
  readonly now: () => number
}
