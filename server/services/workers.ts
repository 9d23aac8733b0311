import type { Change, CrewEvent, WorkHold } from '../core/change-set.ts'
import { CrewError } from '../core/errors.ts'
import { type KeptSecret, keepSecrets } from '../core/signing-secret.ts'
import { FOREVER } from '../core/time.ts'
import type { WorkerEdit } from '../core/worker-edit.ts'
import { isRule, settingsKey, settingsText, type WorkerSettings } from '../core/worker-settings.ts'
import { commitTraffic, getGate } from './traffic.ts'
import type { WorkerContext } from './worker-context.ts'
import { isPause, notFound, readBack, refuseName, type WorkerView } from './worker-views.ts'

export { getWorker, getWorkerHistory, listChannels, listWorkers, type WorkerView } from './worker-views.ts'

/** Names with settings: all of them are in the memory of every server. */
const MAX_SETTINGS = 10_000

/**
 * Sets what is given; the rest stays as it is. A worker that has the settings of a rule begins with those: from then on its settings
 * are its own, as a whole.
 */
export const editWorker = (context: WorkerContext, name: string, edit: WorkerEdit): Promise<WorkerView> =>
  context.settingsTurns.take(() => applyEdit(context, name, edit))

/** The same for a name that has no settings; of several at once the first one gets it. */
export function addWorker(context: WorkerContext, name: string, edit: WorkerEdit): Promise<WorkerView> {
  return context.settingsTurns.take(async () => {
    // Another server may have got it a moment ago.
    await context.directory.reloadOne(name)
    if (context.directory.all.has(name))
      throw new CrewError('duplicate_id', `Worker "${name}" has settings: change operator "${name}" instead.`)
    return applyEdit(context, name, edit)
  })
}

async function applyEdit(context: WorkerContext, name: string, edit: WorkerEdit): Promise<WorkerView> {
  const isPauseAlone = edit.isPaused !== undefined && setsNothing(edit)
  const pause = await pauseChanges(context, name, edit.isPaused)
  const limits = isPauseAlone ? [] : await putSettings(context, name, edit)
  const updated: CrewEvent[] = isPauseAlone ? [] : [{ type: 'worker.updated', worker: name }]
  const changes = [...limits, ...pause.changes]
  if (changes.length > 0) await commitTraffic(context, { changes, events: [...updated, ...pause.events] })
  return readBack(context, name)
}

/** Also ends a pause by hand. Other holds stay: they are no settings. */
export function deleteWorker(context: WorkerContext, name: string): Promise<void> {
  return context.settingsTurns.take(async () => {
    const { storage, directory } = context
    const [hold] = await storage.listHolds('worker', [name])
    const gate = await getGate(context, { scope: 'worker', name })
    const isPaused = hold?.kind === 'manual'
    if (!directory.all.has(name) && gate.limitsFrom !== name && !isPaused) throw await notFound(context, name)
    await storage.putRecord(settingsKey(name), null)
    await directory.reloadOne(name)
    await commitTraffic(context, {
      changes: [{ kind: 'limitWork', scope: 'worker', name, limits: null }, ...(isPaused ? [release(name)] : [])],
      events: [{ type: 'worker.deleted', worker: name }, ...(isPaused ? [resumed(name)] : [])],
    })
  })
}

/** Only ever raises: a shorter hold changes nothing. */
export async function pauseWorker(
  context: WorkerContext,
  name: string,
  { until, reason }: { until: number; reason: string },
): Promise<WorkerView> {
  refuseName(name)
  await commitTraffic(context, { changes: [holdChange(context, name, { until, reason })], events: [held(name)] })
  return readBack(context, name)
}

/** Ends whatever hold there is, and closes the breaker. */
export async function resumeWorker(context: WorkerContext, name: string): Promise<WorkerView> {
  refuseName(name)
  await commitTraffic(context, { changes: [release(name)], events: [resumed(name)] })
  return readBack(context, name)
}

const setsNothing = ({ settings, signingSecrets, limits }: WorkerEdit): boolean =>
  isEmpty(settings) && signingSecrets === undefined && isEmpty(limits)

const isEmpty = (fields: object): boolean => Object.keys(fields).length === 0

/** Writes the record, and answers the change of its limits. Record and limits are always there together. */
async function putSettings(context: WorkerContext, name: string, edit: WorkerEdit): Promise<Change[]> {
  const { storage, directory } = context
  if (!directory.all.has(name) && directory.all.size >= MAX_SETTINGS)
    throw new CrewError('conflict', `${MAX_SETTINGS} workers and rules have settings: delete some, or use rules.`)
  // Another server may have changed them a moment ago.
  await directory.reloadOne(name)
  const before = settingsBefore(context, name)
  const signingSecrets = secretsAfter(context, before.signingSecrets, edit.signingSecrets)
  const settings: WorkerSettings = { ...before, ...edit.settings, signingSecrets, name }
  const gate = await getGate(context, { scope: 'worker', name })
  await storage.putRecord(settingsKey(name), settingsText(settings))
  await directory.reloadOne(name)
  return [{ kind: 'limitWork', scope: 'worker', name, limits: { ...gate.limits, ...edit.limits } }]
}

/** Encrypts those that are new; those that stay are encrypted with the present key from now on, so that an older one can be retired. */
function secretsAfter(
  { directory: { signingKeys: keeper } }: WorkerContext,
  before: readonly KeptSecret[],
  given: WorkerEdit['signingSecrets'],
): KeptSecret[] {
  if (given === undefined) return before.map((secret) => keeper.renew(secret))
  const { kept, faults } = keepSecrets(given, { before, keeper, pointer: '/signingSecret' })
  const [first] = faults
  if (first) throw new CrewError('invalid_request', `${first.pointer}: ${first.detail}.`, faults)
  return kept
}

/** A URL of a rule leads to another place for each worker: it becomes the one that this worker has by it. */
function settingsBefore({ directory }: WorkerContext, name: string): WorkerSettings {
  const settings = directory.settingsOf(name)
  if (settings.url === null || settings.name === name) return settings
  const url = directory.addressOf(name)
  return { ...settings, url: isRule(name) && url !== null ? url.slice(0, -1) : url }
}

async function pauseChanges(
  context: WorkerContext,
  name: string,
  isPaused: boolean | undefined,
): Promise<{ changes: Change[]; events: CrewEvent[] }> {
  if (isPaused === true) {
    const hold = holdChange(context, name, { until: FOREVER, reason: 'paused' })
    return { changes: [hold], events: [held(name)] }
  }
  const [hold] = isPaused === false ? await context.storage.listHolds('worker', [name]) : []
  return isPause(hold) ? { changes: [release(name)], events: [resumed(name)] } : { changes: [], events: [] }
}

function holdChange(
  { clock }: WorkerContext,
  name: string,
  { until, reason }: Pick<WorkHold, 'until' | 'reason'>,
): Change {
  const asked = { kind: 'manual', since: clock.now(), taskId: '', source: '', probeMs: 0 } as const
  return { kind: 'holdWork', hold: { scope: 'worker', name, until, reason, ...asked } }
}

const release = (name: string): Change => ({ kind: 'releaseWork', scope: 'worker', name })
const held = (worker: string): CrewEvent => ({ type: 'worker.held', worker })
const resumed = (worker: string): CrewEvent => ({ type: 'worker.resumed', worker })
