import { CrewError, type ErrorCode } from '../core/errors.ts'

/** A refusal that ends by itself: its answer carries `Retry-After`. */
export class RetryLaterError extends CrewError {
  readonly retryAfterSeconds: number

  constructor(code: ErrorCode, message: string, retryAfterSeconds: number) {
    super(code, message)
    this.retryAfterSeconds = retryAfterSeconds
  }
}
