/** Lines of a report: the last commands are those that matter. */
const MAX_LINES = 60
/** Of a line: a command may be a commit of many edits. */
const MAX_LENGTH = 400

/** How a run on an engine and the model came to differ. */
export interface Counterexample {
  readonly error: unknown
  /** Those that ran, in order; after the last of them the two differed. */
  readonly commands: readonly string[]
}

/** Where fast-check finds it again. */
export interface CounterexamplePlace {
  readonly seed: number
  readonly path: string | null
  readonly shrinks: number
}

/** What differs, how to see it again, and the commands that lead there, one a line. */
export function reportOf({ error, commands }: Counterexample, { seed, path, shrinks }: CounterexamplePlace): Error {
  const shown = commands.slice(-MAX_LINES)
  const left = commands.length - shown.length
  const lines = [
    `the engine differs from the model: ${cut(error instanceof Error ? error.message : String(error))}`,
    `seed ${seed}, path "${path}", shrunk ${shrinks} times to ${commands.length} commands:`,
    ...(left > 0 ? [`(${left} before these)`] : []),
    ...shown.map(cut),
  ]
  return new Error(lines.join('\n'), { cause: error })
}

const cut = (line: string): string => (line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line)
