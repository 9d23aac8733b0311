/**
 * Runs of a function after which the runtime compiles it for speed; its own 1000 to 4000 suit pages that come and go. A server with
 * little work would go slowly for its first thousands of tasks: measured in bench/README.md, W2.
 */
const RUNS = '100'

/** As Bun hands them to JavaScriptCore, which reads them once, when the process starts. */
const OPTIONS = ['AfterWarmUp', 'AfterLongWarmUp', 'Soon'].map((when) => `BUN_JSC_thresholdForOptimize${when}`)

type Environment = Readonly<Record<string, string | undefined>>

/** The environment with the runtime's options that Crew wants; null when it says something of each already. What it says stays. */
export function withRuntimeOptions(env: Environment): Record<string, string | undefined> | null {
  const missing = OPTIONS.filter((name) => env[name] === undefined)
  return missing.length === 0 ? null : { ...env, ...Object.fromEntries(missing.map((name) => [name, RUNS])) }
}
