import type { Schedule } from '../api/operations.ts'

/** What each policy means, for the form and for the page. */
export const OVERLAPS = [
  ['skip', 'skip the new run'],
  ['queue', 'queue the new run'],
  ['allow', 'run both'],
] as const satisfies readonly (readonly [Schedule['overlap'], string])[]

export const CATCH_UPS = [
  ['none', 'make up for none'],
  ['latest', 'one run for all missed'],
  ['all', 'each missed run, in order'],
] as const satisfies readonly (readonly [Schedule['catchUp'], string])[]

export const wordsOf = <Value extends string>(choices: readonly (readonly [Value, string])[], value: Value): string =>
  choices.find(([each]) => each === value)?.[1] ?? value

export const nameOfSchedule = ({ name, id }: Pick<Schedule, 'name' | 'id'>): string => name || id
