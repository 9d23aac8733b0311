import type { AttemptRecord } from '../../server/core/attempt-record.ts'
import type { WorkHold } from '../../server/core/change-set.ts'
import { type Gate, openGate } from '../../server/core/gate.ts'
import { DEFAULT_GROUP_SETTINGS } from '../../server/core/group-settings.ts'
import type { Task } from '../../server/core/task.ts'
import type { TaskGroup } from '../../server/core/task-group.ts'
import { SIMULATED_START, type SimulatedClock, simulatedClock } from './simulated-clock.ts'

/** A task with every field set: ready to run, of no workgroup and no key. */
export function makeTask(fields: Partial<Task> = {}): Task {
  return {
    id: 'task',
    groupId: 'group',
    name: '',
    worker: 'worker',
    workgroup: '',
    key: '',
    mergeKey: '',
    holds: 0,
    remainingAttempts: 5,
    priority: 0,
    progressWeight: 1,
    runAfter: 0,
    isSeed: false,
    errorDelayInSeconds: 60,
    retry: null,
    timeoutSeconds: null,
    input: 'null',
    output: 'null',
    errors: [],
    metadata: {},
    parentIds: [],
    createdAt: SIMULATED_START,
    createdBy: '',
    version: 1,
    run: 1,
    attempts: 0,
    failures: 0,
    rateLimitedSince: 0,
    givenBack: 0,
    unfinishedParents: 0,
    lease: null,
    ...fields,
  }
}

export function makeGroup(fields: Partial<TaskGroup> = {}): TaskGroup {
  return {
    id: 'group',
    name: '',
    createdAt: SIMULATED_START,
    isPaused: false,
    stoppedBy: null,
    metadata: {},
    keyScope: 'group',
    settings: DEFAULT_GROUP_SETTINGS,
    epoch: 1,
    ...fields,
  }
}

export function makeAttempt(fields: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    number: 1,
    deliveryId: 'task_1',
    instance: 'boot-1',
    startedAt: SIMULATED_START,
    endedAt: SIMULATED_START + 20,
    outcome: 'succeeded',
    statusCode: 200,
    bytes: 2,
    error: null,
    retryAt: null,
    ...fields,
  }
}

/** A hold by hand of a minute, on a workgroup. */
export function makeHold(fields: Partial<WorkHold> = {}): WorkHold {
  return {
    scope: 'workgroup',
    name: 'workgroup',
    until: SIMULATED_START + 60_000,
    reason: '',
    kind: 'manual',
    since: SIMULATED_START,
    taskId: '',
    source: '',
    probeMs: 0,
    ...fields,
  }
}

/** A gate that nothing keeps shut. */
export function makeGate(fields: Partial<Gate> = {}): Gate {
  return { ...openGate('workgroup', 'workgroup'), ...fields }
}

/** Makes tasks and groups whose ids and creation times no other of the same world has; worlds share nothing. */
export interface World {
  readonly clock: SimulatedClock
  task(fields?: Partial<Task>): Task
  group(fields?: Partial<TaskGroup>): TaskGroup
  nextId(prefix: string): string
}

export function makeWorld(clock: SimulatedClock = simulatedClock()): World {
  let made = 0
  const nextId = (prefix: string) => `${prefix}-${++made}`
  // Everything is made one millisecond after the thing before it, so that "oldest first" has one answer.
  const madeAt = () => SIMULATED_START - 1_000_000 + made
  return {
    clock,
    nextId,
    task: (fields) => makeTask({ id: nextId('task'), createdAt: madeAt(), ...fields }),
    group: (fields) => makeGroup({ id: nextId('group'), createdAt: madeAt(), ...fields }),
  }
}
