import type { AttemptContext, EndedAttempt } from '../../server/core/attempt.ts'
import type { Change, ChangeSet } from '../../server/core/change-set.ts'
import type { AnswerHeaders } from '../../server/core/rate-limit-headers.ts'
import type { Task, TaskPatch } from '../../server/core/task.ts'
import { type Outcome, readReply, type WorkerReply } from '../../server/core/worker-response.ts'
import { makeTask } from './make.ts'
import { SIMULATED_START } from './simulated-clock.ts'

export const NOW = SIMULATED_START

export type AnswerReply = WorkerReply & { kind: 'answer' }

/** A worker's answer; a body that is no string is sent as JSON. */
export function answer(body: unknown = '', status = 200, headers: AnswerHeaders = {}): AnswerReply {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { kind: 'answer', status, headers, body: text, bytes: new TextEncoder().encode(text).length }
}

/** What an answer means at the simulated start. */
export const read = (body: unknown = '', status = 200, headers: AnswerHeaders = {}): Outcome =>
  readReply(answer(body, status, headers), NOW)

/** A task whose first attempt is in flight. */
export const runningTask = (fields: Partial<Task> = {}): Task =>
  makeTask({
    attempts: 1,
    lease: { token: 'token', holder: 'boot-1', startedAt: NOW - 20, until: NOW + 30_000 },
    ...fields,
  })

export const endedWith = (outcome: Outcome, fields: Partial<EndedAttempt> = {}): EndedAttempt => ({
  outcome,
  token: 'token',
  instance: 'boot-1',
  startedAt: NOW - 20,
  endedAt: NOW,
  statusCode: 200,
  bytes: 2,
  ...fields,
})

/** Nothing known in the store, no jitter, ids new-1, new-2 and so on. */
export function attemptContext(fields: Partial<AttemptContext> = {}): AttemptContext {
  let made = 0
  return {
    now: NOW,
    random: () => 0,
    newId: () => `new-${++made}`,
    keyScope: 'group',
    groupEpoch: 0,
    takenIds: new Set(),
    knownParents: new Set(),
    duplicates: [],
    ...fields,
  }
}

type Kind = Change['kind']

/** The changes of one kind. */
export function changesOf<K extends Kind>({ changes }: Pick<ChangeSet, 'changes'>, kind: K): (Change & { kind: K })[] {
  return changes.filter((change): change is Change & { kind: K } => change.kind === kind)
}

export const kindsOf = (changeSet: Pick<ChangeSet, 'changes'>): Kind[] => changeSet.changes.map(({ kind }) => kind)

/** All that is set on one task; empty when it is left alone. */
export function patchOf(changeSet: Pick<ChangeSet, 'changes'>, taskId = 'task'): TaskPatch {
  const patches = changesOf(changeSet, 'patchTask').filter((change) => change.taskId === taskId)
  return Object.assign({}, ...patches.map(({ patch }) => patch))
}
