import { seconds } from '../durations.ts'
import type { KeyFigures } from './storm-figures.ts'
import { judge, type StormOutcome } from './storm-outcome.ts'

/** The last lines: each key's second by second, the figures, and what was kept. */
export function stormSummary(outcome: StormOutcome): readonly string[] {
  return [
    '',
    ...curves(outcome.keys),
    '',
    ...figureTable(outcome.keys),
    '',
    ...judge(outcome).map(({ text, isKept }) => `${isKept ? '✓' : '✗'} ${text}`),
    `${outcome.succeeded} of ${outcome.tasks} tasks succeeded in ${seconds(outcome.ms)}.`,
  ]
}

const LEVELS = '▁▂▃▄▅▆▇█'

/** Calls a second from the first second to the last; the highest block is the quota. */
function curves(keys: readonly KeyFigures[]): readonly string[] {
  const width = Math.max(...keys.map(({ key }) => key.name.length))
  return keys.map(({ key, perSecond }) => {
    const curve = perSecond.map((calls) => levelOf(calls / key.quotaPerSecond)).join('')
    return `${key.name.padEnd(width)}  ${curve}`
  })
}

function levelOf(share: number): string {
  if (share === 0) return ' '
  return LEVELS[Math.min(LEVELS.length - 1, Math.floor(share * LEVELS.length))] ?? ''
}

const ROWS: readonly { readonly title: string; readonly cell: (figures: KeyFigures) => string }[] = [
  { title: 'what is left is told by', cell: ({ key }) => HEADERS[key.headers] },
  { title: 'calls', cell: ({ calls }) => count(calls) },
  { title: 'over quota', cell: ({ calls, overQuota }) => share(overQuota, calls) },
  { title: 'calls during the outage', cell: ({ key, inOutage }) => (key.hasOutage ? count(inOutage) : 'not struck') },
  { title: 'most at once', cell: ({ maxInFlight }) => count(maxInFlight) },
  { title: 'longest stall', cell: ({ longestStallMs }) => seconds(longestStallMs) },
  { title: 'good calls a second', cell: ({ pace }) => orDash(pace?.mean ?? null, (mean) => mean.toFixed(1)) },
  { title: 'slowest second', cell: ({ key, pace }) => (key.hasOutage ? '–' : orDash(pace?.slowest ?? null, count)) },
  { title: 'first call after the outage', cell: ({ backAfterMs }) => orDash(backAfterMs, seconds) },
  {
    title: 'first second from then',
    cell: ({ key, firstSecond }) => orDash(firstSecond, (calls) => share(calls, key.quotaPerSecond)),
  },
  { title: 'attempts used by rate limits', cell: ({ attempts }) => count(attempts.byRateLimit) },
  { title: 'attempts used by the outage', cell: ({ attempts }) => count(attempts.byOutage) },
  { title: 'attempts used by other things', cell: ({ attempts }) => count(attempts.byOther) },
]

const HEADERS = { standard: 'RateLimit', common: 'X-RateLimit-*', none: 'nothing' } as const

const TITLE_WIDTH = 32
const CELL_WIDTH = 16

function figureTable(keys: readonly KeyFigures[]): readonly string[] {
  const line = (title: string, cells: readonly string[]): string =>
    (title.padEnd(TITLE_WIDTH) + cells.map((cell) => cell.padStart(CELL_WIDTH)).join('')).trimEnd()
  return [
    line(
      '',
      keys.map(({ key }) => key.name),
    ),
    ...ROWS.map(({ title, cell }) => line(title, keys.map(cell))),
  ]
}

const count = (number: number): string => number.toLocaleString('en-US')

function share(part: number, whole: number): string {
  const percent = whole === 0 ? 0 : (part / whole) * 100
  return `${count(part)} (${Number(percent.toFixed(percent < 9.95 ? 1 : 0))} %)`
}

const orDash = (value: number | null, word: (value: number) => string): string => (value === null ? '–' : word(value))
