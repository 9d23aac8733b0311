import type { Change, HoldKind, HoldScope } from '../../server/core/change-set.ts'
import type { GateLimits, GateScope } from '../../server/core/gate.ts'
import type { Task } from '../../server/core/task.ts'
import { FOREVER } from '../../server/core/time.ts'
import type { GateRef } from '../../storage/task-storage.ts'
import { closeBreaker, holdAs, limitWork, narrowWork, paceWork, releaseWork } from '../support/changes.ts'
import type { Model } from './model.ts'

/** What is set about a gate, as numbers that pick from whatever there is. */
export type GateEdit =
  | {
      readonly kind: 'hold'
      readonly scope: HoldScope
      readonly name: number
      readonly delay: number
      readonly as: HoldKind
    }
  | { readonly kind: 'release'; readonly scope: HoldScope; readonly name: number; readonly onlyBreaker: boolean }
  | { readonly kind: 'limit'; readonly scope: GateScope; readonly name: number; readonly limits: GateLimits | null }
  | {
      readonly kind: 'pace'
      readonly scope: HoldScope
      readonly name: number
      readonly intervals: readonly [number, number]
      readonly delay: number
    }
  | { readonly kind: 'narrow'; readonly scope: HoldScope; readonly name: number; readonly agoMs: number }

export const workers = ['w0', 'w1']
export const workgroups = ['', 'wg1', 'wg2']
/** Names of workers that have limits: rules as well. */
const limitedWorkers = ['w0', 'w*', 'w1', 'w1*', '*']

export const pick = <Thing>(things: readonly Thing[], index: number): Thing | undefined => things[index % things.length]
export const nameIn = (names: readonly string[], index: number): string => pick(names, index) ?? ''

type GateRun = Model & { readonly made: number }

/** What the edit means for the store as the model has it. */
export function gateChangeOf(edit: GateEdit, run: GateRun): Change {
  switch (edit.kind) {
    case 'hold':
      return holding(edit, run)
    case 'release':
      return (edit.onlyBreaker ? closeBreaker : releaseWork)(edit.scope, gateName(edit))
    case 'limit':
      return limitWork(edit.scope, limitedName(edit), edit.limits)
    case 'pace':
      return pacing(edit, run)
    case 'narrow':
      return narrowWork(edit.scope, gateName(edit), run.clock.now() - edit.agoMs)
  }
}

const gateName = ({ scope, name }: { scope: HoldScope; name: number }): string =>
  scope === 'worker' ? nameIn(workers, name) : nameIn(workgroups, name)

const limitedName = ({ scope, name }: { scope: GateScope; name: number }): string => {
  if (scope === 'all') return ''
  return scope === 'worker' ? nameIn(limitedWorkers, name) : nameIn(workgroups, name)
}

/** Every gate that edits are about. */
export const everyGate: readonly GateRef[] = [
  { scope: 'all', name: '' },
  ...limitedWorkers.map((name) => ({ scope: 'worker', name }) as const),
  ...workgroups.map((name) => ({ scope: 'workgroup', name }) as const),
]

function holding(edit: GateEdit & { kind: 'hold' }, run: GateRun): Change {
  const now = run.clock.now()
  return holdAs({
    scope: edit.scope,
    name: gateName(edit),
    until: edit.delay > 9_000 && edit.as === 'manual' ? FOREVER : now + edit.delay,
    reason: `for ${edit.delay} ms`,
    kind: edit.as,
    since: now,
    taskId: `t${run.made}`,
    source: edit.as === 'rateLimit' ? 'Retry-After' : '',
    probeMs: edit.as === 'breaker' ? 700 : 0,
  })
}

function pacing({ scope, name, intervals, delay }: GateEdit & { kind: 'pace' }, run: GateRun): Change {
  const until = run.clock.now() + delay
  const [intervalMs, laterIntervalMs] = intervals
  const pace = { intervalMs, until, laterIntervalMs, expiresAt: until + delay }
  return paceWork(scope, gateName({ scope, name }), pace)
}

/** What a timeout says to both gates of a task. */
export const narrowingBy = ({ worker, workgroup, lease }: Task): Change[] => {
  const startedAt = lease?.startedAt ?? 0
  const ofWorkgroup = workgroup === '' ? [] : [narrowWork('workgroup', workgroup, startedAt)]
  return [narrowWork('worker', worker, startedAt), ...ofWorkgroup]
}
