import { setImmediate as othersTurn } from 'node:timers/promises'
import type { Steps } from '../core/steps.ts'

/** A tenth of what I15 allows: the steps of a busy machine are longer, and others take turns as well. */
const TURN_MS = 10

/** Runs long work, and lets others have their turn whenever it took 10 ms (I15). */
export async function inTurns<Result>(steps: Steps<Result>): Promise<Result> {
  for (let from = performance.now(); ; ) {
    const { done, value } = steps.next()
    if (done) return value
    if (performance.now() - from < TURN_MS) continue
    await othersTurn()
    from = performance.now()
  }
}
