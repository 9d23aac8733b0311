import { constants } from 'node:fs'
import { access, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type FileReport, fileOfStore, inspectSqliteFile } from '../../../storage/open-storage.ts'
import { SETTINGS_KIND } from '../../core/worker-settings.ts'
import { createLogger } from '../../logger.ts'
import type { Settings } from '../../settings/settings-table.ts'
import { openStorageOf } from '../../start-server.ts'
import { newId } from '../../system-clock.ts'
import { type Check, type Finding, fail, ok, warn } from './check.ts'
import type { RunningServer } from './server-check.ts'

/** The settings of workers that the storage holds, by record; null when they could not be read. */
export type FoundWorkers = { records: ReadonlyMap<string, string> | null }

export interface StorageWorld {
  readonly settings: Settings
  readonly server: RunningServer | null
  /** Told what was found by the way. */
  readonly workers: FoundWorkers
}

/** Whether the storage can be had, and what it survives. A file is looked at without opening it as a store. */
export function storageChecks(world: StorageWorld): readonly Check[] {
  const { storage: setting, dataDir } = world.settings
  if (setting === 'memory')
    return [{ name: 'storage', run: async () => warn('in memory: all is gone when the server stops') }]
  const path = fileOfStore({ setting, dataDir })
  if (path === null) return [{ name: 'storage', run: () => lookAtRedis(world) }]
  return [
    { name: 'storage', run: () => lookAtFile(path, world) },
    { name: 'disk', run: () => lookAtDisk(path) },
  ]
}

type Told = Omit<Finding, 'name'>

async function lookAtFile(path: string, { server, workers }: StorageWorld): Promise<Told> {
  const folder = dirname(path)
  if (!(await mayWrite(folder))) {
    return fail(
      `the folder ${folder} of ${path} is missing or may not be written: make it, and give this user the right`,
    )
  }
  const report = inspectSqliteFile(path, { kind: SETTINGS_KIND })
  workers.records = report.kind === 'store' ? report.records : report.kind === 'absent' ? new Map() : null
  return toldOfFile(path, report, { server, isWritable: report.kind === 'absent' || (await mayWrite(path)) })
}

function toldOfFile(
  path: string,
  report: FileReport,
  { server, isWritable }: { readonly server: RunningServer | null; readonly isWritable: boolean },
): Told {
  if (!isWritable) return fail(`${path} may not be written by this user: correct its rights`)
  switch (report.kind) {
    case 'absent':
      return ok(`${path} is made at the first start; SQLite survives kill -9 and power loss`)
    case 'inUse':
      if (server === null)
        return fail(`${path} is in use, and no Crew answers at HOST and PORT: find what has it, or correct PORT`)
      if (server.isReady) return ok(`${path} is in use by the running server, which can write it (${server.storage})`)
      return fail(`${path}: the running server cannot write it; its log says why`)
    case 'broken':
      return fail(
        `${path} cannot be read as a store of Crew (${report.reason}): restore a backup, or name another file`,
      )
    case 'store':
      return toldOfSchema(path, report)
  }
}

function toldOfSchema(path: string, { schema, knownSchema }: FileReport & { kind: 'store' }): Told {
  if (schema === knownSchema) return ok(`${path}, schema ${schema}; SQLite survives kill -9 and power loss`)
  if (schema > knownSchema) {
    return fail(
      `${path} was written by a newer Crew (schema ${schema}, this one knows ${knownSchema}): start that version`,
    )
  }
  if (schema === 0) return warn(`${path} is no store yet: the start makes it one`)
  return warn(`${path} has schema ${schema} and becomes ${knownSchema} at the start: keep a copy for the older Crew`)
}

const mayWrite = (path: string): Promise<boolean> =>
  access(path, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  )

const DISK = { failBytes: 100 * 1024 ** 2, warnBytes: 1024 ** 3, warnFiles: 1000 }

async function lookAtDisk(path: string): Promise<readonly Told[]> {
  const { bavail, bsize, files, ffree } = await statfs(dirname(path))
  const free = bavail * bsize
  const told = `${(free / 1024 ** 3).toFixed(1)} GiB free`
  const space =
    free < DISK.failBytes
      ? fail(`${told}: make room, or Crew stops starting tasks`)
      : free < DISK.warnBytes
        ? warn(`${told}: make room before it is full`)
        : ok(told)
  // File systems without a table of files tell 0.
  if (files === 0 || ffree >= DISK.warnFiles) return [space]
  return [
    space,
    ffree === 0
      ? fail('no file can be made any more: delete some')
      : warn(`only ${ffree} files can be made: delete some`),
  ]
}

/** Within the time of a check, so that it says what is the matter. */
const PATIENCE_MS = 2000

/** Opened as a start would, which checks its version, clock, eviction and append-only file. */
async function lookAtRedis({ settings, workers }: StorageWorld): Promise<Told> {
  const logger = createLogger({ level: 'silent', isTty: false })
  const storage = await openStorageOf({ settings, logger, patienceMs: PATIENCE_MS }, newId())
  try {
    await storage.putRecord('process/doctor', '1', Date.now() + 1000)
    const { records } = await storage.listRecords(SETTINGS_KIND, { page: 1, pageSize: 0 })
    workers.records = new Map(records.map(({ key, value }) => [key, value]))
    const { freeBytes } = await storage.room()
    const room =
      freeBytes === null
        ? 'no maxmemory, so nobody knows how much fits'
        : `${(freeBytes / 1024 ** 2).toFixed(0)} MiB free`
    const { detail, survives } = storage.durability
    const told = `reached and written, its clock agrees to 5 s; ${detail}; ${room}`
    return survives === 'none' ? warn(told) : ok(told)
  } finally {
    await storage.close()
  }
}
