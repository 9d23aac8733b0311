import type { AttemptJson, TaskJson } from '../../server/selftest/api-client.ts'
import type { Said, WorkerDelivery } from '../../server/selftest/flaky-worker.ts'
import type { Circumstances } from '../../server/selftest/group-checks.ts'
import type { History } from '../../server/selftest/history.ts'
import { childName, creationOf, type PlannedTask } from '../../server/selftest/work.ts'

export interface GroupHistory extends History {
  readonly deliveries: WorkerDelivery[]
  readonly tasks: Map<string, TaskJson>
  readonly attempts: Map<string, AttemptJson[]>
}

/** Epoch of `performance.now` 0, to have attempts and POSTs on one clock. */
const EPOCH = Date.parse('2026-11-23T00:00:00.000Z')

export const timeAt = (ms: number): string => new Date(EPOCH + ms).toISOString()
export const epochAt = (ms: number): number => EPOCH + ms

/** It ended with the first answer of its own, unless told. */
export function makeTask(id: string, fields: Partial<TaskJson> = {}): TaskJson {
  return {
    ...{ id, taskGroupId: 'g', name: '', worker: 'mail', workgroup: '', key: '', state: 'succeeded', isPaused: false },
    ...{ isComplete: true, remainingAttempts: 5, input: {}, output: { token: `${id}-1` }, errors: [], parentIds: [] },
    ...{ runAfter: timeAt(0), createdAt: timeAt(0), ...fields },
  }
}

export function makeAttempt(number: number, at: number, fields: Partial<AttemptJson> = {}): AttemptJson {
  const times = { startedAt: timeAt(at), endedAt: timeAt(at + 10), durationMs: 10 }
  return {
    number,
    ...times,
    outcome: 'succeeded',
    statusCode: 200,
    error: null,
    retryAt: null,
    deliveryId: 'd',
    ...fields,
  }
}

export function makePost(taskId: string, attempt: number, at: number, said: Said = 'done'): WorkerDelivery {
  const answeredAt = said === 'nothing' ? null : at + 8
  return {
    taskId,
    attempt,
    deliveryId: `d-${taskId}`,
    token: `${taskId}-${attempt}`,
    instance: 'server',
    firstByteAt: at + 1,
    answeredAt,
    said,
  }
}

/** A parent that failed once and brought a child with it, and a task behind it: all as it should be. */
export function soundHistory(): GroupHistory {
  const input = { delayMs: 1 }
  const planned: PlannedTask[] = [
    { id: 'a', worker: 'mail', errorDelayInSeconds: 1, input: { ...input, children: 1 } },
    { id: 'b', worker: 'mail', errorDelayInSeconds: 1, parentIds: ['a'], input },
  ]
  const creation = creationOf('g', { path: '/api/v1/task_groups/graph', body: {}, tasks: planned })
  return {
    creations: [{ ...creation, outcome: 'acknowledged', endedAt: 1 }],
    lives: [],
    tasks: byId([
      makeTask('a', { output: { token: 'a-2' } }),
      makeTask('b', { parentIds: ['a'] }),
      makeTask('a.c0', { name: childName('a', 0), parentIds: ['a'] }),
    ]),
    attempts: new Map([
      ['a', [makeAttempt(1, 0, { outcome: 'failed', statusCode: 500 }), makeAttempt(2, 100)]],
      ['b', [makeAttempt(1, 200)]],
      ['a.c0', [makeAttempt(1, 300)]],
    ]),
    deliveries: [makePost('a', 1, 0, 'failed'), makePost('a', 2, 100), makePost('b', 1, 200), makePost('a.c0', 1, 300)],
  }
}

const byId = (tasks: readonly TaskJson[]): Map<string, TaskJson> => new Map(tasks.map((task) => [task.id, task]))

export const CALM: Circumstances = { troubles: [], pauses: [], leaseMs: 3000 }
