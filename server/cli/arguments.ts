import { Option, type Command as Parser } from 'commander'
import { SettingError } from '../settings/setting-error.ts'
import { type Entry, type FlagSpec, isGroup } from './command.ts'
import { flagsOf } from './help.ts'

/** Lets a parser take these flags, each once; they are in the map that is answered when it has read its line. */
export function takeFlags(parser: Parser, specs: readonly FlagSpec[]): ReadonlyMap<string, string> {
  const flags = new Map<string, string>()
  for (const { name, placeholder } of specs) {
    const option = new Option(placeholder === null ? name : `${name} [value]`)
    parser.addOption(option)
    parser.on(`option:${option.name()}`, (value?: string | null) => {
      if (flags.has(name)) throw new SettingError(`${name} is given twice: keep one of them.`)
      if (placeholder !== null && value == null)
        throw new SettingError(`${name} has no value: write ${name} ${placeholder}.`)
      // `-o=json`: of a short flag commander leaves the equals sign.
      flags.set(name, (/^-\w$/.test(name) ? value?.replace(/^=/, '') : value) ?? 'true')
    })
  }
  return flags
}

/**
 * The same line with each value joined to its flag, `--port=80`. Commander would let `--port --demo` take `--demo` as the port, and a
 * flag that may stand alone the word behind it.
 */
export function withValues(line: readonly string[], entries: readonly Entry[]): readonly string[] {
  const specs = specsOf(line, entries)
  const joined: string[] = []
  for (let i = 0; i < line.length; i++) {
    const arg = line[i] ?? ''
    if (arg === '--') return [...joined, ...line.slice(i)]
    const spec = specs.find(({ name }) => name === arg)
    const next = line[i + 1]
    if (spec?.mayStandAlone) joined.push(`${arg}=true`)
    else if (spec && spec.placeholder !== null && next !== undefined && !next.startsWith('--')) {
      joined.push(`${arg}=${next}`)
      i++
    } else joined.push(arg)
  }
  return joined
}

function specsOf([name, verb]: readonly string[], entries: readonly Entry[]): readonly FlagSpec[] {
  const entry = entries.find((each) => each.name === name)
  if (entry === undefined) return []
  const command = isGroup(entry) ? entry.commands.find((each) => each.name === verb) : entry
  return command === undefined ? [] : flagsOf(command)
}
