import { StorageOpenError } from '../../storage/open-storage.ts'
import { misspelledNames } from '../settings/misspelled-names.ts'
import { didYouMean } from '../settings/nearest-word.ts'
import { processInput } from '../settings/process-input.ts'
import { readSettings } from '../settings/read-settings.ts'
import { SettingError } from '../settings/setting-error.ts'
import { VERSION } from '../version.ts'
import { parseArguments } from './arguments.ts'
import type { Command } from './command.ts'
import { demoCommand } from './demo-command.ts'
import { healthCommand } from './health-command.ts'
import { commandHelp, programHelp, SETTING_FLAGS } from './help.ts'
import { importCommand } from './import-command.ts'
import { startCommand } from './start-command.ts'

const COMMANDS: readonly Command[] = [startCommand, demoCommand, healthCommand, importCommand]

/** The exit code of a command line that cannot be used, or a storage or port that cannot be had. */
const UNUSABLE = 2

/** Runs a command line; answers the exit code. */
export async function runCli(args: readonly string[]): Promise<number> {
  try {
    return await dispatch(args)
  } catch (error) {
    if (!(error instanceof SettingError || error instanceof StorageOpenError)) throw error
    tell(error.message)
    return UNUSABLE
  }
}

async function dispatch([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || isHelp(name)) return help(args)
  if (name === 'version' || name === '--version' || name === '-v') return print(VERSION)
  const command = findCommand(name)
  return args.some(isHelp) ? print(commandHelp(command)) : run(command, args)
}

const isHelp = (arg: string): boolean => arg === 'help' || arg === '--help' || arg === '-h'

function help([name]: readonly string[]): number {
  return print(name === undefined ? programHelp(COMMANDS) : commandHelp(findCommand(name)))
}

function findCommand(name: string): Command {
  const command = COMMANDS.find((candidate) => candidate.name === name)
  if (command) return command
  const names = COMMANDS.map((candidate) => candidate.name)
  throw new SettingError(
    `"${name}" is no command${didYouMean(name, names)}: it is ${names.join(', ')}, version or help.`,
  )
}

function run(command: Command, args: readonly string[]): Promise<number> {
  const { flags, words } = parseArguments(args, [...command.flags, ...SETTING_FLAGS])
  const surplus = words[command.words.max]
  if (surplus !== undefined) throw new SettingError(`crew ${command.name} does not take "${surplus}": see --help.`)
  const input = processInput(flags)
  const settings = readSettings(input)
  for (const warning of misspelledNames(input)) tell(`warning: ${warning}`)
  return command.run({ settings, flags, words, out: print })
}

function tell(message: string): void {
  process.stderr.write(`crew: ${message}\n`)
}

function print(text: string): number {
  process.stdout.write(`${text}\n`)
  return 0
}
