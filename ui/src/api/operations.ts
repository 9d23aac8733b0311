// Made by `npm run api-types` from the OpenAPI document of the server. Not to be changed by hand.

export interface Activity {
  readonly id: string
  readonly at: string
  readonly actor: string
  readonly action: string
  readonly target: {
  readonly kind: string
  readonly id: string
}
  readonly summary: string
  readonly requestId: string
}

export interface ApiToken {
  readonly id: string
  readonly name: string
  readonly role: 'viewer' | 'operator' | 'admin'
  readonly prefix: string
  readonly createdAt: string
  readonly createdBy: string
  readonly lastUsedAt: string | null
  readonly expiresAt: string | null
}

export interface Attempt {
  readonly number: number
  readonly startedAt: string
  readonly endedAt: string
  readonly durationMs: number
  readonly outcome: 'succeeded' | 'failed' | 'rateLimited' | 'timeout' | 'networkError' | 'badResponse' | 'lost' | 'givenBack'
  readonly statusCode: number | null
  readonly error: string | null
  readonly retryAt: string | null
  readonly deliveryId: string
}

export interface BulkOperation {
  readonly id: string
  readonly action: 'pause' | 'resume' | 'retry' | 'reset' | 'delete' | 'runNow'
  readonly target: 'tasks' | 'groups'
  readonly state: 'running' | 'finished' | 'stopped' | 'interrupted'
  readonly total: number
  readonly done: number
  readonly skipped: number
  readonly failed: number
  readonly faults: readonly ({
  readonly id: string
  readonly message: string
})[]
  readonly startedAt: string
  readonly endedAt: string | null
  readonly actor: string
}

export interface BulkPreview {
  readonly snapshot: string
  readonly action: 'pause' | 'resume' | 'retry' | 'reset' | 'delete' | 'runNow'
  readonly target: 'tasks' | 'groups'
  readonly count: number
  readonly byState: Readonly<Record<string, number>>
  readonly byGroup: readonly ({
  readonly id: string
  readonly name: string
  readonly count: number
})[]
  readonly skipped: readonly ({
  readonly reason: string
  readonly count: number
})[]
  readonly samples: readonly ({
  readonly id: string
  readonly name: string
  readonly state: string
})[]
  readonly expiresAt: string
}

export interface Deleted {
  readonly id: string
  readonly deleted: true
}

export interface FinallyTask {
  readonly name?: string
  readonly worker: string
  readonly workgroup?: string
  readonly remainingAttempts?: number
  readonly priority?: number
  readonly progressWeight?: number
  readonly errorDelayInSeconds?: number
  readonly retry?: Retry | null
  readonly timeoutSeconds?: number | null
  readonly input?: unknown
  readonly metadata?: Readonly<Record<string, string>>
}

export interface GraphInput {
  readonly id?: string
  readonly name?: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly keyScope?: 'group' | 'worker'
  readonly onTaskFailure?: 'wait' | 'continue' | 'failFast'
  readonly notify?: readonly ({
  readonly url: string
  readonly events?: readonly ('group.succeeded' | 'group.failed' | 'group.paused' | 'task.failed')[]
  readonly signingSecret?: string | readonly (string)[] | null
})[]
  readonly finally?: FinallyTask | null
  readonly isPaused?: boolean
  readonly tasks: readonly (TaskInput)[]
}

export interface GroupEdit {
  readonly name?: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly keyScope?: 'group' | 'worker'
  readonly onTaskFailure?: 'wait' | 'continue' | 'failFast'
  readonly notify?: readonly ({
  readonly url: string
  readonly events?: readonly ('group.succeeded' | 'group.failed' | 'group.paused' | 'task.failed')[]
  readonly signingSecret?: string | readonly (string)[] | null
})[]
  readonly finally?: FinallyTask | null
}

export interface GroupInput {
  readonly id?: string
  readonly name?: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly keyScope?: 'group' | 'worker'
  readonly onTaskFailure?: 'wait' | 'continue' | 'failFast'
  readonly notify?: readonly ({
  readonly url: string
  readonly events?: readonly ('group.succeeded' | 'group.failed' | 'group.paused' | 'task.failed')[]
  readonly signingSecret?: string | readonly (string)[] | null
})[]
  readonly finally?: FinallyTask | null
  readonly isPaused?: boolean
}

export interface GroupWhy {
  readonly state: 'empty' | 'active' | 'paused' | 'succeeded' | 'failed'
  readonly reasons: readonly ({
  readonly code: 'succeeded' | 'running' | 'no_attempts_left' | 'paused' | 'group_paused' | 'group_stopped' | 'parent_unfinished' | 'not_due' | 'retrying' | 'workgroup_held' | 'worker_held' | 'breaker_open' | 'workgroup_full' | 'worker_full' | 'server_full' | 'workgroup_rate_limited' | 'worker_rate_limited' | 'rate_limited' | 'paced' | 'ramping' | 'duplicate_running' | 'no_address' | 'ready'
  readonly message: string
  readonly until?: string
  readonly ref?: string
  readonly count: number
})[]
  readonly stages: readonly ({
  readonly worker: string
  readonly waiting: number
  readonly running: number
  readonly limit: string
  readonly secondsLeft?: number
})[]
  readonly bottleneck: {
  readonly worker: string
  readonly share: number
  readonly message: string
} | null
  readonly secondsLeft: number | null
  readonly isPartial: boolean
}

export interface Heartbeat {
  readonly attempt: number
  readonly at: string
  readonly progress: number | null
  readonly message: string
  readonly logs: readonly (string)[]
}

export interface LimitsEdit {
  readonly maxConcurrent?: number | null
  readonly rateLimit?: {
  readonly count: number
  readonly perSeconds: number
  readonly burst?: number
} | null
  readonly ramp?: {
  readonly stepSeconds: number
} | null
}

export interface Me {
  readonly name: string
  readonly role: 'viewer' | 'operator' | 'admin'
  readonly kind: 'session' | 'token' | 'off' | 'application'
}

export interface Operator {
  readonly id: string
  readonly _id: string
  readonly channel: string
  readonly url: string | null
  readonly requestConfig: {
  readonly headers: Readonly<Record<string, string>>
}
  readonly isPaused: boolean
}

export interface OperatorEdit {
  readonly channel?: string
  readonly url?: string | null
  readonly requestConfig?: {
  readonly headers?: Readonly<Record<string, string>>
} | null
  readonly isPaused?: boolean
  readonly id?: unknown
  readonly _id?: unknown
  readonly createdAt?: unknown
}

export interface OperatorInput {
  readonly channel: string
  readonly url?: string | null
  readonly requestConfig?: {
  readonly headers?: Readonly<Record<string, string>>
} | null
  readonly isPaused?: boolean
  readonly id?: unknown
  readonly _id?: unknown
  readonly createdAt?: unknown
}

export interface Overview {
  readonly groups: {
  readonly empty: number
  readonly active: number
  readonly paused: number
  readonly succeeded: number
  readonly failed: number
  readonly failing: number
}
  readonly heldWorkgroups: number
  readonly runningTasks: number
  readonly attemptsPerMinute: number
}

export interface Notifications {
  readonly notify: readonly ({
  readonly url: string
  readonly events?: readonly ('group.succeeded' | 'group.failed' | 'group.paused' | 'task.failed' | 'workgroup.held')[]
  readonly signingSecret?: string | readonly (string)[] | null
})[]
}

export interface PastHold {
  readonly since: string
  readonly until: string
  readonly endedAt: string | null
  readonly reason: string
  readonly kind: 'manual' | 'rateLimit' | 'delay' | 'breaker'
  readonly taskId: string | null
  readonly source: string | null
}

export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly instance: string
  readonly code: 'invalid_json' | 'invalid_idempotency_key' | 'json_too_deep' | 'unauthorized' | 'login_failed' | 'forbidden' | 'group_not_found' | 'task_not_found' | 'workgroup_not_found' | 'worker_not_found' | 'schedule_not_found' | 'user_not_found' | 'token_not_found' | 'view_not_found' | 'bulk_not_found' | 'attempt_not_found' | 'error_not_found' | 'route_not_found' | 'method_not_allowed' | 'duplicate_id' | 'task_running' | 'last_admin' | 'password_is_configured' | 'attempt_superseded' | 'worker_is_pushed' | 'worker_has_no_address' | 'conflict' | 'idempotency_key_in_use' | 'idempotency_answer_not_kept' | 'snapshot_expired' | 'body_too_large' | 'unsupported_media_type' | 'invalid_request' | 'idempotency_key_reused' | 'unknown_parent' | 'key_scope_unavailable' | 'cycle' | 'too_many_requests' | 'internal' | 'storage_full' | 'storage_unavailable' | 'password_unreadable' | 'shutting_down'
  readonly errors?: readonly ({
  readonly pointer: string
  readonly detail: string
})[]
}

export interface Retry {
  readonly strategy: 'fixed' | 'exponential'
  readonly factor: number
  readonly maxSeconds: number | null
  readonly jitter: number
}

export interface SavedView {
  readonly id: string
  readonly name: string
  readonly query: string
  readonly owner: string
  readonly isShared: boolean
  readonly isOwn: boolean
  readonly createdAt: string
  readonly updatedAt: string
}

export interface Schedule {
  readonly id: string
  readonly name: string
  readonly cron: string
  readonly timezone: string
  readonly overlap: 'skip' | 'queue' | 'allow'
  readonly catchUp: 'none' | 'latest' | 'all'
  readonly jitterSeconds: number
  readonly isPaused: boolean
  readonly createdAt: string
  readonly updatedAt: string
  readonly nextAt: string | null
  readonly lastFiredAt: string | null
  readonly lastGroupId: string | null
  readonly lastSkippedAt: string | null
  readonly lastSkipReason: string | null
  readonly queued: number
  readonly template: ScheduleTemplate
}

export interface ScheduleInput {
  readonly name?: string
  readonly cron?: string
  readonly timezone?: string
  readonly overlap?: 'skip' | 'queue' | 'allow'
  readonly catchUp?: 'none' | 'latest' | 'all'
  readonly jitterSeconds?: number
  readonly isPaused?: boolean
  readonly template?: ScheduleTemplate
}

export interface ScheduleRow {
  readonly id: string
  readonly name: string
  readonly cron: string
  readonly timezone: string
  readonly overlap: 'skip' | 'queue' | 'allow'
  readonly catchUp: 'none' | 'latest' | 'all'
  readonly jitterSeconds: number
  readonly isPaused: boolean
  readonly createdAt: string
  readonly updatedAt: string
  readonly nextAt: string | null
  readonly lastFiredAt: string | null
  readonly lastGroupId: string | null
  readonly lastSkippedAt: string | null
  readonly lastSkipReason: string | null
  readonly queued: number
}

export interface ScheduleTemplate {
  readonly name?: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly keyScope?: 'group' | 'worker'
  readonly onTaskFailure?: 'wait' | 'continue' | 'failFast'
  readonly notify?: readonly ({
  readonly url: string
  readonly events?: readonly ('group.succeeded' | 'group.failed' | 'group.paused' | 'task.failed')[]
  readonly signingSecret?: string | readonly (string)[] | null
})[]
  readonly finally?: FinallyTask | null
  readonly isPaused?: boolean
  readonly tasks: readonly (TaskInput)[]
}

export interface Success {
  readonly success: true
}

export interface System {
  readonly version: string
  readonly startedAt: string
  readonly now: string
  readonly storage: {
  readonly engine: 'sqlite' | 'redis'
  readonly durability: 'none' | 'process' | 'power'
  readonly detail: string
  readonly bytes: number | null
  readonly usedBytes: number | null
  readonly freeBytes: number | null
  readonly bytesPerTask: number | null
  readonly bytesPerDay: number | null
  readonly daysUntilFull: number | null
}
  readonly retention: {
  readonly finishedGroupDays: number | null
  readonly failedGroupDays: number | null
  readonly aboveBytes: number | null
}
  readonly auth: 'on' | 'off' | 'application'
}

export interface Cleaning {
  readonly dryRun: boolean
  readonly groups: number
  readonly failedGroups: number
  readonly tasks: number
  readonly bytes: number | null
  readonly hasMore: boolean
}

export interface Task {
  readonly id: string
  readonly taskGroupId: string
  readonly name: string
  readonly worker: string
  readonly workgroup: string
  readonly key: string
  readonly remainingAttempts: number
  readonly priority: number
  readonly progressWeight: number
  readonly isPaused: boolean
  readonly isComplete: boolean
  readonly runAfter: string
  readonly isSeed: boolean
  readonly errorDelayInSeconds: number
  readonly retry: Retry | null
  readonly timeoutSeconds: number | null
  readonly input: unknown
  readonly output: unknown
  readonly errors: readonly (string)[]
  readonly metadata: Readonly<Record<string, string>>
  readonly parentIds: readonly (string)[]
  readonly createdAt: string
  readonly busyExecuting: boolean
  readonly state: 'blocked' | 'scheduled' | 'retrying' | 'throttled' | 'ready' | 'paused' | 'running' | 'succeeded' | 'failed'
}

export interface TaskBatch {
  readonly tasks: readonly (TaskInput)[]
}

export interface TaskEdit {
  readonly name?: string
  readonly worker?: string
  readonly workgroup?: string
  readonly key?: string
  readonly remainingAttempts?: number
  readonly priority?: number
  readonly progressWeight?: number
  readonly isPaused?: boolean
  readonly isComplete?: boolean
  readonly runAfter?: string | null
  readonly isSeed?: boolean
  readonly errorDelayInSeconds?: number
  readonly retry?: Retry | null
  readonly timeoutSeconds?: number | null
  readonly input?: unknown
  readonly output?: unknown
  readonly metadata?: Readonly<Record<string, string>>
}

export interface TaskGroup {
  readonly id: string
  readonly name: string
  readonly createdAt: string
  readonly isPaused: boolean
  readonly stoppedBy: {
  readonly taskId: string
  readonly at: string
} | null
  readonly metadata: Readonly<Record<string, string>>
  readonly keyScope: 'group' | 'worker'
  readonly onTaskFailure: 'wait' | 'continue' | 'failFast'
  readonly notify: readonly ({
  readonly url: string
  readonly events?: readonly ('group.succeeded' | 'group.failed' | 'group.paused' | 'task.failed')[]
  readonly signingSecret?: string | readonly (string)[] | null
})[]
  readonly finally: FinallyTask | null
  readonly state: 'empty' | 'active' | 'paused' | 'succeeded' | 'failed'
  readonly isSettled: boolean
  readonly counts: {
  readonly blocked: number
  readonly scheduled: number
  readonly retrying: number
  readonly throttled: number
  readonly ready: number
  readonly paused: number
  readonly running: number
  readonly succeeded: number
  readonly failed: number
}
  readonly completedPercent: number
}

export interface TaskError {
  readonly fingerprint: string
  readonly message: string
  readonly workers: readonly (string)[]
  readonly statusCode: number | null
  readonly count: number
  readonly failed: number
  readonly retrying: number
  readonly firstSeenAt: string | null
  readonly lastSeenAt: string | null
  readonly groups: number
  readonly sample: {
  readonly taskId: string
  readonly taskGroupId: string
}
}

export interface TaskErrorDetail {
  readonly fingerprint: string
  readonly message: string
  readonly workers: readonly (string)[]
  readonly statusCode: number | null
  readonly count: number
  readonly failed: number
  readonly retrying: number
  readonly firstSeenAt: string | null
  readonly lastSeenAt: string | null
  readonly groups: number
  readonly sample: {
  readonly taskId: string
  readonly taskGroupId: string
}
  readonly tasks: readonly (TaskSummary)[]
  readonly isPartial: boolean
}

export interface TaskErrorList {
  readonly errors: readonly (TaskError)[]
  readonly scanned: number
  readonly isPartial: boolean
}

export interface TaskGraph {
  readonly count: number
  readonly workers: readonly (string)[]
  readonly states: readonly ('blocked' | 'scheduled' | 'retrying' | 'throttled' | 'ready' | 'paused' | 'running' | 'succeeded' | 'failed')[]
  readonly ids: readonly (string)[]
  readonly names: readonly (string)[]
  readonly worker: readonly (number)[]
  readonly state: readonly (number)[]
  readonly parents: readonly (readonly (number)[])[]
  readonly isPartial: boolean
}

export interface TaskInput {
  readonly name?: string
  readonly worker: string
  readonly workgroup?: string
  readonly key?: string
  readonly remainingAttempts?: number
  readonly priority?: number
  readonly progressWeight?: number
  readonly isPaused?: boolean
  readonly isComplete?: boolean
  readonly id?: string
  readonly runAfter?: string | null
  readonly isSeed?: boolean
  readonly errorDelayInSeconds?: number
  readonly retry?: Retry | null
  readonly timeoutSeconds?: number | null
  readonly input?: unknown
  readonly output?: unknown
  readonly metadata?: Readonly<Record<string, string>>
  readonly parentIds?: readonly (string)[]
}

export interface TaskSummary {
  readonly id: string
  readonly taskGroupId: string
  readonly name: string
  readonly worker: string
  readonly workgroup: string
  readonly key: string
  readonly remainingAttempts: number
  readonly priority: number
  readonly progressWeight: number
  readonly isPaused: boolean
  readonly isComplete: boolean
  readonly runAfter: string
  readonly isSeed: boolean
  readonly errorDelayInSeconds: number
  readonly retry: Retry | null
  readonly timeoutSeconds: number | null
  readonly errors: readonly (string)[]
  readonly metadata: Readonly<Record<string, string>>
  readonly parentIds: readonly (string)[]
  readonly createdAt: string
  readonly busyExecuting: boolean
  readonly state: 'blocked' | 'scheduled' | 'retrying' | 'throttled' | 'ready' | 'paused' | 'running' | 'succeeded' | 'failed'
}

export interface Traffic {
  readonly inFlight: number
  readonly maxConcurrent: number | null
  readonly rateLimit: {
  readonly count: number
  readonly perSeconds: number
  readonly burst: number
} | null
  readonly ramp: {
  readonly stepSeconds: number
}
  readonly window: number | null
  readonly pace: {
  readonly perSecond: number
  readonly until: string
} | null
  readonly nextStartAt: string | null
  readonly bound: 'hold' | 'breaker' | 'concurrency' | 'rate' | 'pace' | 'ramp' | null
}

export interface User {
  readonly name: string
  readonly role: 'viewer' | 'operator' | 'admin'
  readonly isConfigured: boolean
  readonly createdAt: string | null
  readonly updatedAt: string | null
}

export interface Why {
  readonly state: 'blocked' | 'scheduled' | 'retrying' | 'throttled' | 'ready' | 'paused' | 'running' | 'succeeded' | 'failed'
  readonly reasons: readonly ({
  readonly code: 'succeeded' | 'running' | 'no_attempts_left' | 'paused' | 'group_paused' | 'group_stopped' | 'parent_unfinished' | 'not_due' | 'retrying' | 'workgroup_held' | 'worker_held' | 'breaker_open' | 'workgroup_full' | 'worker_full' | 'server_full' | 'workgroup_rate_limited' | 'worker_rate_limited' | 'rate_limited' | 'paced' | 'ramping' | 'duplicate_running' | 'no_address' | 'ready'
  readonly message: string
  readonly until?: string
  readonly ref?: string
})[]
  readonly ahead: number
}

export interface Worker {
  readonly name: string
  readonly isRule: boolean
  readonly hasSettings: boolean
  readonly settingsFrom: string | null
  readonly url: string | null
  readonly address: string | null
  readonly headers: Readonly<Record<string, string>>
  readonly signingSecret: string | readonly (string)[] | null
  readonly mode: 'push' | 'pull' | 'both'
  readonly timeoutSeconds: number | null
  readonly retry: Retry | null
  readonly breaker: {
  readonly failures: number
  readonly openSeconds: number
}
  readonly maxConcurrent: number | null
  readonly rateLimit: {
  readonly count: number
  readonly perSeconds: number
  readonly burst: number
} | null
  readonly ramp: {
  readonly stepSeconds: number
}
  readonly window: number | null
  readonly pace: {
  readonly perSecond: number
  readonly until: string
} | null
  readonly nextStartAt: string | null
  readonly bound: 'hold' | 'breaker' | 'concurrency' | 'rate' | 'pace' | 'ramp' | null
  readonly isPaused: boolean
  readonly heldUntil: string
  readonly holdReason: string
  readonly hold: {
  readonly kind: 'manual' | 'rateLimit' | 'delay' | 'breaker'
  readonly since: string
  readonly taskId: string | null
  readonly source: string | null
} | null
  readonly inFlight: number
  readonly waiting: number
  readonly total: number
  readonly completed: number
  readonly breakerState: 'closed' | 'open' | 'halfOpen'
  readonly nextProbeAt: string | null
  readonly figures: {
  readonly attemptsPerMinute: number
  readonly errorShare: number | null
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  readonly lastError: {
  readonly at: string
  readonly message: string
  readonly taskId: string
  readonly statusCode: number | null
} | null
}
}

export interface WorkerEdit {
  readonly url?: string | null
  readonly headers?: Readonly<Record<string, string>> | null
  readonly signingSecret?: string | readonly (string)[] | null
  readonly mode?: 'push' | 'pull' | 'both' | null
  readonly timeoutSeconds?: number | null
  readonly retry?: Retry | null
  readonly breaker?: {
  readonly failures?: number
  readonly openSeconds?: number
} | null
  readonly maxConcurrent?: number | null
  readonly rateLimit?: {
  readonly count: number
  readonly perSeconds: number
  readonly burst?: number
} | null
  readonly ramp?: {
  readonly stepSeconds: number
} | null
  readonly isPaused?: boolean
}

export interface WorkerTest {
  readonly request: {
  readonly url: string
  readonly method: 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}
  readonly answer: {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
  readonly durationMs: number
} | null
  readonly outcome: 'succeeded' | 'failed' | 'rateLimited' | 'timeout' | 'networkError' | 'badResponse'
  readonly error: string | null
}

export interface Workgroup {
  readonly name: string
  readonly isHeld: boolean
  readonly heldUntil: string
  readonly reason: string
  readonly hold: {
  readonly kind: 'manual' | 'rateLimit' | 'delay' | 'breaker'
  readonly since: string
  readonly taskId: string | null
  readonly source: string | null
} | null
  readonly waiting: number
  readonly running: number
  readonly maxConcurrent: number | null
  readonly rateLimit: {
  readonly count: number
  readonly perSeconds: number
  readonly burst: number
} | null
  readonly ramp: {
  readonly stepSeconds: number
}
  readonly window: number | null
  readonly pace: {
  readonly perSecond: number
  readonly until: string
} | null
  readonly nextStartAt: string | null
  readonly bound: 'hold' | 'breaker' | 'concurrency' | 'rate' | 'pace' | 'ramp' | null
}

/** What each operation takes and answers. */
export interface Operations {
  getOpenApi: { answer: {

} }
  getHealth: { answer: string }
  getLiveness: { answer: string }
  getReadiness: { answer: {
  readonly ready: boolean
  readonly detail: unknown
} }
  getMetrics: { answer: string }
  getOverview: { answer: Overview }
  getSystem: { answer: System }
  clean: { body: {
  readonly dryRun: boolean
}; answer: Cleaning }
  login: { body: {
  readonly username: string
  readonly password: string
}; answer: {
  readonly token: string
} }
  logout: { answer: Success }
  checkLogin: { answer: string }
  getMe: { answer: Me }
  changeMyPassword: { body: {
  readonly currentPassword: string
  readonly newPassword: string
}; answer: Success }
  listTaskGroups: { query: { page?: number; pageSize?: number; search?: string; state?: string; failing?: boolean; createdAfter?: string; createdBefore?: string; sort?: '-createdAt' | 'createdAt' | 'name' | '-name' }; answer: {
  readonly taskGroups: readonly (TaskGroup)[]
  readonly count: number
} }
  createTaskGroup: { body: GroupInput; answer: TaskGroup }
  createTaskGraph: { body: GraphInput; answer: TaskGroup }
  getTaskGroup: { params: { id: string }; answer: TaskGroup }
  updateTaskGroup: { params: { id: string }; body: GroupEdit; answer: TaskGroup }
  deleteTaskGroup: { params: { id: string }; answer: Deleted }
  getTaskGroupProgress: { params: { id: string }; answer: {
  readonly completedPercent: number
} }
  pauseTaskGroup: { params: { id: string }; answer: Success }
  resumeTaskGroup: { params: { id: string }; body: {
  readonly spreadSeconds?: number
}; answer: Success }
  resetTaskGroup: { params: { id: string }; body: {
  readonly remainingAttempts?: number
}; answer: Success }
  retryTaskGroup: { params: { id: string }; body: {
  readonly remainingAttempts?: number
  readonly spreadSeconds?: number
}; answer: Success }
  listTasks: { params: { id: string }; query: { page?: number; pageSize?: number; search?: string; skipCompleted?: boolean; state?: string; worker?: string; workgroup?: string; key?: string; parent?: string; payloads?: boolean }; answer: {
  readonly tasks: readonly (Task | TaskSummary)[]
  readonly count: number
} }
  createTask: { params: { id: string }; body: TaskInput; answer: Task }
  getTaskGraph: { params: { id: string }; answer: TaskGraph }
  createTasks: { params: { id: string }; body: TaskBatch; answer: {
  readonly tasks: readonly (Task)[]
  readonly count: number
} }
  listAttemptsOfTasks: { params: { id: string }; query: { ids: string }; answer: {
  readonly tasks: readonly ({
  readonly taskId: string
  readonly attempts: readonly (Attempt)[]
})[]
} }
  explainTaskGroup: { params: { id: string }; answer: GroupWhy }
  getTask: { params: { tid: string }; answer: Task }
  updateTask: { params: { tid: string }; body: TaskEdit; answer: Task }
  deleteTask: { params: { tid: string }; answer: Deleted }
  resetTask: { params: { tid: string }; body: {
  readonly remainingAttempts?: number
  readonly descendants?: boolean
}; answer: Task }
  retryTask: { params: { tid: string }; body: {
  readonly remainingAttempts?: number
}; answer: Task }
  listAttempts: { params: { tid: string }; answer: {
  readonly attempts: readonly (Attempt)[]
  readonly heartbeat: Heartbeat | null
} }
  explainTask: { params: { tid: string }; answer: Why }
  pluckTask: { params: { tid: string }; body: {
  readonly input?: unknown
}; answer: TaskGroup }
  previewRequest: { params: { tid: string }; answer: {
  readonly url: string | null
  readonly method: 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
} }
  completeAttempt: { params: { token: string }; body: {
  readonly output?: unknown
  readonly error?: unknown
  readonly children?: unknown
  readonly workgroupDelayInSeconds?: unknown
  readonly childrenDelayInSeconds?: unknown
  readonly workgroup?: unknown
  readonly rateLimited?: unknown
  readonly retryable?: unknown
  readonly retryAfterSeconds?: unknown
}; answer: Success }
  failAttempt: { params: { token: string }; body: {
  readonly output?: unknown
  readonly error?: unknown
  readonly children?: unknown
  readonly workgroupDelayInSeconds?: unknown
  readonly childrenDelayInSeconds?: unknown
  readonly workgroup?: unknown
  readonly rateLimited?: unknown
  readonly retryable?: unknown
  readonly retryAfterSeconds?: unknown
}; answer: Success }
  heartbeatAttempt: { params: { token: string }; body: {
  readonly progress?: number
  readonly message?: string
  readonly logs?: readonly (string)[]
}; answer: {
  readonly success: true
  readonly leaseUntil: string
} }
  listChannels: { answer: readonly ({
  readonly name: string
  readonly totalCount: number
  readonly completedCount: number
  readonly assignedCount: number
})[] }
  acquireTask: { params: { channel: string }; body: {
  readonly workerId: string
  readonly wait?: number
  readonly leaseSeconds?: number
}; answer: {
  readonly task: (Task & {
  readonly _id: string
  readonly channel: string
}) | null
  readonly parents?: readonly ({
  readonly _id: string
  readonly channel: string
  readonly input: unknown
  readonly output: unknown
})[]
  readonly attempt?: number
  readonly deliveryId?: string
  readonly callback?: {
  readonly url: string
  readonly token: string
}
  readonly leaseUntil?: string
} }
  releaseTask: { params: { tid: string }; body: {
  readonly workerId: string
  readonly attempt?: number
  readonly output?: unknown
  readonly error?: unknown
  readonly children?: unknown
  readonly workgroupDelayInSeconds?: unknown
  readonly childrenDelayInSeconds?: unknown
  readonly workgroup?: unknown
  readonly rateLimited?: unknown
  readonly retryable?: unknown
  readonly retryAfterSeconds?: unknown
}; answer: (Task & {
  readonly _id: string
  readonly channel: string
}) }
  listOperators: { answer: readonly (Operator)[] }
  createOperator: { body: OperatorInput; answer: Operator }
  getOperator: { params: { id: string }; answer: Operator }
  updateOperator: { params: { id: string }; body: OperatorEdit; answer: Operator }
  deleteOperator: { params: { id: string }; answer: {
  readonly id: string
  readonly deleted: true
} }
  listWorkgroups: { query: { page?: number; pageSize?: number }; answer: {
  readonly workgroups: readonly (Workgroup)[]
  readonly count: number
} }
  getWorkgroup: { params: { name: string }; answer: Workgroup }
  updateWorkgroup: { params: { name: string }; body: LimitsEdit; answer: Workgroup }
  listWorkgroupHolds: { params: { name: string }; answer: {
  readonly holds: readonly (PastHold)[]
} }
  pauseWorkgroup: { params: { name: string }; body: {
  readonly seconds?: number
  readonly until?: string
  readonly reason?: string
}; answer: Workgroup }
  resumeWorkgroup: { params: { name: string }; body: {
  readonly spreadSeconds?: number
}; answer: Workgroup }
  listWorkers: { query: { page?: number; pageSize?: number; search?: string }; answer: {
  readonly workers: readonly (Worker)[]
  readonly count: number
} }
  getWorker: { params: { name: string }; answer: Worker }
  updateWorker: { params: { name: string }; body: WorkerEdit; answer: Worker }
  deleteWorker: { params: { name: string }; answer: {
  readonly name: string
  readonly deleted: true
} }
  getWorkerHistory: { params: { name: string }; query: { minutes?: number }; answer: {
  readonly minutes: readonly ({
  readonly at: string
  readonly attempts: number
  readonly errors: number
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  readonly inFlight: number
})[]
} }
  pauseWorker: { params: { name: string }; body: {
  readonly seconds?: number
  readonly until?: string
  readonly reason?: string
}; answer: Worker }
  resumeWorker: { params: { name: string }; answer: Worker }
  testWorker: { params: { name: string }; body: {
  readonly input?: unknown
  readonly timeoutSeconds?: number
}; answer: WorkerTest }
  getTraffic: { answer: Traffic }
  updateTraffic: { body: LimitsEdit; answer: Traffic }
  listSchedules: { query: { page?: number; pageSize?: number; search?: string }; answer: {
  readonly schedules: readonly (ScheduleRow)[]
  readonly count: number
} }
  getSchedule: { params: { id: string }; answer: Schedule }
  putSchedule: { params: { id: string }; body: ScheduleInput; answer: Schedule }
  deleteSchedule: { params: { id: string }; answer: Deleted }
  pauseSchedule: { params: { id: string }; answer: Schedule }
  resumeSchedule: { params: { id: string }; answer: Schedule }
  runSchedule: { params: { id: string }; answer: TaskGroup }
  listNextTimes: { params: { id: string }; query: { count?: number }; answer: {
  readonly times: readonly ({
  readonly at: string
  readonly local: string
  readonly firesAt: string
})[]
} }
  getNotifications: { answer: Notifications }
  updateNotifications: { body: Notifications; answer: Notifications }
  listUsers: { query: { page?: number; pageSize?: number }; answer: {
  readonly users: readonly (User)[]
  readonly count: number
} }
  createUser: { body: {
  readonly name: string
  readonly role: 'viewer' | 'operator' | 'admin'
  readonly password: string
}; answer: User }
  updateUser: { params: { name: string }; body: {
  readonly role?: 'viewer' | 'operator' | 'admin'
  readonly password?: string
}; answer: User }
  deleteUser: { params: { name: string }; answer: {
  readonly name: string
  readonly deleted: true
} }
  listTokens: { query: { page?: number; pageSize?: number }; answer: {
  readonly tokens: readonly (ApiToken)[]
  readonly count: number
} }
  createToken: { body: {
  readonly name: string
  readonly role: 'viewer' | 'operator' | 'admin'
  readonly expiresAt?: string | null
}; answer: {
  readonly id: string
  readonly name: string
  readonly role: 'viewer' | 'operator' | 'admin'
  readonly prefix: string
  readonly createdAt: string
  readonly createdBy: string
  readonly lastUsedAt: string | null
  readonly expiresAt: string | null
  readonly secret: string
} }
  deleteToken: { params: { id: string }; answer: Deleted }
  listViews: { query: { page?: number; pageSize?: number }; answer: {
  readonly views: readonly (SavedView)[]
  readonly count: number
} }
  createView: { body: {
  readonly name: string
  readonly query: string
  readonly isShared?: boolean
}; answer: SavedView }
  updateView: { params: { id: string }; body: {
  readonly name?: string
  readonly query?: string
  readonly isShared?: boolean
}; answer: SavedView }
  deleteView: { params: { id: string }; answer: Deleted }
  createBulk: { body: {
  readonly snapshot?: string
  readonly dryRun?: true
  readonly action?: 'pause' | 'resume' | 'retry' | 'reset' | 'delete' | 'runNow'
  readonly target?: 'tasks' | 'groups'
  readonly ids?: readonly (string)[]
  readonly filter?: {
  readonly taskGroup?: string
  readonly state?: string
  readonly worker?: string
  readonly workgroup?: string
  readonly key?: string
  readonly search?: string
  readonly error?: string
}
  readonly params?: {
  readonly remainingAttempts?: number
  readonly spreadSeconds?: number
}
}; answer: BulkPreview | BulkOperation }
  listBulk: { query: { page?: number; pageSize?: number }; answer: {
  readonly operations: readonly (BulkOperation)[]
  readonly count: number
} }
  getBulk: { params: { id: string }; answer: BulkOperation }
  stopBulk: { params: { id: string }; answer: BulkOperation }
  continueBulk: { params: { id: string }; answer: BulkOperation }
  watchEvents: { query: { taskGroup?: string; types?: string }; answer: string }
  listErrors: { query: { taskGroup?: string; worker?: string }; answer: TaskErrorList }
  getError: { params: { fingerprint: string }; query: { page?: number; pageSize?: number; taskGroup?: string; worker?: string }; answer: TaskErrorDetail }
  followTopics: { answer: undefined }
  listActivity: { query: { page?: number; pageSize?: number; actor?: string; action?: string; target?: string }; answer: {
  readonly activity: readonly (Activity)[]
  readonly count: number
} }
}

/** Where each operation is. */
export const routes = {
  getOpenApi: 'GET openapi.json',
  getHealth: 'GET healthz',
  getLiveness: 'GET livez',
  getReadiness: 'GET readyz',
  getMetrics: 'GET metrics',
  getOverview: 'GET api/v1/overview',
  getSystem: 'GET api/v1/system',
  clean: 'POST api/v1/clean',
  login: 'POST login',
  logout: 'POST logout',
  checkLogin: 'GET authcheck',
  getMe: 'GET api/v1/me',
  changeMyPassword: 'PUT api/v1/me/password',
  listTaskGroups: 'GET api/v1/task_groups',
  createTaskGroup: 'POST api/v1/task_groups',
  createTaskGraph: 'POST api/v1/task_groups/graph',
  getTaskGroup: 'GET api/v1/task_group/{id}',
  updateTaskGroup: 'PUT api/v1/task_group/{id}',
  deleteTaskGroup: 'DELETE api/v1/task_group/{id}',
  getTaskGroupProgress: 'GET api/v1/task_group/{id}/progress',
  pauseTaskGroup: 'POST api/v1/task_group/{id}/pause',
  resumeTaskGroup: 'POST api/v1/task_group/{id}/resume',
  resetTaskGroup: 'POST api/v1/task_group/{id}/reset',
  retryTaskGroup: 'POST api/v1/task_group/{id}/retry',
  listTasks: 'GET api/v1/task_group/{id}/tasks',
  createTask: 'POST api/v1/task_group/{id}/tasks',
  getTaskGraph: 'GET api/v1/task_group/{id}/graph',
  createTasks: 'POST api/v1/task_group/{id}/tasks/batch',
  listAttemptsOfTasks: 'GET api/v1/task_group/{id}/attempts',
  explainTaskGroup: 'GET api/v1/task_group/{id}/why',
  getTask: 'GET api/v1/task/{tid}',
  updateTask: 'PUT api/v1/task/{tid}',
  deleteTask: 'DELETE api/v1/task/{tid}',
  resetTask: 'POST api/v1/task/{tid}/reset',
  retryTask: 'POST api/v1/task/{tid}/retry',
  listAttempts: 'GET api/v1/task/{tid}/attempts',
  explainTask: 'GET api/v1/task/{tid}/why',
  pluckTask: 'POST api/v1/task/{tid}/pluck',
  previewRequest: 'GET api/v1/task/{tid}/request',
  completeAttempt: 'POST api/v1/attempt/{token}/complete',
  failAttempt: 'POST api/v1/attempt/{token}/fail',
  heartbeatAttempt: 'POST api/v1/attempt/{token}/heartbeat',
  listChannels: 'GET api/v1/channels',
  acquireTask: 'POST api/v1/channel/{channel}/acquire',
  releaseTask: 'POST api/v1/task/{tid}/release',
  listOperators: 'GET api/v1/operators',
  createOperator: 'POST api/v1/operators',
  getOperator: 'GET api/v1/operator/{id}',
  updateOperator: 'PUT api/v1/operator/{id}',
  deleteOperator: 'DELETE api/v1/operator/{id}',
  listWorkgroups: 'GET api/v1/workgroups',
  getWorkgroup: 'GET api/v1/workgroup/{name}',
  updateWorkgroup: 'PUT api/v1/workgroup/{name}',
  listWorkgroupHolds: 'GET api/v1/workgroup/{name}/holds',
  pauseWorkgroup: 'POST api/v1/workgroup/{name}/pause',
  resumeWorkgroup: 'POST api/v1/workgroup/{name}/resume',
  listWorkers: 'GET api/v1/workers',
  getWorker: 'GET api/v1/worker/{name}',
  updateWorker: 'PUT api/v1/worker/{name}',
  deleteWorker: 'DELETE api/v1/worker/{name}',
  getWorkerHistory: 'GET api/v1/worker/{name}/history',
  pauseWorker: 'POST api/v1/worker/{name}/pause',
  resumeWorker: 'POST api/v1/worker/{name}/resume',
  testWorker: 'POST api/v1/worker/{name}/test',
  getTraffic: 'GET api/v1/traffic',
  updateTraffic: 'PUT api/v1/traffic',
  listSchedules: 'GET api/v1/schedules',
  getSchedule: 'GET api/v1/schedule/{id}',
  putSchedule: 'PUT api/v1/schedule/{id}',
  deleteSchedule: 'DELETE api/v1/schedule/{id}',
  pauseSchedule: 'POST api/v1/schedule/{id}/pause',
  resumeSchedule: 'POST api/v1/schedule/{id}/resume',
  runSchedule: 'POST api/v1/schedule/{id}/run',
  listNextTimes: 'GET api/v1/schedule/{id}/next',
  getNotifications: 'GET api/v1/notifications',
  updateNotifications: 'PUT api/v1/notifications',
  listUsers: 'GET api/v1/users',
  createUser: 'POST api/v1/users',
  updateUser: 'PUT api/v1/user/{name}',
  deleteUser: 'DELETE api/v1/user/{name}',
  listTokens: 'GET api/v1/tokens',
  createToken: 'POST api/v1/tokens',
  deleteToken: 'DELETE api/v1/token/{id}',
  listViews: 'GET api/v1/views',
  createView: 'POST api/v1/views',
  updateView: 'PUT api/v1/view/{id}',
  deleteView: 'DELETE api/v1/view/{id}',
  createBulk: 'POST api/v1/bulk',
  listBulk: 'GET api/v1/bulk',
  getBulk: 'GET api/v1/bulk/{id}',
  stopBulk: 'POST api/v1/bulk/{id}/stop',
  continueBulk: 'POST api/v1/bulk/{id}/continue',
  watchEvents: 'GET api/v1/events',
  listErrors: 'GET api/v1/errors',
  getError: 'GET api/v1/error/{fingerprint}',
  followTopics: 'GET api/v1/live',
  listActivity: 'GET api/v1/activity',
} as const satisfies Record<keyof Operations, string>

/** The role that each operation needs; what is missing needs no login. */
export const neededRoles = {
  getMetrics: 'viewer',
  getOverview: 'viewer',
  getSystem: 'viewer',
  clean: 'admin',
  logout: 'viewer',
  checkLogin: 'viewer',
  getMe: 'viewer',
  changeMyPassword: 'viewer',
  listTaskGroups: 'viewer',
  createTaskGroup: 'operator',
  createTaskGraph: 'operator',
  getTaskGroup: 'viewer',
  updateTaskGroup: 'operator',
  deleteTaskGroup: 'operator',
  getTaskGroupProgress: 'viewer',
  pauseTaskGroup: 'operator',
  resumeTaskGroup: 'operator',
  resetTaskGroup: 'operator',
  retryTaskGroup: 'operator',
  listTasks: 'viewer',
  createTask: 'operator',
  getTaskGraph: 'viewer',
  createTasks: 'operator',
  listAttemptsOfTasks: 'viewer',
  explainTaskGroup: 'viewer',
  getTask: 'viewer',
  updateTask: 'operator',
  deleteTask: 'operator',
  resetTask: 'operator',
  retryTask: 'operator',
  listAttempts: 'viewer',
  explainTask: 'viewer',
  pluckTask: 'operator',
  previewRequest: 'viewer',
  listChannels: 'viewer',
  acquireTask: 'operator',
  releaseTask: 'operator',
  listOperators: 'viewer',
  createOperator: 'admin',
  getOperator: 'viewer',
  updateOperator: 'admin',
  deleteOperator: 'admin',
  listWorkgroups: 'viewer',
  getWorkgroup: 'viewer',
  updateWorkgroup: 'admin',
  listWorkgroupHolds: 'viewer',
  pauseWorkgroup: 'operator',
  resumeWorkgroup: 'operator',
  listWorkers: 'viewer',
  getWorker: 'viewer',
  updateWorker: 'admin',
  deleteWorker: 'admin',
  getWorkerHistory: 'viewer',
  pauseWorker: 'operator',
  resumeWorker: 'operator',
  testWorker: 'operator',
  getTraffic: 'viewer',
  updateTraffic: 'admin',
  listSchedules: 'viewer',
  getSchedule: 'viewer',
  putSchedule: 'operator',
  deleteSchedule: 'operator',
  pauseSchedule: 'operator',
  resumeSchedule: 'operator',
  runSchedule: 'operator',
  listNextTimes: 'viewer',
  getNotifications: 'admin',
  updateNotifications: 'admin',
  listUsers: 'admin',
  createUser: 'admin',
  updateUser: 'admin',
  deleteUser: 'admin',
  listTokens: 'admin',
  createToken: 'admin',
  deleteToken: 'admin',
  listViews: 'viewer',
  createView: 'viewer',
  updateView: 'viewer',
  deleteView: 'viewer',
  createBulk: 'operator',
  listBulk: 'viewer',
  getBulk: 'viewer',
  stopBulk: 'operator',
  continueBulk: 'operator',
  watchEvents: 'viewer',
  listErrors: 'viewer',
  getError: 'viewer',
  followTopics: 'viewer',
  listActivity: 'viewer',
} as const satisfies Partial<Record<keyof Operations, Me['role']>>
