import { createScreen } from '../../demo-workers/client/screen.ts'
import { hasStore, openStorage } from '../../storage/open-storage.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { CrewError } from '../core/errors.ts'
import { type ImportProgress, importCrewGo } from '../services/import-crew-go.ts'
import type { ServiceContext } from '../services/service-context.ts'
import { SettingError } from '../settings/setting-error.ts'
import type { Settings } from '../settings/settings-table.ts'
import { newId, systemClock, systemRandom } from '../system-clock.ts'
import type { Call, Command } from './command.ts'
import { type CrewGoAddress, DEFAULT_DATABASE, parseCrewGoAddress } from './crew-go-address.ts'
import { type CrewGoStore, CrewGoStoreError, openCrewGoStore } from './crew-go-store.ts'
import { findingLine, progressLine, reportLines } from './import-report.ts'

/** `crew import crew-go`: brings groups and tasks over from the program before Crew. */
export const importCommand: Command = {
  name: 'import',
  about:
    'copy groups and tasks from crew-go, which must be stopped, into the storage; unfinished tasks go on at the next start',
  words: { placeholder: 'crew-go', max: 1 },
  flags: [
    {
      name: '--from',
      placeholder: 'URL',
      about: `its Redis: redis://[:PASSWORD@]HOST[:PORT][/DATABASE], database ${DEFAULT_DATABASE} unless it says another`,
    },
    { name: '--dry-run', placeholder: null, about: 'tell what would be imported, and change nothing' },
  ],
  run,
}

const EXIT = { done: 0, failed: 1, interrupted: 130 } as const

async function run(call: Call): Promise<number> {
  const isDryRun = call.flags.has('--dry-run')
  const address = addressOf(call)
  refuseMemory(call.settings, isDryRun)
  try {
    const source = await openCrewGoStore(address)
    try {
      if (!(await source.hasGroups())) return await tellNothingFound(source, address, call)
      return await importInto({ ...call, source, isDryRun })
    } finally {
      source.close()
    }
  } catch (error) {
    if (!(error instanceof CrewGoStoreError || error instanceof CrewError)) throw error
    call.out(error.message)
    return EXIT.failed
  }
}

function addressOf({ words, flags }: Call): CrewGoAddress {
  const [what] = words
  if (what !== 'crew-go') {
    throw new SettingError(`crew import takes the name of a program, not "${what ?? ''}": write crew import crew-go.`)
  }
  const from = flags.get('--from')
  if (from === undefined) {
    throw new SettingError(
      'crew import crew-go does not say from where: add --from redis://[:PASSWORD@]HOST[:PORT][/DATABASE].',
    )
  }
  return parseCrewGoAddress(from)
}

function refuseMemory({ storage }: Settings, isDryRun: boolean): void {
  if (storage !== 'memory' || isDryRun) return
  throw new SettingError(
    'CREW_STORAGE is "memory": what is imported would be gone at once; set it to sqlite:PATH or redis://….',
  )
}

interface Import extends Call {
  readonly source: CrewGoStore
  readonly isDryRun: boolean
}

async function importInto(job: Import): Promise<number> {
  const storage = await openTarget(job)
  try {
    return await importAll(job, storage)
  } finally {
    await storage.close()
  }
}

/** A look must not make a store: where there is none yet, an empty one in memory stands for it. */
function openTarget({ settings, isDryRun }: Import): Promise<TaskStorage> {
  const { storage, dataDir, redisPassword, allowVolatileRedis } = settings
  const setting = isDryRun && !hasStore({ setting: storage, dataDir }) ? 'memory' : storage
  const redis = { redisPassword, allowVolatileRedis }
  return openStorage({ setting, dataDir, clock: systemClock, bootId: newId(), ...redis })
}

/** A terminal shows how far it is that often. */
const PROGRESS_MS = 100

async function importAll(job: Import, storage: TaskStorage): Promise<number> {
  const { source, isDryRun, out } = job
  const isTty = process.stdout.isTTY
  const stop = stopOnSignal()
  const screen = createScreen({ out, isTty, now: systemClock.now })
  let reached: ImportProgress = { tasksRead: 0, groupsDone: 0 }
  let shownAt = 0
  const result = await importCrewGo(contextOf(storage), {
    source,
    isDryRun,
    signal: stop,
    tell(finding) {
      const line = findingLine(finding, isDryRun)
      if (line !== null) screen.line(line)
    },
    onProgress(progress) {
      reached = progress
      if (!isTty || systemClock.now() - shownAt < PROGRESS_MS) return
      shownAt = systemClock.now()
      screen.progress(progressLine(progress))
    },
  })
  if (isTty) screen.settle(progressLine(reached))
  for (const line of reportLines(result, isDryRun)) screen.line(line)
  if (!stop.aborted) return EXIT.done
  screen.line('Stopped before the end: run the same command again, it goes on where it stopped.')
  return EXIT.interrupted
}

function stopOnSignal(): AbortSignal {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  process.once('SIGTERM', () => stop.abort())
  return stop.signal
}

/** No task runs in this process, so nothing is known of workers. */
const contextOf = (storage: TaskStorage): ServiceContext => ({
  storage,
  clock: systemClock,
  random: systemRandom,
  newId,
  workers: { hasAddress: () => false, slotsOf: () => ({ inFlight: 0, limit: 0 }) },
})

async function tellNothingFound(source: CrewGoStore, address: CrewGoAddress, { out }: Call): Promise<number> {
  const databases = await source.listDatabases()
  const keys = databases.length === 0 ? 'no database there shows any keys' : `keys there: ${databases.join(', ')}`
  out(`${address.shown} holds no groups of crew-go: end --from with the number of the database it used (${keys}).`)
  return EXIT.failed
}
