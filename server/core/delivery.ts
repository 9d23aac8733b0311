import { CrewError } from './errors.ts'
import { isReceiver } from './ids.ts'
import { newTask } from './new-task.ts'
import { type EventType, maskedUrl, type Receiver } from './receiver.ts'
import type { Task } from './task.ts'
import type { TaskInput } from './task-input.ts'
import { formatTime } from './time.ts'
import { type Outcome, readReply, type WorkerReply } from './worker-response.ts'

/** Something that happened, to be told once to each receiver. */
export interface Happening {
  /** The same whoever notices it, and of nothing else. */
  readonly id: string
  readonly type: EventType
  readonly at: number
  readonly data: Readonly<Record<string, unknown>>
}

/** Makes short names of long ones: letters, digits, `-` and `_`. */
export type Digest = (text: string) => string

/** How the ids of groups of deliveries begin. Nothing is told of such a group. */
const GROUP_PREFIX = 'crew.notifications'
/** What keeps the books of what is told but is of no group. */
export const LEDGER_ID = GROUP_PREFIX

/** Whether this is the id of such a group: they are Crew's own. */
export const isOfNotifications = (groupId: string): boolean =>
  groupId === GROUP_PREFIX || groupId.startsWith(`${GROUP_PREFIX}.`)

/** The group of what happened on a day (UTC): deliveries to it can be found, and retention deletes them together. */
export function deliveryGroup({ at }: Pick<Happening, 'at'>): { id: string; name: string } {
  const day = formatTime(at).slice(0, 10)
  return { id: `${GROUP_PREFIX}.${day}`, name: `Notifications of ${day}` }
}

/** At once, then after 5 s, 20 s, 80 s … 10 h: a receiver that is away for a day is told when it is back. */
const DELIVERY_ATTEMPTS = 10
const DELIVERY_RETRY = { strategy: 'exponential', factor: 4, maxSeconds: 36_000, jitter: 0.1 } as const
const DELIVERY_ERROR_DELAY = 5
/** What a receiver does with it it can do after its answer. */
const DELIVERY_TIMEOUT = 30

/** The tasks that tell this to those who want it. Their ids are made of what happened and who is told: nobody is told twice. */
export function deliveriesOf(
  happening: Happening,
  receivers: readonly Receiver[],
  { now, digest }: { now: number; digest: Digest },
): Task[] {
  const { type } = happening
  const wanting = receivers.filter(({ events }) => events.includes(type))
  const { id: groupId } = deliveryGroup(happening)
  const input = deliveryBody(happening)
  return wanting.map(({ url, worker }) =>
    newTask(
      {
        id: `notify_${digest(`${happening.id} ${worker} ${url}`)}`,
        name: `${type}: ${String(happening.data.name ?? happening.data.workgroup ?? '')}`,
        worker,
        input,
        metadata: { url, event: type },
        remainingAttempts: DELIVERY_ATTEMPTS,
        errorDelayInSeconds: DELIVERY_ERROR_DELAY,
        retry: DELIVERY_RETRY,
        timeoutSeconds: DELIVERY_TIMEOUT,
      },
      { groupId, keyScope: 'group', now, createdBy: '', runAfter: now },
    ),
  )
}

/** The payload that Standard Webhooks proposes (https://www.standardwebhooks.com). */
const deliveryBody = ({ type, at, data }: Happening): string =>
  JSON.stringify({ type, timestamp: formatTime(at), data })

/** Whether what is sent for this task is its input itself, to the URL in its metadata. */
export const isDelivery = ({ worker }: Pick<Task, 'worker'>): boolean => isReceiver(worker)

/** Its metadata as people see them. */
export const shownMetadata = (task: Pick<Task, 'worker' | 'metadata'>): Task['metadata'] =>
  isDelivery(task) ? { ...task.metadata, url: maskedUrl(urlOfDelivery(task)) } : task.metadata

/** What Crew signs nobody else may write. Sent back as it is or as it was shown, it stays. */
export function editOfDelivery(task: Task, edit: TaskInput): TaskInput {
  if (!isDelivery(task)) return edit
  const { input, metadata, worker, ...rest } = edit
  const shown = [task.metadata, shownMetadata(task)].map(inOrder)
  const isOther = {
    input: input !== undefined && input !== task.input,
    metadata: metadata !== undefined && !shown.includes(inOrder(metadata)),
    worker: worker !== undefined && worker !== task.worker,
  }
  const faults = Object.entries(isOther).filter(([, is]) => is)
  if (faults.length === 0) return rest
  const detail = 'of a delivery cannot be changed: it is sent in the name of Crew'
  throw new CrewError(
    'invalid_request',
    `Task ${task.id} is a delivery: what it sends and where is for Crew alone to say.`,
    faults.map(([name]) => ({ pointer: `/${name}`, detail })),
  )
}

const inOrder = (metadata: Readonly<Record<string, string>>): string =>
  JSON.stringify(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)))

/** Where a delivery goes; '' when somebody took it out of its metadata. */
export const urlOfDelivery = ({ metadata }: Pick<Task, 'metadata'>): string => metadata.url ?? ''

/**
 * The outcome of a delivery: any 2xx is a success whatever the body says, 410 wants no more. What else a body asks for counts only as
 * far as it is about this delivery: a receiver holds no workgroup and creates no tasks.
 */
export function readDelivery(reply: WorkerReply, now: number): Outcome {
  const isAnswer = reply.kind === 'answer'
  if (isAnswer && reply.status >= 200 && reply.status <= 299) {
    return { kind: 'success', output: 'null', children: [], delays: NO_DELAYS }
  }
  const outcome = readReply(reply, now)
  if (outcome.kind === 'success') return outcome
  const isGone = isAnswer && reply.status === 410
  return { ...outcome, output: null, delays: NO_DELAYS, isRetryable: outcome.isRetryable && !isGone }
}

const NO_DELAYS = { workgroupDelayMs: 0, childrenDelayMs: 0, workgroup: null }
