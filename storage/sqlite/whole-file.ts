import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'

/** Only its owner may read what holds everybody's inputs. */
const PRIVATE = 0o600

/** Makes an empty file of its owner's where there is none. Best effort: what is wrong with the place is told by who opens it. */
export function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, 'wx', PRIVATE))
  } catch {}
}

/** A file that is there whole or not at all: what is half written stands beside it as `….partial`, and goes away when it fails. */
export async function writeWhole(to: string, write: (partial: string) => Promise<void> | void): Promise<void> {
  const partial = `${to}.partial`
  // With all that one that was killed left: SQLite would take its log for one of the new file.
  const drop = (): void => SUFFIXES.forEach((suffix) => void dropFile(partial + suffix))
  drop()
  closeSync(openSync(partial, 'wx', PRIVATE))
  await withCleanUp(drop, async () => {
    try {
      await write(partial)
      sync(partial, 'r+')
      renameSync(partial, to)
      syncFolder(dirname(to))
    } catch (error) {
      drop()
      throw error
    }
  })
}

/** What SQLite and Crew put beside a file while it is written. */
const SUFFIXES = ['', '-wal', '-shm', '-lock', '-journal'] as const

/** Does the work; when the process exits meanwhile it cleans up. One that is killed does not hear of its end. */
export async function withCleanUp<Result>(cleanUp: () => void, work: () => Promise<Result>): Promise<Result> {
  process.once('exit', cleanUp)
  try {
    return await work()
  } finally {
    process.off('exit', cleanUp)
  }
}

/** A name is on the disk when its folder is. Windows opens no folders, and writes names by itself. */
function syncFolder(path: string): void {
  if (process.platform !== 'win32') sync(path, 'r')
}

function sync(path: string, flags: 'r' | 'r+'): void {
  const file = openSync(path, flags)
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

export const dropFile = (path: string): void => rmSync(path, { force: true })
