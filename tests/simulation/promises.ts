import type { Task } from '../../server/core/task.ts'

/** What a pause is on: `group g1`, `task g1.2`, `workgroup shared`, `worker w0`. */
export type Target = `${'group' | 'task' | 'workgroup' | 'worker'} ${string}`

interface Pause {
  /** Epoch ms; 0: nothing was acknowledged, or somebody asked for its end since. */
  standsUntil: number
  /** Ends that were asked for and may still come: nobody knows when, of one whose answer was lost. */
  ending: number
}

/**
 * What was promised to clients: a pause that was acknowledged stands until somebody asks for its end (I6). Where a pause and its end were
 * under way together, nothing is known and nothing is promised.
 */
export class Promises {
  #pauses = new Map<Target, Pause>()
  /** Of pauses that are under way. */
  readonly #enders = new Set<{ readonly target: Target; readonly end: () => void }>()

  /** Answers what to call when it is acknowledged. `within`: what ends it as well. */
  pausing(target: Target, until: number, within: Target = target): () => void {
    const [pause, outer] = [this.#of(target), this.#of(within)]
    let isCertain = pause.ending + outer.ending === 0
    const end = (): void => {
      isCertain = false
    }
    this.#enders.add({ target, end }).add({ target: within, end })
    return () => {
      if (isCertain) pause.standsUntil = Math.max(pause.standsUntil, until)
    }
  }

  /** Somebody asks for its end. Answers what to call when that is certain to be over, one way or the other. */
  ending(target: Target): () => void {
    const pause = this.#of(target)
    pause.standsUntil = 0
    pause.ending++
    for (const one of this.#enders) {
      if (one.target !== target) continue
      one.end()
      this.#enders.delete(one)
    }
    return () => {
      pause.ending--
    }
  }

  /** What stands against the start of this task; null when nothing does. */
  brokenBy({ id, groupId, worker, workgroup }: Task, now: number): string | null {
    const targets: Target[] = [`group ${groupId}`, `task ${id}`, `workgroup ${workgroup}`, `worker ${worker}`]
    const broken = targets.find((target) => (this.#pauses.get(target)?.standsUntil ?? 0) > now)
    return broken ? `a pause of ${broken}` : null
  }

  /** The store lost writes: what was acknowledged before may be gone. */
  forget(): void {
    this.#pauses = new Map()
    for (const one of this.#enders) one.end()
    this.#enders.clear()
  }

  #of(target: Target): Pause {
    const pause = this.#pauses.get(target) ?? { standsUntil: 0, ending: 0 }
    this.#pauses.set(target, pause)
    return pause
  }
}
