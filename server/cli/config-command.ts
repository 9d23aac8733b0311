import { type ReportedSetting, reportSettings, type SettingsReport } from '../settings/settings-report.ts'
import type { InspectCall, InspectingCommand } from './command.ts'
import { OUTPUT_FLAG, outputFormatOf } from './output-flag.ts'

/** `crew config`: what would be in force if a server were started here. */
export const configCommand: InspectingCommand = {
  name: 'config',
  about: 'tell every setting, where its value comes from and its three spellings; exit code 1 when one is wrong',
  words: { placeholder: '', max: 0 },
  flags: [OUTPUT_FLAG],
  inspectsSettings: true,
  run,
}

async function run({ input, flags, out }: InspectCall): Promise<number> {
  const format = outputFormatOf(flags)
  const report = reportSettings(input)
  out(format === 'json' ? JSON.stringify(report, null, 2) : linesOf(report).join('\n'))
  return report.faults.length === 0 ? 0 : 1
}

function linesOf({ settings, secrets, faults, warnings }: SettingsReport): string[] {
  const rows = settings.map((setting) => [
    setting.names.toml,
    setting.value ?? '-',
    sourceOf(setting),
    setting.names.env,
    setting.names.flag,
  ])
  const secretRows = secrets.map(({ name, variable, source }) => [`secret:${name}`, variable, source])
  return [
    ...table([['SETTING', 'VALUE', 'SOURCE', 'ENVIRONMENT', 'FLAG'], ...rows]),
    ...(secrets.length === 0 ? [] : ['', ...table([['SECRET OF WORKERS', 'VARIABLE', 'SOURCE'], ...secretRows])]),
    ...(warnings.length === 0 ? [] : ['', ...warnings.map((warning) => `warning: ${warning}`)]),
    ...(faults.length === 0 ? [] : ['', ...faults.map((fault) => `wrong: ${fault}`)]),
  ]
}

/** The name is told where another spelling than those of the row decided. */
function sourceOf({ source, name }: ReportedSetting): string {
  if (name === null) return source
  const [, by] = /\((by .*)\)$/.exec(name) ?? []
  if (by !== undefined) return `${source} (${by})`
  return source === 'file' ? `file (${name})` : source
}

/** One long value must not push the columns behind it out of sight. */
const WIDEST = 44

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.min(WIDEST, Math.max(...rows.map((row) => row[column]?.length ?? 0))),
  )
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
