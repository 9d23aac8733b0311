import { type StoreView, viewStorage } from '../../storage/open-storage.ts'
import type { StoreCount, TaskStorage } from '../../storage/task-storage.ts'
import { CrewError } from '../core/errors.ts'
import { adviceOn, type Fault, lastingFaults, sentenceOf } from '../core/fault.ts'
import { faultsOfRecords } from '../services/check-records.ts'
import { SettingError } from '../settings/setting-error.ts'
import type { Settings } from '../settings/settings-table.ts'
import { newId, systemClock } from '../system-clock.ts'
import { oneLine } from './client/terminal-text.ts'
import type { Call, Command } from './command.ts'
import { counted, countText, tellProgress } from './maintenance.ts'
import { OUTPUT_FLAG, outputFormatOf } from './output-flag.ts'

/** `crew fsck`: whether what a store counts and lists agrees with a full scan of it. */
export const fsckCommand: Command = {
  name: 'fsck',
  about:
    'compare what the storage counts and lists with a full scan of it, and change nothing; a server may be running',
  words: { placeholder: '', max: 0 },
  flags: [OUTPUT_FLAG],
  run,
}

const EXIT = { clean: 0, faulty: 1 } as const

/** A store that is broken in one place is often broken in as many as it has tasks. */
const MAX_TOLD = 100

/** On a store that servers change, what is to be told must be seen so often in a row. */
const LOOKS = 3

async function run(call: Call): Promise<number> {
  const format = outputFormatOf(call.flags)
  const startedAt = systemClock.now()
  const view = await openView(call.settings)
  try {
    const found = await checkView(view)
    const seconds = (systemClock.now() - startedAt) / 1000
    for (const line of format === 'json' ? [jsonOf(found)] : reportOf(found, seconds)) call.out(line)
    return found.faults.length === 0 ? EXIT.clean : EXIT.faulty
  } catch (error) {
    if (!(error instanceof CrewError)) throw error
    throw new SettingError(error.message)
  } finally {
    await view.close()
  }
}

export function openView({ storage, dataDir, redisPassword, allowVolatileRedis }: Settings): Promise<StoreView> {
  const redis = { redisPassword, allowVolatileRedis }
  return viewStorage({ setting: storage, dataDir, clock: systemClock, bootId: newId(), ...redis })
}

interface Found {
  readonly faults: readonly Fault[]
  readonly count: StoreCount
}

export async function checkView(view: StoreView): Promise<Found> {
  if (view.engine === 'sqlite') {
    const { snapshot } = view
    const faults = snapshot.check((about) => tellProgress(`looking at ${about}`))
    if (faults.some(({ kind }) => kind === 'file')) return { faults, count: NOTHING }
    const ofRecords = await faultsOfRecords((cursor) => snapshot.scanRecords(cursor))
    return { faults: [...faults, ...ofRecords], count: snapshot.count() }
  }
  return checkRedis(view.storage)
}

/** While servers work, what is there and what is counted are read at different moments. */
async function checkRedis(storage: TaskStorage): Promise<Found> {
  process.stderr.write(
    'crew: while servers run the figures of Redis move: what differs is looked at again before it is told\n',
  )
  let found: Found = await storage.audit()
  for (let look = 2; look <= LOOKS && found.faults.length > 0; look++) {
    tellProgress(`${counted(found.faults.length, 'difference')}: looking again (${look} of ${LOOKS})`)
    const again = await storage.audit()
    found = { count: again.count, faults: lastingFaults(found.faults, again.faults) }
  }
  return { ...found, faults: [...found.faults, ...(await faultsOfRecords((cursor) => storage.scanRecords(cursor)))] }
}

/** Of a file whose pages are damaged nothing is counted. */
const NOTHING: StoreCount = { groups: 0, tasks: 0, records: 0 }

function reportOf({ faults, count }: Found, seconds: number): string[] {
  const all = countText(count)
  const took = `${seconds.toFixed(1)} s`
  if (faults.length === 0) return [`Nothing found: ${all} looked at in ${took}.`]
  const left = faults.length - MAX_TOLD
  return [
    ...faults.slice(0, MAX_TOLD).map((fault) => oneLine(`${sentenceOf(fault)}: ${adviceOn(fault)}`)),
    ...(left > 0 ? [`… and ${left} more`] : []),
    `Found ${counted(faults.length, 'fault')} in ${all}, looked at in ${took}.`,
  ]
}

function jsonOf({ faults, count }: Found): string {
  const told = faults.slice(0, MAX_TOLD).map((fault) => ({ ...fault, advice: adviceOn(fault) }))
  return JSON.stringify({ isClean: faults.length === 0, count, faultCount: faults.length, faults: told }, null, 2)
}
