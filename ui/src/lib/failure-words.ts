import type { TaskGroup } from '../api/operations.ts'

/** What each policy means, for the form and for the page. */
export const FAILURE_POLICIES = [
  ['wait', 'what is below it waits'],
  ['continue', 'what is below it goes on'],
  ['failFast', 'the whole group stops'],
] as const satisfies readonly (readonly [TaskGroup['onTaskFailure'], string])[]

export const policyWords = (policy: TaskGroup['onTaskFailure']): string =>
  FAILURE_POLICIES.find(([each]) => each === policy)?.[1] ?? policy
