import type { TaskInput } from '../../server/core/task-input.ts'
import type { GroupInput } from '../../server/services/groups.ts'
import type { Chance } from './chance.ts'
import { PULLED } from './pollers.ts'

export const WORKERS = ['w0', 'w1', PULLED] as const
/** Of the first the plan says how many may run at once. */
export const WORKGROUPS = ['limited', 'shared'] as const

/** What clients write of groups and tasks. */
export function groupSettings(chance: Chance): Pick<GroupInput, 'keyScope' | 'onTaskFailure'> {
  const keyScope = chance.pick(['group', 'group', 'worker'] as const)
  return { keyScope, onTaskFailure: chance.pick(['wait', 'wait', 'continue', 'failFast'] as const) }
}

export const taskInput = (id: string, chance: Chance, now: number): TaskInput => ({
  id,
  worker: chance.pick(WORKERS),
  remainingAttempts: chance.between(2, 5),
  errorDelayInSeconds: chance.pick([0, 0.2, 1]),
  priority: chance.between(0, 2),
  ...(chance.happens(0.4) && { workgroup: chance.pick(WORKGROUPS) }),
  ...(chance.happens(0.25) && { key: chance.pick(['common', 'other']) }),
  ...(chance.happens(0.2) && { runAfter: now + chance.between(-500, 4000) }),
  ...(chance.happens(0.08) && { isPaused: true }),
})

export const taskEdit = (chance: Chance, now: number): TaskInput =>
  chance.pick<TaskInput>([
    { priority: 9 },
    { name: 'edited' },
    { runAfter: now + 1000 },
    { remainingAttempts: 2 },
    { workgroup: 'shared' },
  ])
