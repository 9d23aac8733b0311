import type { ErrorCode } from './errors.ts'

/** What whoever meets an error should know beyond its title: when it comes, and what to do. Markdown's backticks are code. */
export interface ErrorAdvice {
  readonly when: string
  readonly todo: string
  /** Whether the same request may succeed later without anybody changing anything. */
  readonly isTransient?: true
}

const look = (what: string, list: string): ErrorAdvice => ({
  when: `No ${what} has the id or name in the address, or it was deleted.`,
  todo: `Look it up: \`GET /api/v1/${list}\`. Names with a slash stand as they are or as \`%2F\`.`,
})

/** One for each code of the catalogue: a new code does not compile without it. */
export const errorAdvice: Readonly<Record<ErrorCode, ErrorAdvice>> = {
  invalid_json: {
    when: 'The body is no JSON, or not UTF-8, or ended too early. `detail` names the place.',
    todo: 'Mend the body. In a shell, put it into single quotes, or into a file: `curl -d @graph.json`.',
  },
  invalid_idempotency_key: {
    when: 'The `Idempotency-Key` header is empty, too long, or has other than printable ASCII characters.',
    todo: 'Send 1 to 128 printable ASCII characters: a UUID is fine.',
  },
  json_too_deep: {
    when: 'Objects and arrays stand in each other more than 100 levels deep.',
    todo: 'Send a flatter value, or the nested one as a string.',
  },
  unauthorized: {
    when: 'No session and no token came with the request, or it has ended or was revoked.',
    todo: 'Log in (`POST /login`), or send `Authorization: Bearer TOKEN` with one of `POST /api/v1/tokens` or the `CREW_AUTH_TOKEN`.',
  },
  login_failed: {
    when: 'The user does not exist or the password is another one; which of the two is not told.',
    todo: 'Try again, or have an admin set a new password. After five failures in a minute it is 429 for a while.',
  },
  forbidden: {
    when: 'The role of the user or token is too small for it, or a browser sent it from another site.',
    todo: 'Use a token of the role that `detail` names: `viewer` reads, `operator` acts, `admin` sets up.',
  },
  group_not_found: look('task group', 'task_groups'),
  task_not_found: {
    when: 'No task has this id, it was deleted, or it is in another group than the address says.',
    todo: 'Look it up in its group: `GET /api/v1/task_group/ID/tasks?search=…`.',
  },
  workgroup_not_found: look('workgroup', 'workgroups'),
  worker_not_found: look('worker', 'workers'),
  schedule_not_found: look('schedule', 'schedules'),
  user_not_found: look('user', 'users'),
  token_not_found: look('token', 'tokens'),
  view_not_found: {
    when: 'No view has this id, it was deleted, or it is of somebody who does not share it.',
    todo: 'Look it up: `GET /api/v1/views`.',
  },
  bulk_not_found: {
    when: 'The preview or operation does not exist, or is so old that it was cleaned up.',
    todo: 'Make a new preview; operations that run are listed by `GET /api/v1/bulk`.',
  },
  attempt_not_found: {
    when: 'The token in the address was never one of an attempt, or its task was deleted.',
    todo: 'Use `callback.url` as it was sent, unchanged.',
  },
  error_not_found: {
    when: 'No task fails by this kind of error any more.',
    todo: 'Look at what fails now: `GET /api/v1/errors`.',
  },
  route_not_found: {
    when: 'Nothing answers at this address.',
    todo: 'Compare it with `/docs`. Behind a proxy at a path, `CREW_BASE_PATH` has to say that path.',
  },
  method_not_allowed: {
    when: 'There is such an address, but not with this method. The `Allow` header has those that it takes.',
    todo: 'Use one of these.',
  },
  duplicate_id: {
    when: 'A task, group or other thing has this id already. Nothing was created.',
    todo: 'Leave the id out and one is made; or take it as done, if it was you who created it before.',
  },
  task_running: {
    when: 'The task is under way, and a worker has what would change.',
    todo: 'Wait until its attempt ends, or reset it: a late answer then changes nothing.',
    isTransient: true,
  },
  last_admin: {
    when: 'Nobody would be left who may add users.',
    todo: 'Make another user an admin first.',
  },
  password_is_configured: {
    when: 'The password of this user is `CREW_AUTH_PASSWORD`, which no request can change. Nothing was changed.',
    todo: 'Change it there (the environment, `--auth-password` or `crew.toml`) and restart, or take it away: then it can be changed here.',
  },
  attempt_superseded: {
    when: 'The attempt is over: it timed out, its lease ended, it was answered, or its task was reset or deleted.',
    todo: 'Stop working on it; nothing that is sent for it counts. If the work takes longer than its time, send heartbeats.',
  },
  worker_is_pushed: {
    when: 'A polling worker asks for tasks of a worker that Crew calls by itself.',
    todo: 'Set `mode` of the worker to `pull` or `both`.',
  },
  worker_has_no_address: {
    when: 'The worker has no `url`, and there is no base URL.',
    todo: 'Give it a `url`, or start Crew with `CREW_WORKER_BASE_URL`.',
  },
  conflict: {
    when: 'Somebody else changed the same thing at the same moment, again and again. Nothing was changed.',
    todo: 'Read it again and repeat.',
    isTransient: true,
  },
  idempotency_key_in_use: {
    when: 'The first request with this key has not been answered yet.',
    todo: 'Wait as long as `Retry-After` says, then send it again: it gets the answer of the first.',
    isTransient: true,
  },
  idempotency_answer_not_kept: {
    when: 'The request was done before, but its answer was too large to be kept, or held a secret.',
    todo: 'Read what it made instead of sending it again.',
  },
  snapshot_expired: {
    when: 'What a preview counted is too old to act on.',
    todo: 'Make a new preview, look at it, and start that one.',
  },
  body_too_large: {
    when: 'The body is larger than `CREW_MAX_BODY_BYTES` or than this address can use, or holds more than 500,000 values outside `input` and `output`.',
    todo: 'Send less at once (tasks in batches), raise the limit, or store the data elsewhere and send its address.',
  },
  unsupported_media_type: {
    when: 'The body is declared as something else than JSON.',
    todo: 'Send `Content-Type: application/json`.',
  },
  invalid_request: {
    when: 'A field is missing, unknown or has a value that it cannot have. Nothing was changed.',
    todo: '`errors` has a JSON pointer and a sentence for each fault; mend them all at once.',
  },
  idempotency_key_reused: {
    when: 'The key was used before for another body or another address.',
    todo: 'Make a new key for each thing that you want done.',
  },
  unknown_parent: {
    when: 'A task names a parent that is neither in the request nor in its group. Nothing was created.',
    todo: 'Create the parent first, or both in one call, in any order.',
  },
  key_scope_unavailable: {
    when: '`keyScope: "worker"` needs one place for all groups, which a Redis Cluster does not have.',
    todo: 'Use keys within a group, or one Redis, or the embedded store.',
  },
  cycle: {
    when: 'Tasks wait for each other in a circle, which `detail` spells out. Nothing was created.',
    todo: 'Take one of these parents away.',
  },
  too_many_requests: {
    when: 'Too many tries to log in, bulk operations under way, or clients that listen at once; `detail` says which.',
    todo: 'Wait as long as `Retry-After` says, or until one of them has ended.',
    isTransient: true,
  },
  internal: {
    when: 'Crew made a mistake. It is logged with the request id that `instance` has.',
    todo: 'Look into the log under this id, and please report it. Sending it again with the same `Idempotency-Key` is safe.',
    isTransient: true,
  },
  storage_full: {
    when: 'The disk, or the memory of Redis, is full. Reading goes on; nothing new starts; answers of workers are kept.',
    todo: 'Make room: enlarge the disk, or delete what nobody needs. Crew goes on by itself.',
    isTransient: true,
  },
  storage_unavailable: {
    when: 'The storage did not answer in time. Nothing new starts; answers of workers are kept until it is back.',
    todo: 'Send it again after `Retry-After`; a POST with an `Idempotency-Key`, as it may have been done.',
    isTransient: true,
  },
  password_unreadable: {
    when: 'A server on Bun kept the password of this user, and this one runs inside an application on a Node before 24.7.',
    todo: 'Run it on Bun or Node 24.7 or newer, or have an admin set a new password here.',
  },
  shutting_down: {
    when: 'This server is about to stop and takes nothing new.',
    todo: 'Send it again after `Retry-After`, to another server if there are several.',
    isTransient: true,
  },
}
