import type { Fault } from './errors.ts'
import { newTask } from './new-task.ts'
import { isExhausted, type Task } from './task.ts'
import { type CountedGroup, completedPercent, countsByState, groupStateOf } from './task-group.ts'
import { isObject, parseTaskInput, type TaskField, type TaskInput } from './task-input.ts'

/** The fields of a task that runs when all others of its group have ended: when and how often it runs is not for it to say. */
export const finallyFields = [
  'name',
  'worker',
  'workgroup',
  'remainingAttempts',
  'priority',
  'progressWeight',
  'errorDelayInSeconds',
  'retry',
  'timeoutSeconds',
  'input',
  'metadata',
] as const satisfies readonly TaskField[]

export type FinallyTask = Pick<TaskInput, (typeof finallyFields)[number]> & { readonly worker: string }

/** Reads it; null is none. */
export function parseFinally(value: unknown, pointer: string): { task: FinallyTask | null; faults: Fault[] } {
  if (value === null) return { task: null, faults: [] }
  const { input, faults } = parseTaskInput(value, pointer, finallyFields)
  if (!isObject(value)) return { task: null, faults }
  const known: readonly string[] = finallyFields
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) faults.push({ pointer: `${pointer}/${name}`, detail: `expected ${known.join(', ')}` })
  }
  const { worker } = input
  if (worker !== undefined) return { task: { ...input, worker }, faults }
  if (!Object.hasOwn(value, 'worker'))
    faults.push({ pointer: `${pointer}/worker`, detail: 'is required: the name of a worker' })
  return { task: null, faults }
}

/** What stands for the creator of such a task. No id has a space in it. */
const CREATOR = ' finally'

/** Whether it was made because its group had ended: a reset takes it away, and the next end makes another one. */
export const isFinally = ({ createdBy }: Pick<Task, 'createdBy'>): boolean => createdBy === CREATOR

/** Failed tasks that are told by name. */
const MAX_FAILED_TOLD = 100

/** The task of one end of a group. Its input: what became of the group, and the input that it was given. */
export function finallyTask(
  group: CountedGroup,
  given: FinallyTask,
  { id, failed, now }: { id: string; failed: readonly Task[]; now: number },
): Task {
  const input = `{"group":${JSON.stringify(summary(group, failed))},"input":${given.input ?? 'null'}}`
  const { id: groupId, keyScope } = group
  const birth = { groupId, keyScope, now, createdBy: CREATOR, runAfter: now }
  return newTask({ ...given, name: given.name || 'finally', id, input }, birth)
}

function summary(group: CountedGroup, failed: readonly Task[]) {
  const { id, name, metadata } = group
  return {
    id,
    name,
    metadata,
    state: groupStateOf(group),
    counts: countsByState(group),
    completedPercent: completedPercent(group),
    failedTasks: failed
      .filter(isExhausted)
      .slice(0, MAX_FAILED_TOLD)
      .map(({ id, name, worker, errors }) => ({ id, name, worker, error: errors.at(-1) ?? '' })),
  }
}
