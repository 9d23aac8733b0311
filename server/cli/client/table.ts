import { plainValue, type RawObject, rawMembers } from './raw-members.ts'
import { oneLine, shortened } from './terminal-text.ts'
import type { Column } from './verb.ts'

/** A cell beyond this would push the others off the screen. The last one may take some lines; the first is an id, to be copied whole. */
const MAX_CELL = 48
const MAX_LAST = 200
const MAX_FIRST = 300

const COLORS: Readonly<Record<string, string>> = {
  succeeded: '32',
  running: '34',
  active: '34',
  failed: '31',
  retrying: '33',
  throttled: '36',
  paused: '35',
}

/** A line of heads, and one for each row; nothing when there is no row. */
export function tableLines(
  rows: readonly RawObject[],
  columns: readonly Column[],
  hasColor: boolean,
): readonly string[] {
  if (rows.length === 0) return []
  const cells = rows.map((row) =>
    columns.map((column, i) =>
      cellText(row, column, i === 0 ? MAX_FIRST : i === columns.length - 1 ? MAX_LAST : MAX_CELL),
    ),
  )
  const heads = columns.map(({ head }) => head)
  const widths = heads.map((head, i) =>
    cells.reduce((widest, line) => Math.max(widest, line[i]?.length ?? 0), head.length),
  )
  const state = heads.indexOf('STATE')
  const lineOf = (line: readonly string[]) => line.map((cell, i) => cell.padEnd(widths[i] ?? 0))
  return [
    lineOf(heads).join('  ').trimEnd(),
    ...cells.map((line) => {
      const padded = lineOf(line)
      const color = hasColor ? COLORS[line[state] ?? ''] : undefined
      if (color !== undefined) padded[state] = `\x1b[${color}m${padded[state]}\x1b[0m`
      return padded.join('  ').trimEnd()
    }),
  ]
}

function cellText(row: RawObject, { of }: Column, max: number): string {
  const text = typeof of === 'string' ? plainValue(deep(row, of.split('.'))) : of(row)
  return shortened(oneLine(text), max)
}

function deep(row: RawObject, [name = '', ...rest]: readonly string[]): string | undefined {
  const raw = row.get(name)
  return raw === undefined || rest.length === 0 ? raw : deep(rawMembers(raw), rest)
}
