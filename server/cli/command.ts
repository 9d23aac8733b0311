import type { Settings } from '../settings/settings-table.ts'
import type { FlagSpec } from './arguments.ts'

/** A flag of one command alone; settings are flags of every command that reads them. */
export interface CommandFlag extends FlagSpec {
  readonly about: string
}

/** What a command is given. */
export interface Call {
  readonly settings: Settings
  readonly flags: ReadonlyMap<string, string>
  readonly words: readonly string[]
  /** Prints one line on stdout. */
  readonly out: (line: string) => void
}

/** A command of the program: a file in this folder, listed in `cli.ts`. */
export interface Command {
  readonly name: string
  readonly about: string
  /** What may stand behind it, for `--help`. */
  readonly words: { readonly placeholder: string; readonly max: number }
  readonly flags: readonly CommandFlag[]
  /** `--help` lists every setting. */
  readonly listsSettings?: true
  /** Answers the exit code. */
  run(call: Call): Promise<number>
}
