import type { Problem } from '../api-types.ts'
import { isRecord, listOf, parseJson, textOf } from '../json.ts'

/** Of a refusal's faults, where it is (a JSON pointer, RFC 6901) and what. */
export type Fault = NonNullable<Problem['errors']>[number]

interface ProblemFields {
  readonly status: number
  readonly code: CrewProblem['code']
  readonly title: string
  readonly detail: string
  readonly instance?: string
  readonly errors?: readonly Fault[]
}

/**
 * A refusal of the server (RFC 9457), or that there was no answer.
 *
 * @example
 * try {
 *   await crew.getTask('report')
 * } catch (error) {
 *   if (error instanceof CrewProblem && error.code === 'task_not_found') return null
 *   throw error
 * }
 */
export class CrewProblem extends Error {
  /** A stable word of Crew's catalogue; `unreachable` without an answer, `unexpected_answer` when something else answers. */
  readonly code: Problem['code'] | 'unreachable' | 'unexpected_answer'
  /** 0 without an answer. */
  readonly status: number
  /** The sentence that is the same for every problem of this code; `message` is about this one. */
  readonly title: string
  /** The request's id, as it stands in the server's log. */
  readonly instance: string
  readonly errors: readonly Fault[]

  constructor(problem: ProblemFields, options?: ErrorOptions) {
    const faults = (problem.errors ?? []).map(({ pointer, detail }) => `${pointer}: ${detail}`)
    super([problem.detail, ...faults].join('; '), options)
    this.name = 'CrewProblem'
    this.code = problem.code
    this.status = problem.status
    this.title = problem.title
    this.instance = problem.instance ?? ''
    this.errors = problem.errors ?? []
  }
}

/** The problem in an answer that is not 2xx. A redirection is one: followed, it would make a GET of a POST. */
export async function problemOf(response: Response): Promise<CrewProblem> {
  const { status, headers } = response
  const text = await response.text().catch(() => '')
  const problem = parseJson(text)
  if (isRecord(problem) && typeof problem.code === 'string') {
    return new CrewProblem({
      status,
      code: problem.code as Problem['code'],
      title: textOf(problem.title),
      detail: textOf(problem.detail, textOf(problem.title)),
      instance: textOf(problem.instance),
      errors: listOf(problem.errors) as readonly Fault[],
    })
  }
  const detail = `The server, or what stands before it, answered ${status}: ${headers.get('location') ?? text.slice(0, 200)}`
  return new CrewProblem({ status, code: 'unexpected_answer', title: 'Not an answer of Crew', detail })
}
