import { fileNamesOf, namesOf, SETTING_KEYS, SETTINGS, type Setting } from '../settings/settings-table.ts'
import type { FlagSpec } from './arguments.ts'
import type { Command } from './command.ts'

/** `crew --help`. */
export function programHelp(commands: readonly Command[]): string {
  return [
    'Crew runs graphs of tasks: it POSTs each task that is ready to a worker and keeps the answer.',
    '',
    'Usage: crew COMMAND [FLAGS]',
    '',
    ...table(commands.map(({ name, words, about }) => [`${name} ${words.placeholder}`.trim(), about])),
    ...table([
      ['version', 'tell the version'],
      ['help [COMMAND]', 'tell what a command takes, and every setting'],
    ]),
  ].join('\n')
}

/** `crew COMMAND --help`. */
export function commandHelp(command: Command): string {
  const { name, about, words, flags, listsSettings } = command
  const own = flags.map((flag) => [`${flag.name} ${flag.placeholder ?? ''}`.trim(), flag.about] as const)
  return [
    `Usage: crew ${name} ${words.placeholder}`.trim(),
    '',
    `${about[0]?.toUpperCase()}${about.slice(1)}.`,
    ...(own.length === 0 ? [] : ['', 'Flags:', ...table(own)]),
    '',
    ...(listsSettings
      ? SETTINGS_HELP
      : ['Settings are understood as well, such as --host and --port: see crew help start.']),
  ].join('\n')
}

/** The flags of all settings. */
export const SETTING_FLAGS: readonly FlagSpec[] = SETTING_KEYS.flatMap((key) => {
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

function table(rows: readonly (readonly string[])[]): string[] {
  return rows.map(([name = '', about = '']) => `  ${name.padEnd(22)}${about}`)
}
