import { didYouMean } from '../core/nearest-word.ts'
import { SettingError } from '../settings/setting-error.ts'
import type { CommandFlag } from './command.ts'

const FORMATS = ['table', 'json'] as const
export type OutputFormat = (typeof FORMATS)[number]

export const OUTPUT_FLAG: CommandFlag = {
  name: '-o',
  placeholder: FORMATS.join('|'),
  about: 'lines for people, the default, or one JSON document for programs',
}

/** What `-o` asks for. */
export function outputFormatOf(flags: ReadonlyMap<string, string>): OutputFormat {
  const asked = flags.get(OUTPUT_FLAG.name) ?? 'table'
  const format = FORMATS.find((each) => each === asked)
  if (format) return format
  throw new SettingError(`-o is "${asked}"${didYouMean(asked, FORMATS)}: expected ${FORMATS.join(' or ')}.`)
}
