import { copyFileSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { StorageOpenError } from '../storage-open-error.ts'
import { Database, explainOpenError } from './database.ts'
import { FileLock } from './file-lock.ts'
import { threadFile } from './thread-file.ts'
import { dropFile, withCleanUp, writeWhole } from './whole-file.ts'

/** What the thread of a copy is given, and what it says at its end: why it failed, or null. */
export interface CopyData {
  readonly path: string
  readonly to: string
}
export interface CopyEnd {
  readonly fault: string | null
}

/**
 * Writes a copy of a store as it is at one moment, while its server goes on. VACUUM INTO and not a copy of the file: that would need
 * the log as well, of the same moment. Until it is whole it grows as `….partial`.
 */
export function copyStore(path: string, to: string): Promise<void> {
  return writeWhole(to, (partial) => copyInThread({ path, to: partial }))
}

async function copyInThread(data: CopyData): Promise<void> {
  const worker = new Worker(threadFile('copy-thread'), { workerData: data })
  try {
    const { fault } = await new Promise<CopyEnd>((resolve, reject) => {
      worker.on('message', resolve)
      worker.on('error', reject)
      worker.on('exit', (code) => reject(new Error(`the thread that copies ended by itself (exit code ${code})`)))
    })
    if (fault !== null) throw copyError(fault, data)
  } finally {
    await worker.terminate()
  }
}

/** SQLite tells in words alone what is the matter. */
function copyError(fault: string, { path, to }: CopyData): Error {
  if (/disk is full/i.test(fault)) return Object.assign(new Error(fault), { code: 'ENOSPC', path: to })
  if (/locked|busy/i.test(fault)) return explainOpenError(new Error(fault), path)
  const target = to.replace(/\.partial$/, '')
  return new StorageOpenError(`${path} could not be copied to ${target} (${fault}): check both places and their disks.`)
}

/** A copy that may be opened and changed; it stands beside `near` and goes away. */
export async function withCopy<Result>(
  copy: (to: string) => Promise<void> | void,
  near: string,
  use: (path: string) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(dirname(near), COPY_PREFIX))
  const drop = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    dropAbandoned(folder)
    return await withCleanUp(drop, async () => {
      const path = join(folder, 'crew.db')
      await copy(path)
      return await use(path)
    })
  } finally {
    drop()
  }
}

const COPY_PREFIX = '.crew-copy-'
/** A copy is written to all the time, and read within hours. */
const ABANDONED_MS = 24 * 3600 * 1000

/** Copies beside the new one that processes left which were killed: each is as large as the store. */
function dropAbandoned(folder: string): void {
  const place = dirname(folder)
  const oldest = statSync(folder).mtimeMs - ABANDONED_MS
  for (const name of readdirSync(place).filter((each) => each.startsWith(COPY_PREFIX))) {
    const path = join(place, name)
    if (lastChangeOf(path) < oldest) rmSync(path, { recursive: true, force: true })
  }
}

/** Of a folder and what is in it. Another process may be taking it away just now. */
function lastChangeOf(folder: string): number {
  const files = [folder, ...readdirSync(folder).map((name) => join(folder, name))]
  return Math.max(...files.map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0))
}

/**
 * Puts what `write` makes of a new file where a store is to be. What was there before is kept beside it under a new name, which is
 * answered; null when nothing was. Refuses while a server has the store open.
 */
export async function placeStore(
  path: string,
  { suffix, write }: { readonly suffix: string; readonly write: (partial: string) => Promise<void> | void },
): Promise<string | null> {
  const lock = lockOf(path)
  try {
    let kept: string | null = null
    await writeWhole(path, async (partial) => {
      await write(partial)
      bringUp(partial)
      if (existsSync(path)) kept = setAside(path, `${path}.${suffix}`)
    })
    return kept
  } finally {
    lock.release()
  }
}

export const copyFile = (from: string, to: string): void => copyFileSync(from, to)

function lockOf(path: string): FileLock {
  try {
    return new FileLock(path)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new StorageOpenError(
      /locked|busy/i.test(message)
        ? `${path} is in use by a server: stop it before a backup is restored there.`
        : `${path} cannot be written (${message}): check the path and its rights.`,
    )
  }
}

/** A backup of an older version becomes one of this version; what opened it leaves nothing beside it. */
function bringUp(partial: string): void {
  new Database(partial).close()
  for (const suffix of ['-wal', '-shm', '-lock']) dropFile(partial + suffix)
}

/** With its log, which would be read as one of the new file. */
function setAside(path: string, kept: string): string {
  for (const part of ['', '-wal', '-shm']) if (existsSync(path + part)) renameSync(path + part, kept + part)
  return kept
}
