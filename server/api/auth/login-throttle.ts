import { placeOf } from '../../core/client-address.ts'
import type { Clock } from '../../core/clock.ts'
import { RetryLaterError } from '../retry-later-error.ts'

const WINDOW_MS = 60_000
/** Who goes on guessing waits twice as long each time, up to this (PROOF S5); who leaves it for so long begins anew. */
const MAX_WINDOW_MS = 15 * 60_000
/** Failures a window for one user from one place, and from one place over all users. */
const MAX_PER_USER = 5
const MAX_PER_PLACE = 20
/** Places remembered: a flood from more of them pushes out the oldest instead of filling the memory. */
const MAX_ENTRIES = 10_000

/** One try to log in. */
export interface LoginTry {
  /** It was the right password: it counts for nothing, nor do the tries of this user before it. */
  succeed(): void
}

/**
 * Slows down guessing. A try counts from its beginning, so that a hundred at once are not all let through. Each server counts for
 * itself: in the store, strangers would make it write.
 */
export interface LoginThrottle {
  /** Throws `too_many_requests` when there were too many, whatever the password. */
  begin(username: string, address: string): LoginTry
}

interface Window {
  readonly startedAt: number
  readonly lengthMs: number
  count: number
}

export function createLoginThrottle({ clock }: { readonly clock: Clock }): LoginThrottle {
  const windows = new Map<string, Window>()

  /** Throws when it is used up. */
  function windowOf(key: string, limit: number): Window {
    const now = clock.now()
    const window = windows.get(key)
    if (window === undefined || !isWithin(window, now)) return open(key, now, nextLength(window, limit, now))
    if (window.count >= limit) throw tooMany(window.startedAt + window.lengthMs - now)
    return window
  }

  function open(key: string, startedAt: number, lengthMs: number): Window {
    const window = { startedAt, lengthMs, count: 0 }
    windows.delete(key)
    windows.set(key, window)
    const [oldest] = windows.size > MAX_ENTRIES ? windows.keys() : []
    if (oldest !== undefined) windows.delete(oldest)
    return window
  }

  return {
    begin(username, address) {
      const place = placeOf(address)
      const user = JSON.stringify([username, place])
      const used = [windowOf(place, MAX_PER_PLACE), windowOf(user, MAX_PER_USER)] as const
      for (const window of used) window.count++
      return {
        succeed: () => {
          used[0].count--
          windows.delete(user)
        },
      }
    },
  }
}

/** Also when the clock was put back: nobody waits longer than the window is long. */
const isWithin = ({ startedAt, lengthMs }: Window, now: number): boolean => Math.abs(now - startedAt) < lengthMs

/** How long the next window is: twice as long as one that was used up a short while ago. */
function nextLength(before: Window | undefined, limit: number, now: number): number {
  if (before === undefined || before.count < limit) return WINDOW_MS
  const isLongAgo = Math.abs(now - before.startedAt) >= before.lengthMs + MAX_WINDOW_MS
  return isLongAgo ? WINDOW_MS : Math.min(2 * before.lengthMs, MAX_WINDOW_MS)
}

function tooMany(waitMs: number): RetryLaterError {
  const seconds = Math.ceil(waitMs / 1000)
  return new RetryLaterError('too_many_requests', `Too many tries to log in: wait ${seconds} s.`, seconds)
}
