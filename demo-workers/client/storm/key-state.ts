import { seconds } from '../durations.ts'
import type { GateFigures, KeyView } from './key-view.ts'

/** Why the calls of a key come as fast as they come, in a few words. */
export function keyState({ worker, workgroup, breaker }: KeyView, now: number): string {
  if (breaker.isOpen) return breakerState(Math.max(breaker.nextProbeAt, worker.heldUntil), now)
  const until = Math.max(worker.heldUntil, workgroup.heldUntil)
  if (until > now) return `held for ${seconds(until - now)}${sourceOf(worker, workgroup, now)}`
  if (worker.running + worker.waiting === 0) return 'nothing to do'
  const window = lesser(worker.window, workgroup.window)
  const pace = lesser(worker.pacePerSecond, workgroup.pacePerSecond)
  // What lets fewer through is what is felt; a step of a ramp takes a second unless somebody set another.
  if (window !== null && window <= (pace ?? window)) return `opening: ${window} a second`
  return pace === null ? 'running' : `paced at ${pace.toFixed(pace < 9.95 ? 1 : 0)}/s`
}

function breakerState(probeAt: number, now: number): string {
  return probeAt > now ? `breaker open, next probe in ${seconds(probeAt - now)}` : 'breaker open, one probe at a time'
}

function sourceOf(worker: GateFigures, workgroup: GateFigures, now: number): string {
  const { source } = workgroup.heldUntil > now ? workgroup : worker
  return source === '' ? '' : ` (${source})`
}

function lesser(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other
  return Math.min(one, other)
}

/** The same state in two moments, whatever its figures say: what a change of state is told by. */
export const stateKind = (state: string): string => state.replace(/[\d.]+ ?(s|ms|\/s|a second)?/g, '#')
