import type { Figures } from '../../core/figures.ts'
import { shownSecrets } from '../../core/signing-secret.ts'
import { formatTime, UNSET } from '../../core/time.ts'
import type { WorkerMinute } from '../../core/worker-history.ts'
import { isRule } from '../../core/worker-settings.ts'
import type { WorkerTest } from '../../services/worker-test.ts'
import { isPause, type WorkerView } from '../../services/worker-views.ts'
import { presentGate } from './gate-json.ts'
import { presentHold } from './hold-json.ts'

/** A worker as clients see it. */
export function workerJson(worker: WorkerView): string {
  return JSON.stringify(presentWorker(worker))
}

/** A page of workers, with how many there are over all pages. */
export function workerListJson(workers: readonly WorkerView[], count: number): string {
  return JSON.stringify({ workers: workers.map(presentWorker), count })
}

function presentWorker(worker: WorkerView) {
  const { name, settings, settingsFrom, hold, nextProbeAt } = worker
  const { url, headers, signingSecrets, mode, timeoutSeconds, retry, breaker } = settings
  return {
    name,
    isRule: isRule(name),
    hasSettings: settingsFrom === name,
    settingsFrom,
    url,
    address: worker.address,
    headers,
    signingSecret: shownSecrets(signingSecrets),
    mode,
    timeoutSeconds,
    retry,
    breaker,
    ...presentGate(worker),
    isPaused: isPause(hold),
    heldUntil: formatTime(hold?.until ?? UNSET),
    holdReason: hold?.reason ?? '',
    hold: hold && presentHold(hold),
    inFlight: worker.inFlight,
    waiting: worker.waiting,
    total: worker.total,
    completed: worker.completed,
    breakerState: worker.breakerState,
    nextProbeAt: nextProbeAt === null ? null : formatTime(nextProbeAt),
    figures: presentFigures(worker.figures),
  }
}

function presentFigures({ lastError, ...figures }: Figures) {
  return { ...figures, lastError: lastError && { ...lastError, at: formatTime(lastError.at) } }
}

/** What a worker did by the minute. */
export function workerHistoryJson(minutes: readonly WorkerMinute[]): string {
  return JSON.stringify({ minutes: minutes.map(({ at, ...minute }) => ({ at: formatTime(at), ...minute })) })
}

/** What a test call sent, and what came back. */
export function workerTestJson({ call, answer, outcome, error }: WorkerTest): string {
  const { url, headers, body } = call
  return JSON.stringify({ request: { url, method: 'POST', headers, body }, answer, outcome, error })
}
