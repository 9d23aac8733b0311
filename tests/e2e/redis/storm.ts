import type { Trouble } from '../../../server/selftest/fleet-checks.ts'
import type { History } from '../../../server/selftest/history.ts'
import { Load } from '../kill/load.ts'
import { answerAsTold, Plan } from '../kill/plan.ts'
import { everythingFinished, readEverything } from '../kill/read-back.ts'
import { makeRandom, type Random } from '../support/random.ts'
import type { Delivery } from '../support/recording-worker.ts'
import { eventually } from '../support/waiting.ts'
import { makeGroup } from '../support/world.ts'
import { type Fleet, type FleetOptions, type Instance, startFleet } from './fleet.ts'

/** Load on a fleet while a test does what it likes to it. */
export interface Storm {
  readonly fleet: Fleet
  readonly random: Random
  readonly load: Load
  /** In this group are the tasks of the load, but for those that come with a group of their own. */
  readonly groupId: string
  /** Clients go to the others from now on, and the server's attempts may be lost. */
  trouble(instance: Instance): void
  /** Something happens to Redis, or to the way to it. */
  troubleOfRedis(): void
  /** Clients come again. */
  recovered(instance: Instance): void
  /** Resolves when this many more POSTs have been answered. */
  progress(answers: number): Promise<void>
}

/** What is left when all is calm, everything is finished, and the store was scanned. */
export interface Aftermath {
  readonly history: History & { readonly deliveries: readonly Delivery[] }
  readonly troubles: readonly Trouble[]
  readonly faults: readonly string[]
  /** What the servers logged as errors. */
  readonly errors: readonly string[]
}

/** Requests each so many ms: about 170 tasks a second. */
const EVERY_MS = 15
/** Answers before and after the storm: it must hit work, and work must go on. */
const CALM = 100

export interface StormOptions extends Omit<FleetOptions, 'respond'> {
  /** Requests each so many ms; one is 2.6 tasks on average. */
  readonly everyMs?: number
}

export async function storm(
  name: string,
  { everyMs = EVERY_MS, ...options }: StormOptions,
  brew: (storm: Storm) => Promise<void>,
): Promise<Aftermath> {
  const random = makeRandom(name)
  const fleet = await startFleet({ ...options, respond: answerAsTold })
  const down = new Set<string>()
  const troubles: Trouble[] = []
  const [{ api }] = fleet.instances as [Instance, ...Instance[]]
  const { id: groupId } = await makeGroup(api)
  const clients = fleet.anyApi(({ name: instance }) => !down.has(instance))
  const load = new Load({ api: clients, plan: new Plan(random, groupId), everyMs })
  const progress = async (answers: number): Promise<void> => {
    const wanted = answersIn(fleet.worker.deliveries) + answers
    await eventually('work goes on', () => answersIn(fleet.worker.deliveries) >= wanted)
  }
  await progress(CALM)
  const noteTrouble = (instance: string): void => void troubles.push({ instance, at: performance.now() })
  await brew({
    ...{ fleet, random, load, groupId, progress },
    trouble: ({ name: instance }) => {
      noteTrouble(instance)
      down.add(instance)
    },
    troubleOfRedis: () => noteTrouble('redis'),
    recovered: (instance) => void down.delete(instance.name),
  })
  await progress(CALM)
  await load.stop()
  const last = fleet.instances.findLast((instance) => !down.has(instance.name)) as Instance
  await everythingFinished(last.api)
  const { tasks, attempts } = await readEverything(last.api)
  const history = { creations: load.creations, lives: [], deliveries: fleet.worker.deliveries, tasks, attempts }
  return { history, troubles, faults: await fleet.audit(), errors: errorsOf(fleet) }
}

const answersIn = (deliveries: readonly Delivery[]): number =>
  deliveries.reduce((sum, { answeredAt }) => sum + (answeredAt === null ? 0 : 1), 0)

const errorsOf = ({ instances }: Fleet): string[] =>
  instances.flatMap(({ name, stdout }) =>
    stdout()
      .split('\n')
      .filter((line) => line.includes('"level":"error"'))
      .map((line) => `${name}: ${line}`),
  )
