import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TrialFigures } from '../../server/selftest/trial.ts'
import type { ServerFigures, StoreFigures } from './figures.ts'
import type { SoakOptions } from './options.ts'

/** What was found at one look at everything, with nothing under way. */
export interface Audit {
  readonly minutes: number
  readonly tasksDone: number
  readonly drainedInSeconds: number
  readonly servers: readonly ServerFigures[]
  readonly store: StoreFigures
}

export interface Report {
  readonly options: SoakOptions
  readonly version: string
  readonly startedAt: string
  readonly minutes: number
  readonly figures: TrialFigures
  readonly faults: Readonly<Record<string, number>>
  readonly audits: readonly Audit[]
  /** By server; null when the run was too short to tell, or the server was ended within it. */
  readonly rssSlopeMbPerHour: Readonly<Record<string, number | null>>
  /** The same of what is left at each look, with nothing under way and nothing left to collect. */
  readonly restingSlopeMbPerHour: Readonly<Record<string, number | null>>
  readonly lagMs: { readonly count: number; readonly p50: number; readonly p99: number; readonly max: number }
  readonly violations: readonly string[]
  readonly violationCount: number
  /** Within the last two seconds before a Redis that syncs each second was killed. */
  readonly allowedByDurability: readonly string[]
  readonly requirements: readonly Requirement[]
}

/** `null`: the run was too short to tell. */
export interface Requirement {
  readonly what: string
  readonly found: string
  readonly isMet: boolean | null
}

/** Answers where it is. */
export function writeReport(report: Report): string {
  const { report: folder, storage } = report.options
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `soak-${storage}`)
  writeFileSync(`${file}.json`, `${JSON.stringify(report, null, 2)}\n`)
  writeFileSync(`${file}.md`, markdownOf(report))
  return `${file}.md`
}

export function markdownOf(report: Report): string {
  const { options, figures } = report
  const lines = [
    `# Soak of ${report.minutes.toFixed(1)} minutes on ${options.storage === 'redis' ? 'three servers and Redis (AOF everysec)' : 'SQLite'}`,
    '',
    `Crew ${report.version}, ${report.startedAt}, ${options.rate} tasks/s asked for, seed ${options.seed}.`,
    '',
    '| required | found | |',
    '|---|---|---|',
    ...report.requirements.map(({ what, found, isMet }) => `| ${what} | ${found} | ${wordOf(isMet)} |`),
    '',
    `${figures.groups} groups, ${figures.tasks} tasks, ${figures.posts} POSTs; ${figures.lost} attempts given back, ${figures.stalled} of them as the`,
    `machine was slow; ${figures.strays} POSTs of finished groups; nothing asked for during ${(figures.heldBackMs / 1000).toFixed(1)} s, as too much was waiting.`,
    '',
    '| fault | times |',
    '|---|---|',
    ...Object.entries(report.faults).map(([kind, times]) => `| ${kind} | ${times} |`),
    '',
    '| minute | tasks | drained in s | RSS MiB | heap MiB | open files | keys | in sorted sets | leases | Redis MiB |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...report.audits.map(auditLine),
    ...(report.violationCount === 0 ? [] : ['', '## Violations', '', ...report.violations.map((each) => `* ${each}`)]),
    ...(report.allowedByDurability.length === 0
      ? []
      : [
          '',
          '## Lost with a Redis that syncs each second',
          '',
          ...report.allowedByDurability.map((each) => `* ${each}`),
        ]),
  ]
  return `${lines.join('\n')}\n`
}

const wordOf = (isMet: boolean | null): string => (isMet === null ? 'too short to tell' : isMet ? 'yes' : '**no**')

function auditLine({ minutes, tasksDone, drainedInSeconds, servers, store }: Audit): string {
  const rss = servers.map(({ rssMb }) => rssMb.toFixed(0)).join(' ')
  const heap = servers.map(({ heapMb }) => heapMb.toFixed(0)).join(' ')
  const fds = servers.map(({ openFds }) => openFds).join(' ')
  const cells = [
    minutes.toFixed(1),
    tasksDone,
    drainedInSeconds.toFixed(1),
    rss,
    heap,
    fds,
    store.keys,
    store.zsetMembers,
    store.leases,
  ]
  return `| ${[...cells, store.memoryMb.toFixed(1)].join(' | ')} |`
}
