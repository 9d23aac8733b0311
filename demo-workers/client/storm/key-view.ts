import { field, numberField, textField } from '../../contract/json.ts'
import { plainText } from '../plain-text.ts'

/** What Crew says about a key: that of its worker and that of its workgroup. */
export interface KeyView {
  readonly worker: GateFigures
  readonly workgroup: GateFigures
  readonly breaker: BreakerFigures
}

/** What stands before the tasks of a worker or a workgroup. */
export interface GateFigures {
  readonly running: number
  readonly waiting: number
  /** Epoch ms; 0 when nothing holds it. */
  readonly heldUntil: number
  /** The header or field that asked for the hold; '' when none did. */
  readonly source: string
  /** How many it lets through at once and a step while it opens; null when it is open. */
  readonly window: number | null
  readonly pacePerSecond: number | null
}

export interface BreakerFigures {
  readonly isOpen: boolean
  /** Epoch ms; 0 when it may start now. */
  readonly nextProbeAt: number
}

/** Reads the answers of `GET /api/v1/worker/:name` and `GET /api/v1/workgroup/:name`. */
export function parseKeyView(worker: unknown, workgroup: unknown): KeyView {
  const breaker = { isOpen: isOpen(worker), nextProbeAt: timeIn(worker, 'nextProbeAt') }
  return { worker: parseGate(worker, 'inFlight'), workgroup: parseGate(workgroup, 'running'), breaker }
}

/** Half open is open but for a probe. */
function isOpen(worker: unknown): boolean {
  return textField(worker, 'breakerState', 'closed') !== 'closed'
}

function parseGate(value: unknown, running: 'inFlight' | 'running'): GateFigures {
  return {
    running: count(value, running),
    waiting: count(value, 'waiting'),
    heldUntil: timeIn(value, 'heldUntil'),
    source: plainText(textField(field(value, 'hold'), 'source', '')),
    window: numberOrNull(value, 'window'),
    pacePerSecond: numberOrNull(field(value, 'pace'), 'perSecond'),
  }
}

const count = (value: unknown, name: string): number =>
  numberField(value, name, { fallback: 0, min: 0, max: Number.MAX_SAFE_INTEGER })

function numberOrNull(value: unknown, name: string): number | null {
  const number = field(value, name)
  return typeof number === 'number' && Number.isFinite(number) ? number : null
}

/** Epoch milliseconds, and 0 for an unset time: absent, `""`, or the zero time, which lies long before. */
function timeIn(value: unknown, name: string): number {
  const time = Date.parse(textField(value, name, ''))
  return Number.isNaN(time) ? 0 : Math.max(time, 0)
}
