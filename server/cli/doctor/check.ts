/** `warn`: it works, and may not for long, or could not be looked at. */
export type CheckStatus = 'ok' | 'warn' | 'fail'

/** What a look at one thing found; the message says what to do where it is not well. Holds no secret. */
export interface Finding {
  readonly name: string
  readonly status: CheckStatus
  readonly message: string
}

type Told = Omit<Finding, 'name'>

export const ok = (message: string): Told => ({ status: 'ok', message })
export const warn = (message: string): Told => ({ status: 'warn', message })
export const fail = (message: string): Told => ({ status: 'fail', message })

/** A look at one thing, which may find several. */
export interface Check {
  readonly name: string
  run(signal: AbortSignal): Promise<Told | readonly Told[]>
}

/** Whoever waits for the doctor is not told more by waiting longer. */
export const CHECK_LIMIT_MS = 3000

/** Runs them together, each for three seconds at most; what they found comes in their order. */
export async function runChecks(checks: readonly Check[], limitMs = CHECK_LIMIT_MS): Promise<readonly Finding[]> {
  const found = await Promise.all(checks.map((check) => runCheck(check, limitMs)))
  return found.flat()
}

async function runCheck({ name, run }: Check, limitMs: number): Promise<readonly Finding[]> {
  const { promise: late, resolve } = Promise.withResolvers<Told>()
  const stop = new AbortController()
  const timer = setTimeout(() => {
    stop.abort()
    resolve(fail(`no answer in ${limitMs / 1000} s: it is away or overloaded; look at it by itself`))
  }, limitMs)
  const told = await Promise.race([run(stop.signal).catch(asFailure), late])
  clearTimeout(timer)
  return [told].flat().map((each) => ({ name, ...each }))
}

const asFailure = (error: unknown): Told => fail(error instanceof Error ? error.message : String(error))
