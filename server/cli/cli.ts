import { StorageOpenError } from '../../storage/open-storage.ts'
import { misspelledNames } from '../settings/misspelled-names.ts'
import { processInput } from '../settings/process-input.ts'
import { readSecrets } from '../settings/read-secrets.ts'
import { readSettings } from '../settings/read-settings.ts'
import { SettingError } from '../settings/setting-error.ts'
import { VERSION } from '../version.ts'
import { backupCommand } from './backup-command.ts'
import { eventsCommand } from './client/events-command.ts'
import { nounCommands } from './client/noun-commands.ts'
import { CLOSED_PIPE, isClosedPipe } from './closed-pipe.ts'
import { type AnyCommand, type Arguments, type Entry, takesSettings } from './command.ts'
import { completionCommand } from './completion-command.ts'
import { configCommand } from './config-command.ts'
import { demoCommand } from './demo-command.ts'
import { devCommand } from './dev-command.ts'
import { doctorCommand } from './doctor-command.ts'
import { fsckCommand } from './fsck-command.ts'
import { healthCommand } from './health-command.ts'
import { importCommand } from './import-command.ts'
import { runProgram } from './program.ts'
import { restoreCommand } from './restore-command.ts'
import { selftestCommand } from './selftest-command.ts'
import { startCommand } from './start-command.ts'
import { versionCommand } from './version-command.ts'

/** What stands behind `crew`, as `--help` lists it. */
const ENTRIES: readonly Entry[] = [
  startCommand,
  devCommand,
  demoCommand,
  healthCommand,
  importCommand,
  configCommand,
  doctorCommand,
  backupCommand,
  restoreCommand,
  fsckCommand,
  selftestCommand,
  completionCommand(() => ENTRIES),
  versionCommand,
  ...nounCommands(),
  eventsCommand(),
]

/** The exit code of a command line that cannot be used, or a storage or port that cannot be had. */
const UNUSABLE = 2

/** Runs a command line; answers the exit code. */
export async function runCli(args: readonly string[]): Promise<number> {
  try {
    return await dispatch(args)
  } catch (error) {
    if (isClosedPipe(error)) return CLOSED_PIPE
    if (!(error instanceof SettingError || error instanceof StorageOpenError)) throw error
    tell(error.message)
    return UNUSABLE
  }
}

async function dispatch(args: readonly string[]): Promise<number> {
  let code = 0
  await runProgram(
    {
      entries: ENTRIES,
      version: VERSION,
      write: (text) => process.stdout.write(text),
      run: async (command, given) => {
        code = await run(command, given)
      },
    },
    args,
  )
  return code
}

function run(command: AnyCommand, { flags, words }: Arguments): Promise<number> {
  if (!takesSettings(command)) return command.run({ flags, words, out: print })
  const input = processInput(flags)
  if ('inspectsSettings' in command) return command.run({ input, flags, words, out: print })
  const settings = readSettings(input)
  for (const warning of misspelledNames(input)) tell(`warning: ${warning}`)
  return command.run({ settings, secrets: readSecrets(input), input, flags, words, out: print })
}

function tell(message: string): void {
  process.stderr.write(`crew: ${message}\n`)
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
