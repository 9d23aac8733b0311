import type { ChangeSet } from './change-set.ts'
import { delayChildren, holdEvents, holdForDelay } from './holds.ts'
import { OUTSIDE, type Task } from './task.ts'
import type { Signs } from './traffic.ts'
import type { Delays } from './worker-response.ts'

/**
 * Attempts that run outside Crew's servers: the worker answered 202 and finishes through its callback (WIRE 5.3), or fetched the task
 * itself (WIRE section 2). Their leases are handed over to a holder of these names.
 */
const CALLBACK = `${OUTSIDE}callback `
const POLL = `${OUTSIDE}poll `

/** `fingerprint`: of the credential that ends the attempt. It stays in the attempt's record and tells a repeated answer from a late one. */
export const callbackHolder = (fingerprint: string): string => `${CALLBACK}${fingerprint}`
/** `leaseMs`: what the worker asked for, and gets again with each heartbeat. */
export const pollHolder = ({ workerId, leaseMs }: Poller): string => `${POLL}${leaseMs} ${workerId}`

/** A worker that fetched a task. */
export interface Poller {
  readonly workerId: string
  readonly leaseMs: number
}

/** Null: it is no polling worker. */
export function pollerOf(holder: string): Poller | null {
  const [, leaseMs, workerId] = holder.startsWith(POLL) ? (/^(\d+) (.*)$/s.exec(holder.slice(POLL.length)) ?? []) : []
  return workerId === undefined ? null : { workerId, leaseMs: Number(leaseMs) }
}

/** Who runs an attempt, by the holder of its lease. */
export type Runner = { readonly kind: 'server' | 'callback' } | { readonly kind: 'poll'; readonly workerId: string }

export function runnerOf(holder: string): Runner {
  if (holder.startsWith(CALLBACK)) return { kind: 'callback' }
  const poller = pollerOf(holder)
  return poller ? { kind: 'poll', workerId: poller.workerId } : { kind: 'server' }
}

/** Why an attempt is over whose lease ended, by who held it. */
export function lossOf(holder: string): 'lost' | 'abandoned' | 'silent' {
  switch (runnerOf(holder).kind) {
    case 'callback':
      return 'silent'
    case 'poll':
      return 'abandoned'
    case 'server':
      return 'lost'
  }
}

/** A 202 leaves the task running; only what it says about time and about its gates is written. */
export function decideAcceptance(
  task: Task,
  token: string,
  { delays, signs, now }: { readonly delays: Delays; readonly signs: Signs; readonly now: number },
): ChangeSet {
  const changes = [...signs.changes, ...delayChildren(task, delays, now), ...holdForDelay(task, delays, now)]
  return {
    guards: [{ kind: 'lease', taskId: task.id, token, version: task.version }],
    changes,
    events: holdEvents(changes),
  }
}
