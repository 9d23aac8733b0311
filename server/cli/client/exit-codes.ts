import type { CrewProblem } from '../../../sdk/typescript/src/client/crew-problem.ts'

/** What scripts read. They never change: a new one is added at the end. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  auth: 4,
  conflict: 5,
  waitedTooLong: 6,
  partly: 7,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** For `--help`. */
export const EXIT_NOTES: readonly string[] = [
  'Exit codes: 0 done; 1 failed, or no server answers; 2 the command line or what it sends cannot be used; 3 not found;',
  '4 not logged in or not allowed; 5 in conflict with what is; 6 waited too long; 7 done in part.',
]

const OF_STATUS: Readonly<Record<number, ExitCode>> = {
  400: EXIT.usage,
  401: EXIT.auth,
  403: EXIT.auth,
  404: EXIT.notFound,
  405: EXIT.usage,
  409: EXIT.conflict,
  410: EXIT.conflict,
  413: EXIT.usage,
  415: EXIT.usage,
  422: EXIT.usage,
}

export const exitOfProblem = ({ status }: Pick<CrewProblem, 'status'>): ExitCode => OF_STATUS[status] ?? EXIT.failed

/** Of many calls: all alike as each of them, else done in part. */
export function exitOfMany(codes: readonly ExitCode[]): ExitCode {
  const [first = EXIT.ok] = codes
  if (codes.every((code) => code === first)) return first
  return codes.includes(EXIT.ok) ? EXIT.partly : EXIT.failed
}

/** Of a group that has ended. An empty one has nothing to do. */
export const exitOfGroup = (state: string): ExitCode => (state === 'failed' ? EXIT.failed : EXIT.ok)
