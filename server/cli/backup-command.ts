import { existsSync, realpathSync, statSync } from 'node:fs'
import type { StoreView } from '../../storage/open-storage.ts'
import { copyStore, withCopy } from '../../storage/sqlite/backup-file.ts'
import { SqliteSnapshot } from '../../storage/sqlite/snapshot.ts'
import { openSqliteStorage } from '../../storage/sqlite/sqlite-storage.ts'
import { writeWhole } from '../../storage/sqlite/whole-file.ts'
import type { StoreCount, TaskStorage } from '../../storage/task-storage.ts'
import { backupHead } from '../core/backup.ts'
import { type BackupTally, backupLines, emptyTally } from '../services/write-backup.ts'
import { SettingError } from '../settings/setting-error.ts'
import { newId, systemClock, systemTimers } from '../system-clock.ts'
import { VERSION } from '../version.ts'
import { writeLines } from './backup-lines.ts'
import type { Call, Command } from './command.ts'
import { openView } from './fsck-command.ts'
import { asSentence, counted, countText, sizeText, tellProgress } from './maintenance.ts'
import { exitOnSignal } from './stop-signal.ts'

/** `crew backup FILE`: everything that a store keeps, in one file, while its servers go on. */
export const backupCommand: Command = {
  name: 'backup',
  about: 'write everything that the storage keeps into a file, while servers go on working',
  words: { placeholder: 'FILE', max: 1 },
  flags: [
    {
      name: '--format',
      placeholder: 'sqlite|jsonl',
      about:
        'a SQLite file (what a SQLite storage is written to), or lines of JSON, for any storage (zipped when FILE ends in .gz)',
    },
    { name: '--force', placeholder: null, about: 'replace FILE when it is there already' },
  ],
  run,
}

type Format = 'sqlite' | 'jsonl'

async function run(call: Call): Promise<number> {
  const file = fileOf(call, 'backup')
  if (existsSync(file) && statSync(file).isDirectory()) throw new SettingError(`${file} is a folder: name a file.`)
  if (existsSync(file) && !call.flags.has('--force')) {
    throw new SettingError(`${file} exists already: name another file, or add --force to replace it.`)
  }
  exitOnSignal()
  const startedAt = systemClock.now()
  const view = await openView(call.settings)
  try {
    refuseStore(file, view)
    const written = await asSentence(file, () => write(view, file, formatOf(call, view)))
    const seconds = ((systemClock.now() - startedAt) / 1000).toFixed(1)
    call.out(`Wrote ${file}: ${sizeText(statSync(file).size)}, ${countText(written.count)} in ${seconds} s.`)
    if (written.movingGroups > 0) call.out(movingNote(written.movingGroups))
    return 0
  } finally {
    await view.close()
  }
}

/** Whatever `--force` says: a server may have it open, and would go on writing into a file that nobody finds. */
function refuseStore(file: string, view: StoreView): void {
  if (view.engine !== 'sqlite' || !existsSync(file)) return
  const own = ['', '-wal', '-shm', '-lock'].map((ending) => `${view.path}${ending}`)
  if (!own.filter((each) => existsSync(each)).some((each) => realpathSync(each) === realpathSync(file))) return
  throw new SettingError(`${file} belongs to the storage that is backed up: name another file.`)
}

export function fileOf({ words }: Pick<Call, 'words'>, command: string): string {
  const [file] = words
  if (file === undefined || file === '')
    throw new SettingError(`crew ${command} does not say which file: add its name.`)
  return file
}

function formatOf({ flags }: Call, view: StoreView): Format {
  const format = flags.get('--format') ?? (view.engine === 'sqlite' ? 'sqlite' : 'jsonl')
  if (format !== 'sqlite' && format !== 'jsonl') {
    throw new SettingError(`--format is "${format}": it is sqlite or jsonl.`)
  }
  if (format === 'sqlite' && view.engine !== 'sqlite') {
    throw new SettingError(
      '--format sqlite is for a SQLite storage: leave it out, a Redis is written as lines of JSON.',
    )
  }
  return format
}

interface Written {
  readonly count: StoreCount
  readonly movingGroups: number
}

async function write(view: StoreView, file: string, format: Format): Promise<Written> {
  if (view.engine === 'redis') return writeAsLines(view.storage, file)
  if (format === 'jsonl') return withStorageOf(view.path, file, (storage) => writeAsLines(storage, file))
  await tellingSize(view.path, file, copyStore(view.path, file))
  const copy = new SqliteSnapshot(file)
  try {
    return { count: copy.count(), movingGroups: 0 }
  } finally {
    copy.close()
  }
}

/** A copy of a SQLite file as a storage: the file itself is its server's. */
export function withStorageOf<Result>(
  path: string,
  near: string,
  use: (storage: TaskStorage) => Promise<Result>,
): Promise<Result> {
  return withCopy(
    (to) => tellingSize(path, to, copyStore(path, to)),
    near,
    async (copy) => {
      const storage = await openSqliteStorage({ path: copy, clock: systemClock, bootId: newId() })
      try {
        return await use(storage)
      } finally {
        await storage.close()
      }
    },
  )
}

const LOOK_MS = 1000

/** How much of a copy is written: about as much as the file it is made of, less what is free in there. */
async function tellingSize(from: string, to: string, copy: Promise<void>): Promise<void> {
  const all = sizeText(statSync(from, { throwIfNoEntry: false })?.size ?? 0)
  let callOff = (): void => {}
  const look = (): void => {
    const written = statSync(`${to}.partial`, { throwIfNoEntry: false })?.size
    if (written !== undefined) tellProgress(`${sizeText(written)} of about ${all} copied`)
    callOff = systemTimers.after(LOOK_MS, look)
  }
  look()
  try {
    await copy
  } finally {
    callOff()
  }
}

async function writeAsLines(storage: TaskStorage, file: string): Promise<Written> {
  const tally = emptyTally()
  const { engine } = storage.durability
  const head = backupHead({ version: VERSION, engine, createdAt: systemClock.now() })
  const lines = tellingLines(backupLines({ storage, clock: systemClock }, tally), tally)
  await writeWhole(file, (partial) => writeLines(partial, { head, lines, tally, isZipped: file.endsWith('.gz') }))
  return { count: tally, movingGroups: tally.movingGroups }
}

async function* tellingLines<Line>(lines: AsyncIterable<Line>, tally: BackupTally): AsyncGenerator<Line> {
  for await (const line of lines) {
    tellProgress(`${counted(tally.groups, 'group')} and ${counted(tally.tasks, 'task')} written`)
    yield line
  }
}

const movingNote = (groups: number): string =>
  `${counted(groups, 'group')} changed all the time: of ${groups === 1 ? 'it' : 'these'} each task is as it was at some moment of the backup; ` +
  'what was in flight then runs again when it is restored.'
