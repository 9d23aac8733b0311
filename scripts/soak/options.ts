import { parseArgs } from 'node:util'

export interface SoakOptions {
  readonly minutes: number
  /** Tasks a second. */
  readonly rate: number
  readonly auditMinutes: number
  readonly storage: 'redis' | 'sqlite'
  readonly seed: number
  /** Where the report goes. */
  readonly report: string
}

export const USAGE = `npm run soak -- [--minutes 120] [--rate 200] [--audit-minutes 5] [--storage redis|sqlite] [--seed N] [--report FOLDER]`

/** Throws a sentence about what cannot be used. */
export function readOptions(args: readonly string[]): SoakOptions {
  const text = (fallback: string) => ({ type: 'string' as const, default: fallback })
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: text('120'),
      rate: text('200'),
      'audit-minutes': text('5'),
      storage: text('redis'),
      seed: text(String(Math.floor(Math.random() * 2 ** 31))),
      report: text('dist/soak'),
    },
  })
  const { storage } = values
  if (storage !== 'redis' && storage !== 'sqlite')
    throw new Error(`--storage is "${storage}": expected redis or sqlite.`)
  return {
    minutes: numberOf('--minutes', values.minutes, 0.5),
    rate: numberOf('--rate', values.rate, 1),
    auditMinutes: numberOf('--audit-minutes', values['audit-minutes'], 0.2),
    storage,
    seed: numberOf('--seed', values.seed, 0),
    report: values.report,
  }
}

function numberOf(name: string, text: string, least: number): number {
  const number = Number(text)
  if (text !== '' && Number.isFinite(number) && number >= least) return number
  throw new Error(`${name} is "${text}": expected a number, ${least} or more.`)
}
