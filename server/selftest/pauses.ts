import { setTimeout as pass } from 'node:timers/promises'
import type { FaultContext } from './faults.ts'
import type { PauseWindow } from './group-checks.ts'
import { WORKGROUPS } from './group-plans.ts'

const GROUPS = 5
const PAUSED_MS = 400
/** Ends by itself should nobody be able to end it. */
const HOLD_SECONDS = 60

/** Groups and workgroups that have work, paused and resumed over and over; what was known to be paused is written down. */
export function pauseAgainAndAgain(context: FaultContext): () => Promise<void> {
  const running = (async () => {
    while (!context.signal.aborted) await pauseOnce(context)
  })()
  return () => running
}

async function pauseOnce(context: FaultContext): Promise<void> {
  const groups = [...context.trial.open.values()].filter(({ isSent, isJudging }) => isSent && !isJudging)
  const names = groups.slice(-GROUPS).map(({ plan }) => plan.groupId)
  const windows = await Promise.all([
    ...names.map((name) => pause(context, 'group', name)),
    ...WORKGROUPS.map((name) => pause(context, 'workgroup', name)),
  ])
  await pass(PAUSED_MS)
  await Promise.all(windows.map((window) => resume(context, window)))
}

async function pause({ trial, site }: FaultContext, scope: PauseWindow['scope'], name: string): Promise<PauseWindow> {
  const body = scope === 'group' ? {} : { seconds: HOLD_SECONDS, reason: 'a test' }
  const answer = await trial.insist('POST', `${pathOf(scope, name)}/pause`, body)
  const window: PauseWindow = { scope, name, from: Date.now(), until: Number.POSITIVE_INFINITY }
  if (answer?.status === 200) site.pauses.push(window)
  return window
}

async function resume({ trial }: FaultContext, window: PauseWindow): Promise<void> {
  window.until = Date.now()
  await trial.insist('POST', `${pathOf(window.scope, window.name)}/resume`, {})
}

const pathOf = (scope: PauseWindow['scope'], name: string): string =>
  scope === 'group' ? `/api/v1/task_group/${name}` : `/api/v1/workgroup/${name}`
