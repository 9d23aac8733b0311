import type { Fleet } from '../../e2e/redis/fleet.ts'
import type { Delivery } from '../../e2e/support/recording-worker.ts'
import { eventually } from '../../e2e/support/waiting.ts'

/** Tasks that may not begin before a moment of a clock that is right, each with that moment. */
export type Later = Map<string, number>

const LATER_MS = 2000

/** One at each of these servers. */
export async function createLater(
  { instances }: Pick<Fleet, 'instances'>,
  groupId: string,
  later: Later,
): Promise<void> {
  for (const { api } of instances) {
    const at = Date.now() + LATER_MS
    const id = `later-${later.size}`
    const task = { id, worker: 'later', runAfter: new Date(at).toISOString(), input: { delayMs: 0 } }
    // A store that is slow just now may have taken it all the same, and says so the next time.
    await eventually(`${id} is there`, async () => {
      const { status } = await api.call('POST', `/api/v1/task_group/${groupId}/tasks`, task)
      return status === 200 || status === 409
    })
    later.set(id, at)
  }
}

/** By the same clock; never, when there was none. */
export const firstPostAt = (deliveries: readonly Delivery[], id: string): number =>
  performance.timeOrigin + (deliveries.find(({ taskId }) => taskId === id)?.firstByteAt ?? Number.POSITIVE_INFINITY)

/** Wall clocks of two processes are compared. */
const SLACK_MS = 50

/** Those that began too soon. */
export const earlyOf = (later: Later, deliveries: readonly Delivery[]): [id: string, at: number][] =>
  [...later].filter(([id, at]) => at - firstPostAt(deliveries, id) > SLACK_MS)
