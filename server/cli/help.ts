import { fileNamesOf, namesOf, SETTING_KEYS, SETTINGS, type Setting } from '../settings/settings-table.ts'
import { type AnyCommand, type CommandGroup, type Entry, type FlagSpec, isGroup, takesSettings } from './command.ts'

/** `crew --help`. */
export function programHelp(entries: readonly Entry[]): string {
  const groups = entries.filter(isGroup)
  const commands = entries.filter((entry): entry is AnyCommand => !isGroup(entry))
  return [
    'Crew runs graphs of tasks: it POSTs each task that is ready to a worker and keeps the answer.',
    '',
    'Usage: crew COMMAND [FLAGS]',
    '',
    ...table(commands.map(({ name, words, about }) => [`${name} ${words.placeholder}`.trim(), about])),
    ...table([['help [COMMAND]', 'tell what a command takes, and every setting']]),
    ...(groups.length === 0 ? [] : ['', 'Of a server that runs, over its API (crew help group tells more):', '']),
    ...table(groups.map(({ name, about }) => [`${name} …`, about])),
  ].join('\n')
}

/** `crew task --help`. */
export function groupHelp({ name, about, commands }: CommandGroup): string {
  return [
    `Usage: crew ${name} COMMAND [FLAGS]`,
    '',
    sentence(about),
    '',
    ...table(commands.map((command) => [`${command.name} ${command.words.placeholder}`.trim(), command.about])),
    '',
    `What a command takes: crew help ${name} ${commands[0]?.name ?? ''}`.trim(),
  ].join('\n')
}

/** `crew COMMAND --help`. The path of a command of a group is both names. */
export function commandHelp(command: AnyCommand, path: string): string {
  const { about, words, flags } = command
  const own = flags.map((flag) => [`${flag.name} ${flag.placeholder ?? ''}`.trim(), flag.about] as const)
  return [
    `Usage: crew ${path} ${words.placeholder}`.trim(),
    '',
    sentence(about),
    ...(own.length === 0 ? [] : ['', 'Flags:', ...table(own)]),
    ...notesOf(command),
  ].join('\n')
}

function notesOf(command: AnyCommand): readonly string[] {
  if (!takesSettings(command)) return command.notes === undefined ? [] : ['', ...command.notes]
  if ('listsSettings' in command) return ['', ...SETTINGS_HELP]
  return ['', 'Settings are understood as well, such as --host and --port: see crew help start.']
}

/** Every flag that a command takes. */
export const flagsOf = (command: AnyCommand): readonly FlagSpec[] =>
  takesSettings(command) ? [...command.flags, ...SETTING_FLAGS] : command.flags

const sentence = (about: string): string => `${about[0]?.toUpperCase() ?? ''}${about.slice(1)}.`

/** The flags of all settings. */
const SETTING_FLAGS: readonly FlagSpec[] = SETTING_KEYS.flatMap((key) => {
  const { kind, isSecret }: Setting<unknown> = SETTINGS[key]
  const { placeholder, mayStandAlone = false } = kind
  const flag = { name: namesOf(key).flag, placeholder, mayStandAlone }
  return isSecret ? [flag, { name: fileNamesOf(key).flag, placeholder: 'PATH' }] : [flag]
})

const SETTINGS_HELP: readonly string[] = [
  'Settings, three ways each: --max-in-flight 50, CREW_MAX_IN_FLIGHT=50, or max_in_flight = 50 in crew.toml.',
  'A flag wins over the environment, that over crew.toml, that over .env in the current folder.',
  'A secret can stand in a file: CREW_AUTH_TOKEN_FILE=PATH, better than a flag, which other users may see.',
  '',
  ...SETTING_KEYS.flatMap((key) => {
    const { kind, fallback, about } = SETTINGS[key]
    const { flag, env } = namesOf(key)
    return [`  ${flag} ${kind.placeholder}, ${env}`, `      ${about}${fallback === null ? '' : ` (${fallback})`}`]
  }),
]

/** Names up to this long are in one column; what a longer one is about follows it. */
const WIDEST = 34

function table(rows: readonly (readonly string[])[]): string[] {
  const lengths = rows.map(([name = '']) => name.length).filter((length) => length <= WIDEST)
  const width = Math.max(20, ...lengths) + 2
  return rows.map(([name = '', about = '']) => `  ${`${name}  `.padEnd(width)}${about}`)
}
