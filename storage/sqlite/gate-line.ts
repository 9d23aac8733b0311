import { type Lane, never } from './lane.ts'
import { Ring } from './ring.ts'

/** What of one worker is in line: groups in turns, and those that were called. */
interface Part {
  readonly ring: Ring
  readonly calls: Set<number>
}

/**
 * Lanes that found the gate of their workgroup without room, groups in the order they came. When there is room groups are called:
 * the first lane of each goes back into its worker's queue, with the turn it had in line. A call is good for whichever lane of the
 * group is met first, and ends then. The line is kept by worker, so that those whose worker has no slot are passed over in one step.
 */
export class GateLine {
  readonly workgroup: string
  /** When the clock looks at it again; infinity: when somebody says so. */
  wakeAt = never
  #waiting = 0
  #called = 0
  readonly #parts = new Map<string, Part>()
  readonly #callsOf: Map<string, number>

  /** `callsOf`: calls by worker, over the lines of all gates. */
  constructor(workgroup: string, callsOf: Map<string, number>) {
    this.workgroup = workgroup
    this.#callsOf = callsOf
  }

  /** Lanes in line. */
  get waiting(): number {
    return this.#waiting
  }

  /** Groups that were called and have not been met yet. */
  get called(): number {
    return this.#called
  }

  /** Workers that wait in it or did. */
  workers(): Iterable<string> {
    return this.#parts.keys()
  }

  isWaitedInBy(worker: string): boolean {
    return this.#parts.get(worker)?.ring.first() !== undefined
  }

  join(lane: Lane, turn: number): void {
    this.#waiting++
    this.#partOf(lane.worker).ring.push(lane, turn)
  }

  /** A lane in line has an earlier task now. */
  reseat(lane: Lane, turn: number): void {
    this.#partOf(lane.worker).ring.push(lane, turn)
  }

  /** Whether the lane's group was called. The call is over. */
  answer({ worker, groupSeq }: Lane): boolean {
    const wasCalled = this.#parts.get(worker)?.calls.delete(groupSeq) ?? false
    if (wasCalled) this.#countCall(worker, -1)
    return wasCalled
  }

  /** A lane that is gone. */
  leave(lane: Lane): void {
    if (lane.state === 'waiting') this.#waiting--
    this.answer(lane)
  }

  /**
   * Calls groups, those that came first before the others, as far as the room of the gate and the slots of their workers go; answers
   * how many. What was called before and has a slot still counts.
   */
  call(room: number, steps: CallSteps): number {
    const open: OpenPart[] = []
    let left = room
    for (const [worker, part] of this.#parts) {
      if (part.ring.size === 0 && part.calls.size === 0) {
        this.#parts.delete(worker)
        continue
      }
      const slots = steps.slotsOf(worker)
      if (slots > 0) left -= part.calls.size
      const calls = this.#callsOf.get(worker) ?? 0
      if (slots > calls) open.push({ part, slots: slots - calls })
    }
    let called = 0
    for (; called < left; called++) {
      const next = earliest(open)
      if (!next) break
      next.slots--
      this.#callFrom(next.part, steps)
    }
    return called
  }

  #callFrom({ ring, calls }: Part, { nextTurn, place }: CallSteps): void {
    const turn = ring.first()?.turn
    // What else the group has in line comes after all that wait now.
    const lane = ring.next(nextTurn())?.take()
    if (turn === undefined || !lane) return
    this.#waiting--
    if (!place(lane, turn)) return
    if (!calls.has(lane.groupSeq)) this.#countCall(lane.worker, 1)
    calls.add(lane.groupSeq)
  }

  #countCall(worker: string, step: 1 | -1): void {
    this.#called += step
    const calls = (this.#callsOf.get(worker) ?? 0) + step
    if (calls === 0) this.#callsOf.delete(worker)
    else this.#callsOf.set(worker, calls)
  }

  #partOf(worker: string): Part {
    const known = this.#parts.get(worker)
    if (known) return known
    const part = { ring: new Ring('waiting'), calls: new Set<number>() }
    this.#parts.set(worker, part)
    return part
  }
}

/** What a call asks of the lanes and of the claim. */
export interface CallSteps {
  /** How many of a worker may start now. */
  readonly slotsOf: (worker: string) => number
  /** Puts a lane back where its head belongs, and says whether something of it is due. */
  readonly place: (lane: Lane, turn: number) => boolean
  readonly nextTurn: () => number
}

interface OpenPart {
  readonly part: Part
  slots: number
}

/** The part whose first group came first, of those that have a slot. */
function earliest(parts: readonly OpenPart[]): OpenPart | undefined {
  let best: OpenPart | undefined
  let least = never
  for (const each of parts) {
    const turn = each.slots > 0 ? (each.part.ring.first()?.turn ?? never) : never
    if (turn < least) {
      least = turn
      best = each
    }
  }
  return best
}
