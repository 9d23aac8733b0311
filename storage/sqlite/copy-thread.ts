// The other side of `copyStore`: SQLite copies without a pause, which would stop a thread that also has to tell how far it is.
import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import type { CopyData, CopyEnd } from './backup-file.ts'

const { path, to } = workerData as CopyData

parentPort?.postMessage(copy())

function copy(): CopyEnd {
  try {
    const db = new DatabaseSync(path, { readOnly: true })
    try {
      db.exec('PRAGMA busy_timeout = 10000; PRAGMA temp_store = MEMORY')
      db.prepare('VACUUM INTO ?').run(to)
    } finally {
      db.close()
    }
    return { fault: null }
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) }
  }
}
