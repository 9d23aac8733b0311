import type { Problem } from './operations.ts'

/** A refusal of the server (RFC 9457), or that there was no answer. */
export class ApiError extends Error {
  readonly status: number
  readonly code: Problem['code'] | 'no_answer'
  readonly faults: NonNullable<Problem['errors']>
  readonly requestId: string

  constructor(problem: Partial<Problem> & { readonly detail: string }) {
    super(problem.detail)
    this.status = problem.status ?? 0
    this.code = problem.code ?? 'no_answer'
    this.faults = problem.errors ?? []
    this.requestId = problem.instance ?? ''
  }
}

/** The sentence to show; what was thrown is nearly always an ApiError. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

export async function problemOf(answer: Response): Promise<ApiError> {
  const text = await answer.text()
  if (/\bjson\b/.test(answer.headers.get('content-type') ?? '')) {
    const problem: Problem = JSON.parse(text)
    return new ApiError(problem)
  }
  return new ApiError({
    status: answer.status,
    detail: `The server, or what stands before it, answered ${answer.status}.`,
  })
}
