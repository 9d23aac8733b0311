import type { FastifyRequest } from 'fastify'
import { placeOf } from '../core/client-address.ts'
import type { Clock } from '../core/clock.ts'
import { costOf, type RequestRate, takeRequests } from '../core/request-rate.ts'
import type { Identity } from '../core/roles.ts'
import { isObject } from '../core/task-input.ts'
import type { ApiInstance } from './api-deps.ts'
import { RetryLaterError } from './retry-later-error.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Called by workers that fetch tasks, as often as there are tasks: no limit of requests holds for it. */
    isUnlimited?: boolean
  }
}

/** Of routes that are so. */
export const unlimited = { isUnlimited: true } as const

/** Callers remembered: who was forgotten begins with a full burst. */
const MAX_CALLERS = 10_000
/** WIRE section 2: `pageSize=0` is all, up to so many. */
const ALL_ROWS = 10_000

/**
 * Refuses with 429 who asks more often than `rate` (PROOF S29): each token, and each user over all of his sessions. Each server counts
 * for itself, as a count in the store would be a write for each request. What needs no login is not counted: it has no caller.
 */
export function registerRateLimit(app: ApiInstance, { rate, clock }: { rate: RequestRate; clock: Clock }): void {
  const clocks = new Map<string, number>()

  function take(request: FastifyRequest, cost: number): void {
    const { identity } = request
    if (cost === 0 || identity === null || request.routeOptions.config.isUnlimited === true) return
    const caller = callerOf(identity, request.ip)
    const now = clock.now()
    const taken = takeRequests(rate, clocks.get(caller) ?? 0, { cost, now })
    if (!taken.isTaken) throw tooMany(rate, taken.roomAt - now)
    clocks.delete(caller)
    clocks.set(caller, taken.clock)
    if (clocks.size > MAX_CALLERS) for (const oldest of clocks.keys()) return void clocks.delete(oldest)
  }

  app.addHook('onRequest', (request, _reply, done) => {
    take(request, 1 + costOf(rowsOf(request.query)))
    done()
  })
  // A body is read only of who may ask at all; what is in it costs besides.
  app.addHook('preValidation', (request, _reply, done) => {
    take(request, costOf(tasksOf(request.body)))
    done()
  })
}

/** Where login is off nobody can be told from anybody but by where he is. */
function callerOf({ kind, name, tokenId }: Identity, ip: string): string {
  return kind === 'off' ? `off/${placeOf(ip)}` : `${kind}/${tokenId ?? name}`
}

function tasksOf(body: unknown): number {
  return isObject(body) && Array.isArray(body.tasks) ? body.tasks.length : 0
}

/** 0 however it is written. */
const ZERO = /^-?0+$/

/** What is no number is refused further on, for itself. */
function rowsOf(query: unknown): number {
  const { pageSize } = query as { readonly pageSize?: unknown }
  if (ZERO.test(String(pageSize))) return ALL_ROWS
  return Math.min(ALL_ROWS, Number(pageSize) || 0)
}

function tooMany({ perSecond, burst }: RequestRate, waitMs: number): RetryLaterError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000))
  const allowed = `${perSecond} requests a second, ${burst} at once (CREW_API_RATE_LIMIT, CREW_API_RATE_BURST)`
  return new RetryLaterError('too_many_requests', `More than ${allowed}: wait ${seconds} s.`, seconds)
}
