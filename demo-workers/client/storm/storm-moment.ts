import { field, isRecord, listField, numberField, textField } from '../../contract/json.ts'
import type { StormReport } from '../../simulation/storm/storm-provider.ts'
import type { KeyTally } from '../../simulation/storm/storm-tally.ts'
import { ClientError } from '../client-error.ts'
import type { CrewClient } from '../crew-client.ts'
import { type KeyView, parseKeyView } from './key-view.ts'
import { type StormRun, workerOf, workgroupOf } from './storm-options.ts'

/** A storm at one moment: what the provider counted, and what Crew says. */
export interface StormMoment {
  readonly at: number
  readonly tally: StormTallies
  readonly views: ReadonlyMap<string, KeyView>
  readonly groupState: string
  readonly counts: ReadonlyMap<string, number>
}

/** What the provider counted, by key. */
export interface StormTallies {
  /** Since the first call; null before it. */
  readonly elapsedMs: number | null
  readonly keys: ReadonlyMap<string, KeyTally>
}

/** The provider is reached as the workers are: below `/demo/` of the server. */
export const providerPath = (run: StormRun): string => `/demo/storm/${run.id}`

/** Reads everything that is shown; the answers may be some milliseconds apart. */
export async function readMoment(client: CrewClient, run: StormRun, now: () => number): Promise<StormMoment> {
  const names = run.plan.keys.map((key) => key.name)
  const [report, group, ...views] = await Promise.all([
    client.get(providerPath(run)),
    client.get(`/api/v1/task_group/${run.groupId}`),
    ...names.map((name) => readView(client, run, name)),
  ])
  return {
    at: now(),
    tally: parseReport(report),
    views: new Map(views.map((view, index) => [names[index] ?? '', view])),
    groupState: textField(group, 'state', ''),
    counts: parseCounts(field(group, 'counts')),
  }
}

async function readView(client: CrewClient, run: StormRun, key: string): Promise<KeyView> {
  const [worker, workgroup] = await Promise.all([
    readOrNothing(client, `/api/v1/worker/${encodeURIComponent(workerOf(run, key))}`),
    readOrNothing(client, `/api/v1/workgroup/${encodeURIComponent(workgroupOf(run, key))}`),
  ])
  return parseKeyView(worker, workgroup)
}

/** A worker or workgroup that nobody names any more is not there. */
async function readOrNothing(client: CrewClient, path: string): Promise<unknown> {
  try {
    return await client.get(path)
  } catch (error) {
    if (error instanceof ClientError && error.status === 404) return {}
    throw error
  }
}

/** Reads what the provider counted off its answer. */
export function parseReport(report: unknown): StormTallies {
  const elapsedMs = field(report, 'elapsedMs')
  return {
    elapsedMs: typeof elapsedMs === 'number' ? elapsedMs : null,
    keys: new Map(listField(report, 'keys').map((key) => [textField(key, 'name', ''), parseTally(key)])),
  }
}

function parseTally(key: unknown): KeyTally {
  const count = (name: keyof StormReport['keys'][number]): number =>
    numberField(key, name, { fallback: 0, min: 0, max: Number.MAX_SAFE_INTEGER })
  return {
    calls: count('calls'),
    overQuota: count('overQuota'),
    inOutage: count('inOutage'),
    inFlight: count('inFlight'),
    maxInFlight: count('maxInFlight'),
    perStep: listField(key, 'perStep').map((step) => (typeof step === 'number' ? step : 0)),
  }
}

function parseCounts(counts: unknown): ReadonlyMap<string, number> {
  const entries = isRecord(counts) ? Object.entries(counts) : []
  return new Map(entries.flatMap(([state, count]) => (typeof count === 'number' ? [[state, count]] : [])))
}
