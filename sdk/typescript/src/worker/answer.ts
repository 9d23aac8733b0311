import type { ChildTask } from './child.ts'

/** What an answer may ask for besides keeping its output. */
export interface AnswerOptions {
  /** Tasks to be created together with this one's completion: all of them or none. */
  readonly children?: readonly ChildTask[]
  /** Holds everything of the task's workgroup for so many seconds. */
  readonly workgroupDelayInSeconds?: number
  /** No child, new or already there, starts earlier than in so many seconds. */
  readonly childrenDelayInSeconds?: number
  /** Which workgroup the delay is for, when that was learnt only while running. */
  readonly workgroup?: string
}

/** An output with what it asks for; made by `answer()`. */
export class Answer<Output = unknown> {
  readonly output: Output
  readonly options: AnswerOptions

  constructor(output: Output, options: AnswerOptions) {
    this.output = output
    this.options = options
  }
}

/**
 * An output, and what Crew shall do about it.
 *
 * @example
 * return answer({ pages: 2 }, { children: [child({ worker: 'fetch-page', input: { page: 1 } })], childrenDelayInSeconds: 5 })
 */
export function answer<Output>(output: Output, options: AnswerOptions = {}): Answer<Output> {
  return new Answer(output, options)
}
