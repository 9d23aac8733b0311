import type { ChaosSite } from './chaos-site.ts'
import type { WorkerMood } from './flaky-worker.ts'
import type { Trouble } from './fleet-checks.ts'
import { pauseAgainAndAgain } from './pauses.ts'
import type { Random } from './random.ts'
import type { ServerProcess } from './server-process.ts'
import type { Trial } from './trial.ts'

export interface FaultContext<Site extends ChaosSite = ChaosSite> {
  readonly site: Site
  readonly trial: Trial
  readonly random: Random
  /** Ends with the time of the fault. */
  readonly signal: AbortSignal
}

/** Something bad. It lasts until what `begin` answers was done. */
export interface Fault<Site extends ChaosSite = ChaosSite> {
  readonly kind: string
  readonly isOfServers?: true
  /** Ends servers, so that what they take in memory cannot be followed. */
  readonly isDeadly?: true
  begin(context: FaultContext<Site>): Promise<() => Promise<void>>
}

/** What may be done to any servers, to workers, and by people. */
export const FAULTS: readonly Fault[] = [
  { kind: 'kill a server', isOfServers: true, isDeadly: true, begin: (context) => endServer(context, 'kill9') },
  { kind: 'kill it as it starts', isOfServers: true, isDeadly: true, begin: killStarting },
  { kind: 'stop a server', isOfServers: true, isDeadly: true, begin: (context) => endServer(context, 'term') },
  { kind: 'freeze a server', isOfServers: true, begin: freezeServer },
  { kind: 'worker away', begin: workerAway },
  { kind: 'worker broken', begin: mood({ kind: 'broken', share: 0.7 }) },
  { kind: 'worker silent', begin: mood({ kind: 'silent', share: 0.3 }) },
  { kind: 'worker resets', begin: mood({ kind: 'reset', share: 0.5 }) },
  { kind: 'worker garbles', begin: mood({ kind: 'garbage', share: 0.5 }) },
  { kind: 'worker limits', begin: mood({ kind: 'limiting', share: 0.3 }) },
  { kind: 'pause and resume', begin: async (context) => pauseAgainAndAgain(context) },
]

/** Of several, the first is never ended: what it takes in memory is followed from the start to the end. */
function victimOf({ site: { servers }, random }: FaultContext): ServerProcess {
  const [first, ...others] = servers
  const victim = others.length > 0 ? others[random.between(0, others.length - 1)] : first
  if (!victim) throw new Error('there is no server')
  return victim
}

/** Of a moment. */
export function troubleNow(instance: string): Trouble {
  const at = performance.now()
  return { instance, at, until: at }
}

async function endServer(context: FaultContext, how: 'kill9' | 'term'): Promise<() => Promise<void>> {
  const victim = victimOf(context)
  context.site.troubles.push(troubleNow(victim.name))
  await victim[how]()
  return () => victim.start()
}

/** From the first instruction to when it listens. */
const STARTING_MS = 600

async function killStarting(context: FaultContext): Promise<() => Promise<void>> {
  const { site, random } = context
  const victim = victimOf(context)
  site.troubles.push(troubleNow(victim.name))
  await victim.kill9()
  // It ends before it says where it listens, which is what is meant; or just after.
  const started = victim.start().catch(() => {})
  await new Promise((done) => setTimeout(done, random.between(0, STARTING_MS)))
  site.troubles.push(troubleNow(victim.name))
  await victim.kill9()
  await started
  return () => victim.start()
}

async function freezeServer({ site: { servers, troubles }, random }: FaultContext): Promise<() => Promise<void>> {
  const victim = servers[random.between(0, servers.length - 1)]
  if (!victim) throw new Error('there is no server')
  const trouble = lastingTrouble(victim.name)
  troubles.push(trouble)
  victim.freeze()
  return async () => {
    victim.thaw()
    trouble.until = performance.now()
  }
}

/** From now on; who made it says until when. */
export const lastingTrouble = (instance: string) => ({
  instance,
  at: performance.now(),
  until: Number.POSITIVE_INFINITY,
})

async function workerAway({ site: { worker } }: FaultContext): Promise<() => Promise<void>> {
  await worker.away()
  return () => worker.back()
}

function mood(bad: WorkerMood): Fault['begin'] {
  return async ({ site: { worker } }) => {
    worker.mood = bad
    return async () => {
      worker.mood = { kind: 'healthy' }
    }
  }
}
