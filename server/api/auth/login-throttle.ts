import type { Clock } from '../../core/clock.ts'
import { RetryLaterError } from '../retry-later-error.ts'

const WINDOW_MS = 60_000
/** Failures a minute for one user from one address, and from one address over all users (PROOF S5). */
const MAX_PER_USER = 5
const MAX_PER_ADDRESS = 20
/** Addresses remembered: a flood from more of them pushes out the oldest instead of filling the memory. */
const MAX_ENTRIES = 10_000

/** One try to log in. */
export interface LoginTry {
  /** It was the right password: the tries before it no longer count. */
  succeed(): void
}

/** Slows down guessing. A try counts from its beginning, so that a hundred at once are not all let through. */
export interface LoginThrottle {
  /** Throws `too_many_requests` when there were too many, whatever the password. */
  begin(username: string, address: string): LoginTry
}

type Window = { startedAt: number; count: number }

export function createLoginThrottle({ clock }: { readonly clock: Clock }): LoginThrottle {
  const windows = new Map<string, Window>()

  function count(key: string, limit: number): void {
    const now = clock.now()
    const window = windows.get(key)
    if (window === undefined || now - window.startedAt >= WINDOW_MS) open(key, now)
    else if (window.count >= limit) throw tooMany(window.startedAt + WINDOW_MS - now)
    else window.count++
  }

  function open(key: string, now: number): void {
    windows.delete(key)
    windows.set(key, { startedAt: now, count: 1 })
    if (windows.size > MAX_ENTRIES) for (const oldest of windows.keys()) return void windows.delete(oldest)
  }

  return {
    begin(username, address) {
      const user = JSON.stringify([username, address])
      count(address, MAX_PER_ADDRESS)
      count(user, MAX_PER_USER)
      return { succeed: () => void windows.delete(user) }
    },
  }
}

function tooMany(waitMs: number): RetryLaterError {
  const seconds = Math.ceil(waitMs / 1000)
  return new RetryLaterError('too_many_requests', `Too many tries to log in: wait ${seconds} s.`, seconds)
}
