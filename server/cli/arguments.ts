import { didYouMean } from '../settings/nearest-word.ts'
import { SettingError } from '../settings/setting-error.ts'

/** A flag that a command takes. */
export interface FlagSpec {
  readonly name: string
  /** Null: the flag takes no value. */
  readonly placeholder: string | null
  /** The value may be left out and is `true` then. */
  readonly mayStandAlone?: boolean
}

/** A command line in parts. A flag without a value is `true`. */
export interface Arguments {
  readonly flags: ReadonlyMap<string, string>
  readonly words: readonly string[]
}

/** Takes a command line apart: `--name value`, `--name=value`, and after `--` only words. */
export function parseArguments(args: readonly string[], specs: readonly FlagSpec[]): Arguments {
  const flags = new Map<string, string>()
  const words: string[] = []
  const rest = [...args]
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') words.push(...rest.splice(0))
    else if (!arg.startsWith('-') || arg === '-') words.push(arg)
    else {
      const [name, value] = takeFlag(arg, rest, specs)
      if (flags.has(name)) throw new SettingError(`${name} is given twice: keep one of them.`)
      flags.set(name, value)
    }
  }
  return { flags, words }
}

function takeFlag(arg: string, rest: string[], specs: readonly FlagSpec[]): readonly [string, string] {
  const [, name = arg, written] = /^(--?[^=]+)=(.*)$/s.exec(arg) ?? []
  const spec = specs.find((candidate) => candidate.name === name)
  if (!spec) throw unknownFlag(name, specs)
  if (written !== undefined && spec.placeholder !== null) return [name, written]
  if (written !== undefined) throw new SettingError(`${name} takes no value: write it alone.`)
  if (spec.placeholder === null || spec.mayStandAlone) return [name, 'true']
  const next = rest[0]
  if (next === undefined || next.startsWith('--')) {
    throw new SettingError(`${name} has no value: write ${name} ${spec.placeholder}.`)
  }
  return [name, rest.shift() ?? '']
}

function unknownFlag(name: string, specs: readonly FlagSpec[]): SettingError {
  const names = specs.map((spec) => spec.name)
  return new SettingError(`${name} is no flag of this command${didYouMean(name, names)}: see --help.`)
}
