import type { QueryKey } from '@tanstack/react-query'
import { topicsOf } from '../lib/live-topics.ts'
import { serverNow } from './server-clock.ts'

/**
 * How this page hears what changes. `live`: by the websocket, or it may be so again within 3 s. `polling`: there is no websocket, but
 * the server answers. `lost`: it does not.
 */
export type LiveMode = 'live' | 'polling' | 'lost'

/** How often what is on the screen is asked for again where nobody tells what changes. A hidden tab asks for nothing. */
const REFRESH_MS = 3000
const POLL_MS = 5000
/** Time alone changes things too: a task comes due, a figure of the last minutes fades. */
const SLOW_MS = 30_000
const slowOf: Readonly<Record<string, number>> = {
  why: 5000,
  attempts: 10_000,
  worker: 10_000,
  workers: 10_000,
}

/** A connection that is back within this was not worth a word. */
const PATIENCE_MS = 3000

interface State {
  readonly isOn: boolean
  readonly mode: LiveMode
  /** When the server was heard last, by its clock. */
  readonly heardAt: number
}

let state: State = { isOn: true, mode: 'live', heardAt: 0 }
const listeners = new Set<() => void>()

function change(next: Partial<State>): void {
  const before = state
  state = { ...state, ...next }
  if (before.isOn === state.isOn && before.mode === state.mode) return
  for (const listener of listeners) listener()
}

/** Whether pages follow the server, and how; a person may stop that to read. */
export const live = {
  get: (): State => state,
  isOn: (): boolean => state.isOn,
  toggle: (): void => change({ isOn: !state.isOn }),
  subscribe(listener: () => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
}

let downTimer: ReturnType<typeof setTimeout> | undefined
/** Whether there was no websocket for so long that others must tell. */
let isDown = false

/** What the websocket and the requests notice; `mode` follows from it. */
export const notice = {
  linkUp(): void {
    clearTimeout(downTimer)
    isDown = false
    change({ mode: 'live', heardAt: serverNow() })
  },
  /** `whenDown` runs unless it is up again soon. */
  linkDown(whenDown: () => void): void {
    clearTimeout(downTimer)
    downTimer = setTimeout(() => {
      isDown = true
      whenDown()
      // A server that hangs refuses nothing either.
      downTimer = setTimeout(() => change(state.mode === 'live' ? { mode: 'lost' } : {}), PATIENCE_MS)
    }, PATIENCE_MS)
  },
  heard: (): void => change({ heardAt: serverNow(), ...(isDown && { mode: 'polling' }) }),
  noAnswer: (): void => change(isDown ? { mode: 'lost' } : {}),
  stop: (): void => clearTimeout(downTimer),
}

/** For every query of what changes. The websocket tells of most; what it does not is asked for. */
export function refetchInterval(query?: { readonly queryKey: QueryKey }): number | false {
  if (!state.isOn) return false
  if (state.mode !== 'live') return POLL_MS
  const key = query?.queryKey ?? []
  return topicsOf(key).length > 0 ? (slowOf[String(key[0])] ?? SLOW_MS) : REFRESH_MS
}

/** For what changes slowly, and no event tells of. */
export const slowInterval = (): number | false => (refetchInterval() === false ? false : SLOW_MS)
