import type { StoreCount } from '../../storage/task-storage.ts'
import { CrewError } from '../core/errors.ts'
import { SettingError } from '../settings/setting-error.ts'
import { systemClock } from '../system-clock.ts'

/** What is quickly done needs no telling. */
const TELL_EVERY_MS = 1000

let toldAt = systemClock.now()

/** How far a long command is, at most once a second and on stderr: what it found is on stdout. */
export function tellProgress(line: string): void {
  if (systemClock.now() - toldAt < TELL_EVERY_MS) return
  toldAt = systemClock.now()
  process.stderr.write(`crew: ${line}\n`)
}

export const counted = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** As people say sizes: `1.5 MiB`. */
export function sizeText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)))
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${UNITS[power]}`
}

export const countText = ({ groups, tasks, records }: StoreCount): string =>
  `${counted(groups, 'group')}, ${counted(tasks, 'task')} and ${counted(records, 'record')}`

/** What may be wrong with a file is told in a sentence. */
export async function asSentence<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof CrewError) throw new SettingError(error.message)
    const { code, path = file } = error as { code?: string; path?: string }
    if (code === 'ENOENT' && path.endsWith('.partial')) {
      throw new SettingError(`${file} cannot be written: its folder does not exist; make it, or name another place.`)
    }
    const reason = code === undefined ? undefined : REASONS[code]
    if (reason === undefined) throw error
    throw new SettingError(`${path.replace(/\.partial$/, '')} ${reason}`)
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist: check the path.',
  ENOTDIR: 'is below a file: check the path.',
  EISDIR: 'is a folder: name a file.',
  EACCES: 'may not be read or written by this user: check its rights.',
  EPERM: 'may not be read or written by this user: check its rights.',
  EROFS: 'is on a disk that cannot be written: name another place.',
  ENOSPC: 'does not fit on the disk: free some space, or name another place.',
}
