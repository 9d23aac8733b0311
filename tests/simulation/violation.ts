/** A promise (DESIGN section 4) that a run did not keep. */
export class Violation extends Error {
  override readonly name = 'Violation'
  readonly promise: string

  constructor(promise: string, what: string) {
    super(`${promise}: ${what}`)
    this.promise = promise
  }
}

let checks = 0

/** How often anything was held against a promise in this process. */
export const checksMade = (): number => checks

/** Throws unless it is as promised. */
export function keeps(promise: string, isKept: boolean, what: () => string): void {
  checks++
  if (!isKept) throw new Violation(promise, what())
}
