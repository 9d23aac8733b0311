export type * as Api from './api-types.ts'
export type { CallOptions, ClientOptions, Connection } from './client/connection.ts'
export { CrewClient } from './client/crew-client.ts'
export { CrewProblem, type Fault } from './client/crew-problem.ts'
export type { Input, Output } from './client/message-for.ts'
export type { WaitOptions } from './client/wait-for-group.ts'
export {
  type Accepted,
  type AcceptOptions,
  type Attempt,
  AttemptSuperseded,
  type LongWork,
  type Report,
} from './long-running/accepted.ts'
export { type PollerOptions, runPoller } from './poller/run-poller.ts'
export { createVerifier, type Verdict, type Verifier, type VerifierOptions } from './signature/verifier.ts'
export { type Answer, type AnswerOptions, answer } from './worker/answer.ts'
export { type ChildTask, child } from './worker/child.ts'
export { defineWorker, type Handler, type RequestContext, type Worker } from './worker/define-worker.ts'
export type { Parent, Task, TaskFacts } from './worker/task.ts'
export { type FailureOptions, nonRetryable, rateLimited, retryAfter, TaskFailure } from './worker/task-failure.ts'
export type { Environment, WorkerOptions } from './worker/worker-options.ts'
