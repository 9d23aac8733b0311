import { readFileSync } from 'node:fs'
import { scanStore } from '../../server/selftest/fsck.ts'
import type { Site } from './site.ts'

/** What a server tells of itself. */
export interface ServerFigures {
  readonly name: string
  readonly rssMb: number
  /** Of JavaScript alone, garbage that was not collected yet included. */
  readonly heapMb: number
  readonly openFds: number
  /** At worst within the last minute. */
  readonly scheduleLagMs: number
}

/** What is left in the store when all is done; of SQLite, what `crew fsck` counts. */
export interface StoreFigures {
  /** Without those that have a bound of their own: the log of activity, documents that end by themselves. */
  readonly keys: number
  /** By what they begin with, behind the partition. */
  readonly keysByKind: Readonly<Record<string, number>>
  readonly zsetMembers: number
  readonly leases: number
  readonly memoryMb: number
  readonly groups: number
  readonly tasks: number
  readonly records: number
}

export async function figuresOfServers({ servers }: Site): Promise<ServerFigures[]> {
  return Promise.all(
    servers.map(async ({ name, api }) => {
      const { text = '' } = (await api?.call('GET', '/metrics')) ?? {}
      const figure = (metric: string): number =>
        Number(new RegExp(`^${metric} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN)
      return {
        name,
        rssMb: figure('process_resident_memory_bytes') / 2 ** 20,
        heapMb: figure('nodejs_heap_size_used_bytes') / 2 ** 20,
        openFds: figure('process_open_fds'),
        scheduleLagMs: figure('crew_task_schedule_lag_seconds') * 1000,
      }
    }),
  )
}

const COUNT_SETS = `
local all, leases = 0, 0
for _, key in ipairs(redis.call('KEYS', '*')) do
  if redis.call('TYPE', key).ok == 'zset' and not string.match(key, '}recs:') then
    local size = redis.call('ZCARD', key)
    all = all + size
    if string.match(key, '}leases$') then leases = leases + size end
  end
end
return {all, leases}`

/** While nothing is under way; also answers what the full scan finds wrong. */
export async function checkStore(site: Site): Promise<{ figures: StoreFigures; faults: readonly string[] }> {
  const { count, faults } = await scanStore(site.program, site.storageSetting, site.folder)
  const { redis } = site
  if (!redis) return { figures: { keys: 0, keysByKind: {}, zsetMembers: 0, leases: 0, memoryMb: 0, ...count }, faults }
  const [zsetMembers = 0, leases = 0] = (await redis.command('EVAL', COUNT_SETS, 0)) as number[]
  const memory = String(await redis.command('INFO', 'memory'))
  const memoryMb = Number(/^used_memory:(\d+)/m.exec(memory)?.[1] ?? Number.NaN) / 2 ** 20
  const names = (await redis.command('KEYS', '*')) as string[]
  const keysByKind = Object.fromEntries([...Map.groupBy(names, kindOf)].map(([kind, { length }]) => [kind, length]))
  const keys = names.filter((name) => !BOUNDED.test(name)).length
  return { figures: { keys, keysByKind, zsetMembers, leases, memoryMb, ...count }, faults }
}

/** `{c0}rec:worker/mail` is `rec:worker`. */
const kindOf = (key: string): string => /^\{\w+\}((?:rec:)?[^:/]*)/.exec(key)?.[1] ?? key

/** What has a bound of its own: the log of activity (10,000), and documents that end by themselves. */
const BOUNDED = /^\{\w+\}rec:(activity|ended|figures)\//

/** Memory of a process in MiB; null where the system does not show it as Linux does. */
export function rssMbOf(pid: number): number | null {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return kilobytes === undefined ? null : Number(kilobytes) / 1024
  } catch {
    return null
  }
}
