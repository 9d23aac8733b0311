/**
 * Long work in small steps: it yields after each, so that whoever runs it can let others have their turn in between (I15). A step is a
 * task or a few of them, far below a millisecond.
 */
export type Steps<Result> = Generator<void, Result>

/** Runs all of it at once: for what is known to be short. */
export function allSteps<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}
