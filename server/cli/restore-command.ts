import { existsSync } from 'node:fs'
import { openStorage, pathOfSqlite } from '../../storage/open-storage.ts'
import { copyFile, placeStore } from '../../storage/sqlite/backup-file.ts'
import { SqliteSnapshot } from '../../storage/sqlite/snapshot.ts'
import { openSqliteStorage } from '../../storage/sqlite/sqlite-storage.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import type { BackupLine } from '../core/backup.ts'
import { adviceOn, sentenceOf } from '../core/fault.ts'
import { firstKindIn, restoreLines } from '../services/read-backup.ts'
import { backupLines, emptyTally } from '../services/write-backup.ts'
import { SettingError } from '../settings/setting-error.ts'
import type { Settings } from '../settings/settings-table.ts'
import { newId, systemClock } from '../system-clock.ts'
import { fileOf, withStorageOf } from './backup-command.ts'
import { type FileKind, kindOfFile, readLines, verifyLines } from './backup-lines.ts'
import { oneLine } from './client/terminal-text.ts'
import type { Call, Command } from './command.ts'
import { checkView, openView } from './fsck-command.ts'
import { asSentence, counted, countText, tellProgress } from './maintenance.ts'
import { exitOnSignal } from './stop-signal.ts'

/** `crew restore FILE`: a store from what `crew backup` wrote. */
export const restoreCommand: Command = {
  name: 'restore',
  about: 'make a storage from a file that crew backup wrote; what ran then runs again',
  words: { placeholder: 'FILE', max: 1 },
  flags: [
    {
      name: '--force',
      placeholder: null,
      about: 'put it in the place of a SQLite storage that is there, which is kept beside it under another name',
    },
  ],
  run,
}

const EXIT = { done: 0, faulty: 1 } as const

async function run(call: Call): Promise<number> {
  const file = fileOf(call, 'restore')
  const { settings, out } = call
  if (settings.storage === 'memory') {
    throw new SettingError(
      'CREW_STORAGE is "memory": what is restored would be gone at once; set it to sqlite:PATH or redis://….',
    )
  }
  exitOnSignal()
  const startedAt = systemClock.now()
  const kind = await asSentence(file, () => kindOfFile(file))
  await asSentence(file, () => verify(file, kind))
  const kept = await asSentence(file, () => restore(call, file, kind))
  const { faults, count } = await checkRestored(settings)
  for (const fault of faults) out(oneLine(`${sentenceOf(fault)}: ${adviceOn(fault)}`))
  if (kept !== null) out(`What was there is kept as ${kept}.`)
  const seconds = ((systemClock.now() - startedAt) / 1000).toFixed(1)
  const verdict = faults.length === 0 ? 'crew fsck finds nothing' : `crew fsck finds ${counted(faults.length, 'fault')}`
  out(`Restored ${countText(count)} in ${seconds} s: ${verdict}.`)
  return faults.length === 0 ? EXIT.done : EXIT.faulty
}

/** Before anything is written. */
async function verify(file: string, kind: FileKind): Promise<void> {
  if (kind !== 'sqlite') {
    await verifyLines(file)
    return
  }
  const snapshot = new SqliteSnapshot(file, { isOlderFine: true })
  try {
    const [damage] = snapshot.checkPages()
    if (damage) throw new SettingError(oneLine(`${file} is damaged (${damage.found}): take another backup.`))
  } finally {
    snapshot.close()
  }
}

/** Answers under which name what was there is kept. */
function restore({ settings, flags }: Call, file: string, kind: FileKind): Promise<string | null> {
  if (!settings.storage.startsWith('sqlite:')) return restoreIntoRedis(settings, file, kind)
  const path = pathOfSqlite(settings)
  if (existsSync(path) && !flags.has('--force')) {
    throw new SettingError(
      `${path} exists already: name another file with --storage, or add --force, which keeps it under another name.`,
    )
  }
  const suffix = `before-restore-${systemClock.now()}`
  const write = (partial: string) => (kind === 'sqlite' ? copyFile(file, partial) : writeFile(partial, file))
  return placeStore(path, { suffix, write })
}

async function writeFile(path: string, file: string): Promise<void> {
  const storage = await openSqliteStorage({ path, clock: systemClock, bootId: newId() })
  try {
    await restoreInto(storage, readLines(file))
  } finally {
    await storage.close()
  }
}

async function restoreIntoRedis(settings: Settings, file: string, kind: FileKind): Promise<null> {
  const { storage: setting, dataDir, redisPassword, allowVolatileRedis } = settings
  const redis = { redisPassword, allowVolatileRedis }
  const storage = await openStorage({ setting, dataDir, clock: systemClock, bootId: newId(), ...redis })
  try {
    const found = await firstKindIn({ storage, clock: systemClock })
    if (found !== null) {
      throw new SettingError(
        `The Redis of CREW_STORAGE is not empty, it holds ${KINDS[found]}: name an empty database, or empty that one.`,
      )
    }
    if (kind !== 'sqlite') await restoreInto(storage, readLines(file))
    else {
      await withStorageOf(file, file, (source) =>
        restoreInto(storage, backupLines({ storage: source, clock: systemClock }, emptyTally())),
      )
    }
    return null
  } finally {
    await storage.close()
  }
}

/** What each is for people. */
const KINDS: Readonly<Record<BackupLine['kind'], string>> = {
  group: 'task groups',
  task: 'tasks',
  gate: 'limits',
  hold: 'holds',
  record: 'settings or users',
}

async function restoreInto(storage: TaskStorage, lines: AsyncIterable<BackupLine>): Promise<void> {
  await restoreLines({ storage, clock: systemClock }, lines, ({ groups, tasks }) =>
    tellProgress(`${counted(groups, 'group')} and ${counted(tasks, 'task')} restored`),
  )
}

async function checkRestored(settings: Settings): ReturnType<typeof checkView> {
  const view = await openView(settings)
  try {
    return await checkView(view)
  } finally {
    await view.close()
  }
}
