import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GROUP_CHECK_NAMES, GROUP_CHECKS } from '../selftest/group-checks.ts'
import { type Progress, runSelftest, type SelftestResult } from '../selftest/selftest.ts'
import { SettingError } from '../settings/setting-error.ts'
import { VERSION } from '../version.ts'
import { oneLine } from './client/terminal-text.ts'
import type { Call, PlainCommand } from './command.ts'
import { counted } from './maintenance.ts'
import { OUTPUT_FLAG, outputFormatOf } from './output-flag.ts'
import { programWords } from './runtime.ts'
import { INTERRUPTED, stopSignal } from './stop-signal.ts'

/** `crew selftest`: whether this program keeps its promises on this machine while it is killed and its worker misbehaves. */
export const selftestCommand: PlainCommand = {
  name: 'selftest',
  about:
    'kill a server of its own under load, let its worker misbehave, and look whether anything was lost or done twice',
  words: { placeholder: '', max: 0 },
  flags: [
    { name: '--chaos', placeholder: 'DURATION', about: 'for how long, like 30s or 10m; 60s when left out' },
    { name: '--seed', placeholder: 'NUMBER', about: 'choose work and faults as a run did that told this seed' },
    OUTPUT_FLAG,
  ],
  readsSettings: false,
  notes: [
    'It starts servers of its own on a free port and a file in a temporary folder, and takes both away again. No server that runs is touched.',
  ],
  run,
}

const SOUND = 0
const UNSOUND = 1

async function run({ flags, out }: Pick<Call, 'flags' | 'out'>): Promise<number> {
  const format = outputFormatOf(flags)
  const chaosMs = durationOf(flags.get('--chaos') ?? '60s')
  const seed = seedOf(flags.get('--seed'))
  const interrupted = new AbortController()
  void stopSignal().then(() => interrupted.abort())
  process.stderr.write(`crew: seed ${seed}\n`)
  const line = new StatusLine()
  const result = await runSelftest({
    ...{ folder: newFolder(), program: programWords(), chaosMs, seed, signal: interrupted.signal },
    onProgress: (progress) => line.show(textOf(progress)),
  }).finally(() => line.clear())
  if (interrupted.signal.aborted) return INTERRUPTED
  for (const each of format === 'json' ? [jsonOf(result)] : tableOf(result, chaosMs)) out(each)
  return result.violations.length === 0 ? SOUND : UNSOUND
}

function newFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), 'crew-selftest-'))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new SettingError(`no folder can be made in ${tmpdir()} (${code}): name another place by TMPDIR.`)
  }
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 }
const SHORTEST_MS = 5000
const LONGEST_MS = 24 * 3_600_000

export function durationOf(text: string): number {
  const [, number, unit = ''] = /^(\d{1,6}(?:\.\d{1,3})?)([smh])$/.exec(text) ?? []
  const ms = Number(number) * (UNITS[unit] ?? Number.NaN)
  if (ms >= SHORTEST_MS && ms <= LONGEST_MS) return ms
  throw new SettingError(`--chaos is "${text}": expected 5s to 24h, a number and s, m or h.`)
}

const SEEDS = 2 ** 31

function seedOf(text: string | undefined): number {
  if (text === undefined) return Math.floor(Math.random() * SEEDS)
  if (/^\d{1,10}$/.test(text) && Number(text) < SEEDS) return Number(text)
  throw new SettingError(`--seed is "${text}": expected a whole number, 0 to ${SEEDS - 1}.`)
}

/** One line that is written over, on a terminal alone. */
class StatusLine {
  #isShown = false

  show(text: string): void {
    if (!process.stderr.isTTY) return
    process.stderr.write(`\r\x1b[K${text.slice(0, (process.stderr.columns ?? 80) - 1)}`)
    this.#isShown = true
  }

  clear(): void {
    if (this.#isShown) process.stderr.write('\r\x1b[K')
  }
}

function textOf({ phase, secondsLeft, faults: now, figures, violations }: Progress): string {
  const doing = {
    starting: 'starting',
    faults: `${Math.ceil(secondsLeft)} s left, ${now.length === 0 ? 'peace' : now.join(', ')}`,
    draining: 'all is well again, waiting for the rest',
    looking: 'looking at the store',
  }[phase]
  return `${doing} · ${counted(figures.tasks, 'task')} done · ${counted(violations, 'violation')}`
}

const TOLD = 20

function tableOf({ seed, seconds, faults, figures, violations, folder }: SelftestResult, chaosMs: number): string[] {
  const done = Object.values(faults).reduce((sum, times) => sum + times, 0)
  const broken = (check: string): number => violations.filter((each) => each.check === check).length
  const rows: [string, string | number][] = [
    ...Object.entries(faults).map(([kind, times]): [string, number] => [kind, times]),
    ...[
      ['task groups judged', figures.groups] as [string, number],
      ['tasks done', figures.tasks] as [string, number],
      ['POSTs', figures.posts] as [string, number],
      ['attempts given back', figures.lost] as [string, number],
    ],
  ]
  const checks = [...GROUP_CHECK_NAMES.map((name) => [name, GROUP_CHECKS[name]] as const), ...OTHER_CHECKS]
  const width = Math.max(...rows.map(([name]) => name.length)) + 2
  return [
    `Crew ${VERSION}, seed ${seed}: ${done} faults in ${chaosMs / 1000} s on SQLite, ${seconds.toFixed(0)} s in all.`,
    '',
    ...rows.map(([name, value]) => `${name.padEnd(width)}${value}`),
    '',
    ...checks.map(([name, words]) => `${broken(name) === 0 ? 'ok' : 'BROKEN'}`.padEnd(8) + words),
    '',
    ...violations.slice(0, TOLD).map(({ text }) => oneLine(text)),
    ...(violations.length > TOLD ? [`… and ${violations.length - TOLD} more`] : []),
    violations.length === 0
      ? 'Every promise was kept.'
      : `${counted(violations.length, 'violation')}: please report them with the seed. The store and the log of its server are in ${folder}.`,
  ]
}

const OTHER_CHECKS = [
  ['store', 'what the store counts and lists agrees with a full scan of it (crew fsck)'],
  ['run', 'enough was done to tell'],
] as const

function jsonOf({ violations, ...result }: SelftestResult): string {
  const told = violations.slice(0, 1000)
  return JSON.stringify({ isSound: violations.length === 0, version: VERSION, ...result, violations: told }, null, 2)
}
