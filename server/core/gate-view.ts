import { type Gate, type GateBound, roomOf, windowOf } from './gate.ts'

/** What people see of a gate at a moment. */
export interface GateView {
  /** How many it lets through at once while it opens after a hold; null when it is open. */
  readonly window: number | null
  /** How fast answers, or a resume, let its tasks start, until when; null when they do not say. */
  readonly pace: { readonly perSecond: number; readonly until: number } | null
  /** When the next may start (epoch ms); null when one may now, or nobody knows as a lease must end first. */
  readonly nextStartAt: number | null
  /** What lets nothing start now; null when something may. */
  readonly bound: GateBound | null
}

export function viewGate(gate: Gate, now: number): GateView {
  const { free, nextAt, bound } = roomOf(gate, now)
  const isShut = free === 0
  return {
    window: windowOf(gate, now),
    pace: paceNow(gate, now),
    nextStartAt: isShut ? nextAt : null,
    bound: isShut ? bound : null,
  }
}

/** What is left of the limit until it is new, and from then on the pace of the new one. */
function paceNow({ pace }: Gate, now: number): GateView['pace'] {
  if (pace === null || now >= pace.expiresAt) return null
  const isFirst = now < pace.until
  const intervalMs = isFirst ? pace.intervalMs : pace.laterIntervalMs
  if (intervalMs === 0) return null
  return { perSecond: 1000 / intervalMs, until: isFirst ? Math.min(pace.until, pace.expiresAt) : pace.expiresAt }
}
