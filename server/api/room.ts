/** A share of a room, from when it is free until it is left. */
export interface Place {
  /** Resolves when there is room; never when it was left before. */
  readonly entered: Promise<void>
  /** Gives it back, or stops waiting. May be called again. */
  leave(): void
}

interface Waiter {
  readonly size: number
  readonly enter: () => void
}

/** So much at once; who comes later waits, in turn: what is small does not overtake what is large, which would wait for ever. */
export class Room {
  readonly #size: number
  #free: number
  readonly #waiting = new Set<Waiter>()

  constructor(size: number) {
    this.#size = size
    this.#free = size
  }

  /** What is larger than the room takes all of it. */
  enter(wanted: number): Place {
    const size = Math.min(wanted, this.#size)
    let state: 'waiting' | 'in' | 'left' = 'waiting'
    let waiter: Waiter | undefined
    const entered = new Promise<void>((resolve) => {
      const enter = (): void => {
        state = 'in'
        resolve()
      }
      waiter = { size, enter }
      this.#waiting.add(waiter)
    })
    const leave = (): void => {
      if (state === 'left') return
      if (state === 'in') this.#free += size
      else if (waiter) this.#waiting.delete(waiter)
      state = 'left'
      this.#admit()
    }
    this.#admit()
    return { entered, leave }
  }

  #admit(): void {
    for (const waiter of this.#waiting) {
      if (waiter.size > this.#free) return
      this.#waiting.delete(waiter)
      this.#free -= waiter.size
      waiter.enter()
    }
  }
}
