import { type CommanderError, Command as Parser } from 'commander'
import { didYouMean } from '../core/nearest-word.ts'
import { SettingError } from '../settings/setting-error.ts'
import { takeFlags, withValues } from './arguments.ts'
import { type AnyCommand, type Arguments, type Entry, isGroup } from './command.ts'
import { commandHelp, flagsOf, groupHelp, programHelp } from './help.ts'

export interface ProgramOptions {
  readonly entries: readonly Entry[]
  readonly version: string
  /** Prints on stdout. */
  readonly write: (text: string) => void
  /** Runs what the command line names. */
  readonly run: (command: AnyCommand, args: Arguments) => Promise<void>
}

/**
 * Reads a command line and runs what it names, or prints help or the version. Throws a SettingError about a line that cannot be
 * used; commander takes it apart, and the sentences are ours.
 */
export async function runProgram(options: ProgramOptions, args: readonly string[]): Promise<void> {
  const { entries, version } = options
  const program = makeParser('crew', options, () => programHelp(entries))
    .version(version, '-v, --version')
    .helpCommand('help [command]')
    // A flag behind a command's name is the command's.
    .enablePositionalOptions()
  for (const entry of entries) program.addCommand(entryParser(entry, options))
  takeUnknown(program, (name) => {
    const names = [...entries.map((entry) => entry.name), 'help']
    return `"${name}" is no command${didYouMean(name, names)}: see crew help.`
  })
  const line = args[0] === 'help' ? helpLine(args.slice(1), entries) : args
  try {
    await program.parseAsync(line.length === 0 ? ['--help'] : withValues(line, entries), { from: 'user' })
  } catch (error) {
    if (!isShown(error)) throw error
  }
}

/** `crew help task list` is `crew task list --help`: commander's own goes one word deep. A name that is none is refused as such. */
function helpLine([name, verb]: readonly string[], entries: readonly Entry[]): readonly string[] {
  if (name === undefined || name.startsWith('-')) return ['--help']
  const entry = entries.find((each) => each.name === name)
  if (entry === undefined) return [name]
  if (!isGroup(entry) || verb === undefined) return [name, '--help']
  return entry.commands.some((each) => each.name === verb) ? [name, verb, '--help'] : [name, verb]
}

function entryParser(entry: Entry, options: ProgramOptions): Parser {
  if (!isGroup(entry)) return commandParser(entry, entry.name, options)
  const parser = makeParser(entry.name, options, () => groupHelp(entry)).helpCommand(false)
  for (const command of entry.commands)
    parser.addCommand(commandParser(command, `${entry.name} ${command.name}`, options))
  takeUnknown(parser, (name) => {
    const names = entry.commands.map((command) => command.name)
    return `"${name}" is no command of crew ${entry.name}${didYouMean(name, names)}: it is ${oneOf(names)}.`
  })
  return parser
}

function commandParser(command: AnyCommand, path: string, options: ProgramOptions): Parser {
  const specs = flagsOf(command)
  const parser = makeParser(command.name, options, () => commandHelp(command, path)).argument('[words...]')
  parser.exitOverride((error) => {
    throw inOurWords(
      error,
      specs.map(({ name }) => name),
    )
  })
  const flags = takeFlags(parser, specs)
  return parser.action((words: string[]) => {
    const surplus = words[command.words.max]
    if (surplus !== undefined) throw new SettingError(`crew ${path} does not take "${surplus}": see --help.`)
    return options.run(command, { flags, words })
  })
}

function makeParser(name: string, { write }: ProgramOptions, help: () => string): Parser {
  return new Parser(name)
    .exitOverride((error) => {
      throw inOurWords(error, ['--help'])
    })
    .configureOutput({ writeOut: write, outputError: () => undefined })
    .configureHelp({ formatHelp: () => `${help()}\n` })
    .helpOption('-h, --help')
}

/** Whatever is none of the names comes here. */
function takeUnknown(parser: Parser, sentence: (name: string) => string): void {
  parser.argument('[words...]').action(([name]: string[]) => {
    if (name === undefined) return parser.help()
    throw new SettingError(sentence(name))
  })
}

const oneOf = (names: readonly string[]): string => names.join(', ').replace(/, ([^,]*)$/, ' or $1')

/** Help and the version end the reading of a command line as errors do, once they are shown. */
const isShown = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && /^commander\.(help|helpDisplayed|version)$/.test(String(error.code))

function inOurWords(error: CommanderError, names: readonly string[]): Error {
  if (isShown(error)) return error
  const [, written = error.message] = /'([^']*)'/.exec(error.message) ?? []
  if (error.code !== 'commander.unknownOption') return new SettingError(`${error.message}: see --help.`)
  const [name = written, value] = written.split('=', 2)
  if (value !== undefined && names.includes(name)) {
    return new SettingError(`${name} takes no value: write it alone.`)
  }
  return new SettingError(`${name} is no flag of this command${didYouMean(name, names)}: see --help.`)
}
