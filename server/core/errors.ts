/**
 * The one catalogue of errors. Every refusal a caller can meet has a stable `code` here (WIRE, "every error is problem+json");
 * the message says what happened, to what, and what to do.
 */
const catalogue = {
  invalid_json: { status: 400, title: 'The body is not valid JSON' },
  invalid_idempotency_key: { status: 400, title: 'The Idempotency-Key is not valid' },
  json_too_deep: { status: 400, title: 'The body is nested too deeply' },
  unauthorized: { status: 401, title: 'Log in first' },
  login_failed: { status: 401, title: 'Wrong user name or password' },
  forbidden: { status: 403, title: 'Not allowed' },
  group_not_found: { status: 404, title: 'No such task group' },
  task_not_found: { status: 404, title: 'No such task' },
  workgroup_not_found: { status: 404, title: 'No such workgroup' },
  worker_not_found: { status: 404, title: 'No such worker' },
  schedule_not_found: { status: 404, title: 'No such schedule' },
  user_not_found: { status: 404, title: 'No such user' },
  token_not_found: { status: 404, title: 'No such token' },
  view_not_found: { status: 404, title: 'No such saved view' },
  bulk_not_found: { status: 404, title: 'No such bulk operation or preview' },
  attempt_not_found: { status: 404, title: 'No such attempt' },
  error_not_found: { status: 404, title: 'No such error' },
  route_not_found: { status: 404, title: 'No such address' },
  method_not_allowed: { status: 405, title: 'Method not allowed here' },
  duplicate_id: { status: 409, title: 'The id is taken' },
  task_running: { status: 409, title: 'The task is running' },
  last_admin: { status: 409, title: 'An admin has to stay' },
  password_is_configured: { status: 409, title: 'The password is set by the configuration' },
  attempt_superseded: { status: 409, title: 'The attempt is over' },
  worker_is_pushed: { status: 409, title: 'Tasks of this worker are not fetched' },
  worker_has_no_address: { status: 409, title: 'Nobody knows where the worker is' },
  conflict: { status: 409, title: 'Changed by somebody else at the same time' },
  idempotency_key_in_use: { status: 409, title: 'A request with this Idempotency-Key is under way' },
  idempotency_answer_not_kept: { status: 409, title: 'Done before, and the answer is not kept' },
  snapshot_expired: { status: 410, title: 'The preview is too old' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'Send application/json' },
  invalid_request: { status: 422, title: 'The request is not valid' },
  idempotency_key_reused: { status: 422, title: 'The Idempotency-Key was used for another request' },
  unknown_parent: { status: 422, title: 'A parent does not exist' },
  key_scope_unavailable: { status: 422, title: 'Keys cannot exclude over several groups here' },
  cycle: { status: 422, title: 'The parents form a cycle' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Something went wrong in the server' },
  storage_full: { status: 503, title: 'The storage is full' },
  storage_unavailable: { status: 503, title: 'The storage does not answer' },
  password_unreadable: { status: 503, title: 'The password cannot be checked here' },
  shutting_down: { status: 503, title: 'The server is shutting down' },
} as const

/** A stable word of the error catalogue. */
export type ErrorCode = keyof typeof catalogue

/** One fault in a request: a JSON pointer (RFC 6901) to it and a sentence about it. */
export interface Fault {
  readonly pointer: string
  readonly detail: string
}

/** A refusal with a code of the catalogue. Expected answers inside the server are values, not errors of this kind. */
export class CrewError extends Error {
  readonly code: ErrorCode
  readonly faults: readonly Fault[]

  constructor(code: ErrorCode, message: string, faults: readonly Fault[] = []) {
    super(message)
    this.name = 'CrewError'
    this.code = code
    this.faults = faults
  }

  /** The HTTP status that goes with the code. */
  get status(): number {
    return catalogue[this.code].status
  }

  /** The short sentence that is the same for every error of this code (RFC 9457 `title`). */
  get title(): string {
    return catalogue[this.code].title
  }
}

/** All codes with their status and title, for the documentation and its test. */
export const errorCatalogue: Readonly<Record<ErrorCode, { readonly status: number; readonly title: string }>> =
  catalogue
