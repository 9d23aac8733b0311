import type { TaskFacts } from './task.ts'

/** The bindings of a Cloudflare Worker, or whatever a runtime hands over besides the request. */
export type Environment = Readonly<Record<string, string | undefined>>

export interface WorkerOptions {
  /**
   * One or several signing secrets: `whsec_…` as Crew has it, or `whpk_…` for signatures by a private key. Every request has to be signed
   * then, and no younger or older than the tolerance; others get 401. While a secret is replaced, name both. As a function it is
   * given the environment of the request, for Cloudflare Workers without `process.env`.
   *
   * An empty secret is refused when the worker is defined. To take what anybody sends, leave the option out.
   */
  readonly secret?:
    | string
    | readonly string[]
    | ((environment: Environment) => string | readonly string[] | undefined)
    | undefined
  /** How old, or how far ahead, a signed request may be; 300 when left out. */
  readonly toleranceSeconds?: number
  /** The `Authorization` header that requests must have, as in `CREW_WORKER_AUTHORIZATION_HEADER`; others get 401. */
  readonly authorization?: string | undefined
  /** Larger bodies get 413; 64 MiB when left out. */
  readonly maxBodyBytes?: number
  /** Keeps the platform from stopping accepted work: `waitUntil` of `@vercel/functions`, `after` of Next.js. Cloudflare's is found. */
  readonly waitUntil?: (work: Promise<unknown>) => void
  /** Told when the end of accepted work did not reach Crew, which will try the task again; logged with `console.error` otherwise. */
  readonly onLost?: (error: unknown, task: TaskFacts) => void
}
