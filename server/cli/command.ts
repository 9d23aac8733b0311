import type { SettingsInput } from '../settings/read-settings.ts'
import type { Settings } from '../settings/settings-table.ts'

/** A flag that a command takes. */
export interface FlagSpec {
  readonly name: string
  /** Null: the flag takes no value. */
  readonly placeholder: string | null
  /** The value may be left out and is `true` then. */
  readonly mayStandAlone?: boolean
}

/** A flag of one command alone; settings are flags of every command that reads them. */
export interface CommandFlag extends FlagSpec {
  readonly about: string
}

/** What stands behind a command's name. A flag without a value is `true`. */
export interface Arguments {
  readonly flags: ReadonlyMap<string, string>
  readonly words: readonly string[]
}

/** What a command is given that looks at the settings itself. */
export interface InspectCall extends Arguments {
  /** Where settings come from; nothing of it was read yet. */
  readonly input: SettingsInput
  /** Prints one line on stdout. */
  readonly out: (line: string) => void
}

/** What a command is given. */
export interface Call extends InspectCall {
  readonly settings: Settings
  /** By name: `CREW_SECRET_X` is `X`. */
  readonly secrets: ReadonlyMap<string, string>
}

interface CommandWords {
  readonly name: string
  readonly about: string
  /** What may stand behind it, for `--help`. */
  readonly words: { readonly placeholder: string; readonly max: number }
  readonly flags: readonly CommandFlag[]
}

/** A command of the program: a file in this folder, listed in `cli.ts`. */
export interface Command extends CommandWords {
  /** `--help` lists every setting. */
  readonly listsSettings?: true
  /** Answers the exit code. */
  run(call: Call): Promise<number>
}

/** A command about the settings themselves, which may be wrong. */
export interface InspectingCommand extends CommandWords {
  readonly inspectsSettings: true
  /** Answers the exit code. */
  run(call: InspectCall): Promise<number>
}

/** A command that no setting of the server means anything to: none is read, and none is a flag of it. */
export interface PlainCommand extends CommandWords {
  readonly readsSettings: false
  /** Lines that `--help` ends with. */
  readonly notes?: readonly string[]
  /** Answers the exit code. */
  run(call: Pick<Call, 'flags' | 'words' | 'out'>): Promise<number>
}

export type AnyCommand = Command | InspectingCommand | PlainCommand

/** Commands under one name: `crew task list`. */
export interface CommandGroup {
  readonly name: string
  readonly about: string
  readonly commands: readonly PlainCommand[]
}

/** What may stand behind `crew`. */
export type Entry = AnyCommand | CommandGroup

export const isGroup = (entry: Entry): entry is CommandGroup => 'commands' in entry
/** Settings are flags of it. */
export const takesSettings = (command: AnyCommand): command is Command | InspectingCommand =>
  !('readsSettings' in command)
