import type { World } from '../../contract/worker.ts'
import { type ClientOptions, type CrewClient, connect } from '../crew-client.ts'
import { EXIT } from '../exit.ts'
import { readTasks } from '../snapshot.ts'
import { attemptUse } from './attempt-use.ts'
import { type Board, createBoard } from './board.ts'
import { keyFigures } from './storm-figures.ts'
import type { StormMoment } from './storm-moment.ts'
import { makeRun, type StormOptions, type StormRun, workgroupOf } from './storm-options.ts'
import { judge, type StormOutcome } from './storm-outcome.ts'
import { callOff, setUp, tidyUp } from './storm-setup.ts'
import { stormSummary } from './storm-summary.ts'
import { watchStorm } from './watch-storm.ts'

/** What a storm takes from outside. */
export interface StormContext extends ClientOptions, Pick<World, 'sleep' | 'now'> {
  readonly out: (line: string) => void
  readonly isTty: boolean
}

/** Runs a storm and shows how it goes; answers the exit code: a broken promise is a failure, but not of the control. */
export async function runStorm(options: StormOptions, context: StormContext): Promise<number> {
  const client = await connect(context)
  const run = makeRun(options, crypto.randomUUID().slice(0, 8))
  try {
    await setUp(client, run)
    const outcome = await watch(client, run, context)
    await tidyUp(client, run)
    for (const line of options.isJson ? [outcomeJson(run, outcome)] : stormSummary(outcome)) context.out(line)
    return options.isControl || judge(outcome).every(({ isKept }) => isKept) ? EXIT.succeeded : EXIT.failed
  } catch (error) {
    await leave(run, context)
    if (!context.signal?.aborted) throw error
    context.out('Stopped: the storm was called off and its task group deleted.')
    return EXIT.interrupted
  }
}

/** As best it can: the server may be what failed. Without the signal, which may be why it ended. */
async function leave(run: StormRun, context: StormContext): Promise<void> {
  const client = await connect({ ...context, signal: undefined }).catch(() => undefined)
  if (client) await callOff(client, run)
}

async function watch(client: CrewClient, run: StormRun, context: StormContext): Promise<StormOutcome> {
  const board = run.options.isJson ? NO_BOARD : createBoard(context)
  board.line(titleOf(run, client.url))
  const last = await watchStorm({ client, run, board, ...context })
  const tasks = await readTasks(client, run.groupId)
  return outcomeOf(run, last, tasks)
}

const NO_BOARD: Board = { line: () => {}, note: () => {}, show: () => {}, settle: () => {} }

function titleOf({ options, plan, groupId }: StormRun, url: string): string {
  const { tasks, quota, outageSeconds, isControl } = options
  const what = isControl ? 'Control: the storm without ramps, breakers and headers to pace by' : 'A storm'
  const struck = plan.keys.filter((key) => key.hasOutage).map((key) => key.name)
  const outage = struck.length === 0 ? 'no outage' : `an outage of ${outageSeconds} s strikes ${struck.join(' and ')}`
  return [
    `${what}: task group ${groupId} at ${url}.`,
    `${tasks} calls with ${plan.keys.length} keys, ${quota} a second each; ${outage}.`,
  ].join('\n')
}

function outcomeOf(run: StormRun, last: StormMoment, tasks: Awaited<ReturnType<typeof readTasks>>): StormOutcome {
  const keys = run.plan.keys.flatMap((key) => {
    const tally = last.tally.keys.get(key.name)
    const own = tasks.filter((task) => task.workgroup === workgroupOf(run, key.name))
    return tally ? [keyFigures(key, run.plan.outage, { tally, attempts: attemptUse(own, run.attempts) })] : []
  })
  const seconds = Math.max(...keys.map(({ perSecond }) => perSecond.length))
  return { keys, tasks: tasks.length, succeeded: tasks.filter((task) => task.isComplete).length, ms: seconds * 1000 }
}

function outcomeJson({ options }: StormRun, outcome: StormOutcome): string {
  const { tasks, quota, outageSeconds, isControl } = options
  return JSON.stringify({ isControl, quota, outageSeconds, ...outcome, tasks, promises: judge(outcome) })
}
