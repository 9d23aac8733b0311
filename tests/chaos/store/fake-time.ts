import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeDir } from '../../e2e/support/crew.ts'

const LIBRARY = findLibrary()
/** Before jemalloc, which Redis is linked with: that asks for the time while libfaketime begins and waits for memory. */
const LIBC = join(LIBRARY ?? '', '../../libc.so.6')

/** Why the clock of a process cannot be moved on this system; '' where it can. */
export const NO_FAKE_TIME = LIBRARY ? '' : 'this system has no libfaketime (apt-get install faketime)'

/** The wall clock of the processes that are started with its environment; how time passes for timers stays as it is. */
export interface FakeTime {
  readonly env: Readonly<Record<string, string>>
  /** The same for a Redis. */
  readonly redisEnv: Readonly<Record<string, string>>
  /** From now on they see a clock that is so far ahead of ours, or behind it. */
  set(aheadSeconds: number): void
}

export function makeFakeTime(): FakeTime {
  const dir = makeDir()
  const file = join(dir, 'ahead')
  const set = (aheadSeconds: number): void => {
    // Whole at once: the processes read it at any moment.
    writeFileSync(`${file}.new`, `${aheadSeconds < 0 ? '-' : '+'}${Math.abs(aheadSeconds)}`)
    renameSync(`${file}.new`, file)
  }
  set(0)
  const env = {
    LD_PRELOAD: LIBRARY ?? '',
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    DONT_FAKE_MONOTONIC: '1',
  }
  return { env, redisEnv: { ...env, LD_PRELOAD: `${env.LD_PRELOAD} ${LIBC}` }, set }
}

/** Debian has it in a folder for each kind of processor. */
function findLibrary(): string | undefined {
  if (!existsSync('/usr/lib')) return undefined
  const folders = readdirSync('/usr/lib').map((name) => join('/usr/lib', name, 'faketime'))
  return [...folders, '/usr/lib/faketime']
    .map((folder) => join(folder, 'libfaketimeMT.so.1'))
    .find((file) => existsSync(file))
}
