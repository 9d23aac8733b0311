import { isDelivery, urlOfDelivery } from '../core/delivery.ts'
import { isReceiverOf } from '../core/receiver.ts'
import { signatureHeaders } from '../core/signature.ts'
import { deliveryIdOf, type Task } from '../core/task.ts'
import { secretsOfAuthorization, withOwnHeaders, withoutSecrets } from '../core/worker-headers.ts'
import { type Callback, type ParentInput, requestBody, requestHeaders } from '../core/worker-request.ts'
import type { CallPlan } from './worker-book.ts'
import type { CallEnd, WorkerCall } from './worker-client.ts'

/** What a plan comes to for one task: a request, or why there is none. */
export type Call =
  | {
      readonly kind: 'request'
      readonly request: Omit<WorkerCall, 'mayStart'>
      /** The answer without the secrets that were sent: a worker that tells what it got must not get them stored (I18). */
      clean(reply: Promise<CallEnd>): Promise<CallEnd>
      /** Those secrets, and signatures. */
      readonly secrets: readonly string[]
    }
  | { readonly kind: 'none'; readonly end: CallEnd }

/** The call of a task by the plan of its worker. */
export function callOf(
  plan: CallPlan,
  task: Task,
  around: {
    readonly version: string
    readonly traceparent: string
    readonly parents: readonly ParentInput[]
    readonly callback: Callback | null
    readonly now: number
  },
): Call {
  if (plan.kind !== 'push') return { kind: 'none', end: { kind: 'unsent' } }
  const { own, signing, isGuarded, authorization } = plan
  const url = urlOfCall(plan, task)
  const problem = own.problem ?? signing.problem ?? problemOf(task, url)
  if (problem !== null) return { kind: 'none', end: { kind: 'noAddress', message: `not sent: ${problem}` } }
  const timeoutSeconds = task.timeoutSeconds ?? plan.timeoutSeconds
  const common = requestHeaders(task, { ...around, timeoutSeconds, authorization })
  const body = bodyOfCall(task, around.parents, around.callback)
  const signed = signatureHeaders(signing.signers, { id: deliveryIdOf(task), now: around.now, body })
  const isSigned = signed.signatures.length > 0
  const headers = withOwnHeaders(common, own.headers)
  const sent = [...own.secrets, ...secretsOfAuthorization(authorization)]
  const secrets = isSigned ? [...sent, ...signing.secrets, ...signed.signatures] : sent
  return {
    kind: 'request',
    request: {
      url,
      isGuarded,
      headers: isSigned ? [...headers, ...signed.headers] : headers,
      body,
      timeoutMs: timeoutSeconds * 1000,
    },
    secrets,
    clean: (reply) => (secrets.length === 0 ? reply : reply.then((end) => endWithout(end, secrets))),
  }
}

/** What keeps this task from being sent there. */
function problemOf(task: Task, url: string): string | null {
  if (!URL.canParse(url)) return 'its metadata name no url'
  if (!isDelivery(task) || isReceiverOf(task.worker, url)) return null
  return 'the url in its metadata is not of the receiver that its worker stands for'
}

/** A delivery goes where its task says, as it is. */
export const urlOfCall = (plan: CallPlan & { kind: 'push' }, task: Task): string =>
  isDelivery(task) ? urlOfDelivery(task) : plan.url

export const bodyOfCall = (task: Task, parents: readonly ParentInput[], callback: Callback | null): string =>
  isDelivery(task) ? task.input : requestBody(task, parents, callback)

/** What came of a call, without these values. */
export function endWithout(end: CallEnd, secrets: readonly string[]): CallEnd {
  if (end.kind === 'unsent') return end
  if (end.kind !== 'answer') return { ...end, message: withoutSecrets(end.message, secrets) }
  return { ...end, body: withoutSecrets(end.body, secrets) }
}
