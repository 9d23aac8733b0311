import type { Change, HoldScope, PastHold, WorkHold } from '../../server/core/change-set.ts'
import {
  enter,
  type Gate,
  type GateLimits,
  type GateScope,
  NO_LIMITS,
  narrowed,
  openGate,
  roomOf,
} from '../../server/core/gate.ts'
import type { Task } from '../../server/core/task.ts'
import { FOREVER } from '../../server/core/time.ts'
import { settingsNameFor } from '../../server/core/worker-settings.ts'
import type { GateRef } from '../../storage/task-storage.ts'
import { settledGate } from './gate-steps.ts'
import type { Model } from './model.ts'

/** What was set about a gate, and its clocks. Nothing is ever dropped. */
export interface ModelGate extends Pick<Gate, 'probeMs' | 'ramp' | 'pace' | 'rateClock' | 'spaceClock'> {
  /** Of its own. */
  readonly limits: GateLimits | null
  /** The last one; it may be over. */
  readonly hold: WorkHold | null
}

const { probeMs, ramp, pace, rateClock, spaceClock } = openGate('all', '')
const untouched: ModelGate = { limits: null, hold: null, probeMs, ramp, pace, rateClock, spaceClock }

/** Holds that are remembered of each worker and workgroup. */
const KEPT_HOLDS = 20

const keyOf = (scope: GateScope, name: string): string => `${scope} ${name}`

const entryOf = ({ books }: Model, scope: GateScope, name: string): ModelGate =>
  books.gates.get(keyOf(scope, name)) ?? untouched

function change(model: Model, { scope, name }: GateRef, fields: Partial<ModelGate>): void {
  model.books.gates.set(keyOf(scope, name), { ...entryOf(model, scope, name), ...fields })
}

/** Whether anything was ever set about it. */
export const isKnown = ({ books }: Model, { scope, name }: GateRef): boolean => books.gates.has(keyOf(scope, name))

/** The gate as the port tells it, its leases counted anew. */
export function gateInModel(model: Model, { scope, name }: GateRef): Gate {
  const { limits, hold: _, ...entry } = entryOf(model, scope, name)
  const from = limits ? name : ruleFor(model, scope, name)
  return {
    ...entry,
    scope,
    name,
    limits: (from === null ? null : entryOf(model, scope, from).limits) ?? NO_LIMITS,
    limitsFrom: from,
    heldUntil: heldInModel(model, { scope, name }),
    leases: [...model.books.tasks.values()].filter((task) => task.lease && isAt(task, scope, name)).length,
  }
}

/** 0 when it is not held. */
export function heldInModel(model: Model, { scope, name }: GateRef): number {
  const { hold } = entryOf(model, scope, name)
  return hold && hold.until > model.clock.now() ? hold.until : 0
}

/** '' is no workgroup. */
const isAt = (task: Task, scope: GateScope, name: string): boolean =>
  scope === 'all' || (name !== '' && task[scope] === name)

function ruleFor({ books }: Model, scope: GateScope, name: string): string | null {
  if (scope !== 'worker') return null
  const limited = [...books.gates].filter(([key, gate]) => key.startsWith('worker ') && gate.limits !== null)
  return settingsNameFor(
    name,
    limited.map(([key]) => key.slice('worker '.length)),
  )
}

/** Those that a task has to pass. */
export const gatesOf = ({ worker, workgroup }: Pick<Task, 'worker' | 'workgroup'>): GateRef[] => [
  { scope: 'all', name: '' },
  { scope: 'worker', name: worker },
  ...(workgroup === '' ? [] : [{ scope: 'workgroup', name: workgroup } as const]),
]

export const roomInModel = (model: Model, ref: GateRef) => roomOf(gateInModel(model, ref), model.clock.now())

/** From when on the gates of a task let it start, if nothing else starts or ends: null when a lease must end first. */
export function gatesOpenAt(model: Model, task: Task): number | null {
  const gates = gatesOf(task).map((ref) => gateInModel(model, ref))
  let at = model.clock.now()
  for (;;) {
    const shut = gates.map((gate) => roomOf(gate, at)).filter(({ free }) => free === 0)
    // At the end of time sums of times are not exact (token-bucket.ts), so a bucket there may never be full again.
    if (shut.length === 0 || at >= FOREVER) return at
    // A gate may be shut still when it said that it opens: it is asked again then.
    const opensAt = Math.max(...shut.map(({ nextAt }) => nextAt ?? Number.POSITIVE_INFINITY))
    if (opensAt === Number.POSITIVE_INFINITY) return null
    if (opensAt <= at) throw new Error(`the gates of ${task.id} are shut at ${at} and say that they open at ${opensAt}`)
    at = opensAt
  }
}

/** Tasks started. */
export function enterInModel(model: Model, tasks: readonly Task[]): void {
  const refs = new Map(tasks.flatMap(gatesOf).map((ref) => [keyOf(ref.scope, ref.name), ref]))
  for (const ref of refs.values()) {
    const count = tasks.filter((task) => isAt(task, ref.scope, ref.name)).length
    const gate = gateInModel(model, ref)
    const clocks = enter(gate, count, model.clock.now())
    if (clocks.rateClock !== gate.rateClock || clocks.spaceClock !== gate.spaceClock) change(model, ref, clocks)
  }
}

export type GateChange = Change & { kind: 'holdWork' | 'releaseWork' | 'limitWork' | 'paceWork' | 'narrowWork' }

export function changeGate(model: Model, step: GateChange): void {
  const now = model.clock.now()
  switch (step.kind) {
    case 'holdWork':
      holdWork(model, step.hold, now)
      break
    case 'releaseWork':
      releaseWork(model, step, now)
      break
    case 'limitWork':
      change(model, step, { limits: step.limits })
      break
    case 'paceWork':
      change(model, step, { pace: step.pace })
      break
    case 'narrowWork': {
      const next = narrowed(gateInModel(model, step), { startedAt: step.startedAt, now })
      if (next) change(model, step, { ramp: next })
      break
    }
  }
}

function holdWork(model: Model, hold: WorkHold, now: number): void {
  const known = entryOf(model, hold.scope, hold.name)
  if (hold.until <= now || hold.until <= (known.hold?.until ?? 0)) return
  const isRaised = known.hold !== null && known.hold.until > now
  const past = pastHoldsInModel(model, hold.scope, hold.name).slice(isRaised ? 1 : 0)
  setPast(model, hold, [{ ...hold, endedAt: null }, ...past].slice(0, KEPT_HOLDS))
  change(model, hold, {
    hold,
    ramp: { from: hold.until, base: 1, isSpaced: true },
    probeMs: hold.probeMs > 0 ? hold.probeMs : known.probeMs,
  })
}

function releaseWork(model: Model, step: GateChange & { kind: 'releaseWork' }, now: number): void {
  const { hold, probeMs } = entryOf(model, step.scope, step.name)
  const isHeld = hold !== null && hold.until > now
  const isEnded = isHeld && (!step.onlyBreaker || hold.kind === 'breaker')
  if (!isEnded && probeMs === 0) return
  change(model, step, { probeMs: 0 })
  if (isEnded) {
    const [last, ...past] = pastHoldsInModel(model, step.scope, step.name)
    if (last) setPast(model, step, [{ ...last, endedAt: now }, ...past])
    change(model, step, { hold: null })
  }
  if (isEnded || !isHeld) change(model, step, { ramp: { from: now, base: 1, isSpaced: true } })
}

const setPast = ({ books }: Model, { scope, name }: GateRef, holds: readonly PastHold[]): void => {
  books.pastHolds.set(keyOf(scope, name), holds)
}

export const pastHoldsInModel = ({ books }: Model, scope: HoldScope, name: string): readonly PastHold[] =>
  books.pastHolds.get(keyOf(scope, name)) ?? []

export const liveHolds = ({ books, clock }: Model, scope: HoldScope): WorkHold[] =>
  [...books.gates.values()].flatMap(({ hold }) =>
    hold !== null && hold.scope === scope && hold.until > clock.now() ? [hold] : [],
  )

/** Names that holds in force or limits say; rules are names of nobody. */
export const gateNames = (model: Model, scope: HoldScope): string[] =>
  [...model.books.gates]
    .filter(([key, { hold, limits }]) => {
      const isHeld = hold !== null && hold.until > model.clock.now()
      return key.startsWith(`${scope} `) && (isHeld || limits !== null)
    })
    .map(([key]) => key.slice(scope.length + 1))
    .filter((name) => name !== '' && !(scope === 'worker' && name.endsWith('*')))

type Forgettable = Pick<Gate, 'ramp' | 'rateClock' | 'spaceClock'>

/** What an engine may drop of a gate now, as it says nothing. */
export function forgettable(model: Model, ref: GateRef): (keyof Forgettable)[] {
  const settled = settledGate(gateInModel(model, ref), model.clock.now())
  return [
    ...(settled.ramp === null ? (['ramp'] as const) : []),
    ...(settled.rateClock === 0 ? (['rateClock'] as const) : []),
    ...(settled.spaceClock === 0 ? (['spaceClock'] as const) : []),
  ]
}

/**
 * Over several partitions a window is narrowed by the leases that are left when the whole commit is done, as no script sees those of
 * all: later sets of it may have ended some. It is narrower then, never wider.
 */
export function narrowLike(model: Model, found: Gate): void {
  const { ramp, leases } = gateInModel(model, found)
  const base = Math.max(1, Math.floor(leases / 2))
  const isOfNow = ramp !== null && ramp.from === model.clock.now() && found.ramp?.from === ramp.from
  if (isOfNow && base < ramp.base && found.ramp?.base === base) change(model, found, { ramp: { ...ramp, base } })
}

/** The engine dropped some of what it may: the model does so too, as it would say something again under other limits. */
export function forgetLike(model: Model, found: Gate, fields: readonly (keyof Forgettable)[]): void {
  const { ramp: noRamp, rateClock: noRate, spaceClock: noSpace } = untouched
  if (!model.books.gates.has(keyOf(found.scope, found.name))) return
  if (fields.includes('ramp') && found.ramp === null) change(model, found, { ramp: noRamp })
  if (fields.includes('rateClock') && found.rateClock === 0) change(model, found, { rateClock: noRate })
  if (fields.includes('spaceClock') && found.spaceClock === 0) change(model, found, { spaceClock: noSpace })
}
