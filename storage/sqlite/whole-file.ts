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
  dropFile(partial)
  closeSync(openSync(partial, 'wx', PRIVATE))
  try {
    await write(partial)
    sync(partial, 'r+')
    renameSync(partial, to)
    syncFolder(dirname(to))
  } catch (error) {
    for (const suffix of ['', '-wal', '-shm', '-lock', '-journal']) dropFile(partial + suffix)
    throw error
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
