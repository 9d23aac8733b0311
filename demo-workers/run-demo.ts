import { ClientError } from './client/client-error.ts'
import { connect } from './client/crew-client.ts'
import { DEMOS, type Demo, graphOf } from './client/demos.ts'
import { EXIT } from './client/exit.ts'
import { follow } from './client/follow.ts'
import { createMoments } from './client/moments.ts'
import { plainText } from './client/plain-text.ts'
import { createScreen } from './client/screen.ts'
import { runStorm } from './client/storm/run-storm.ts'
import { STORM_DEFAULTS, type StormOptions } from './client/storm/storm-options.ts'
import { summary } from './client/summary.ts'
import type { World } from './contract/worker.ts'
import { sleep } from './simulation/sleep.ts'

export interface DemoOptions {
  /** One of the demos: `campaign`, `diamond` or `storm`. */
  readonly name: string
  /** Of the storm alone. */
  readonly storm?: StormOptions | undefined
  readonly url: string
  readonly token?: string | undefined
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** Prints one line. */
  readonly out: (line: string) => void
  readonly isTty: boolean
  /** Ends the watching; the group goes on. */
  readonly signal?: AbortSignal | undefined
  readonly fetch?: typeof fetch | undefined
  readonly sleep?: World['sleep'] | undefined
  readonly now?: World['now'] | undefined
}

/** Runs a demo against a server and prints how it goes; answers the exit code of the process. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const demo = DEMOS.find((candidate) => candidate.name === options.name)
  if (!demo && options.name !== STORM) return refuseName(options)
  try {
    return demo ? await play(demo, options) : await playStorm(options)
  } catch (error) {
    return explain(error, options)
  }
}

/** The one that is no graph to be drawn. */
const STORM = 'storm'

function playStorm(options: DemoOptions): Promise<number> {
  const context = {
    ...options,
    fetch: options.fetch ?? fetch,
    sleep: options.sleep ?? sleep,
    now: options.now ?? Date.now,
  }
  return runStorm(options.storm ?? STORM_DEFAULTS, context)
}

async function play(demo: Demo, options: DemoOptions): Promise<number> {
  const now = options.now ?? Date.now
  const client = await connect({ ...options, fetch: options.fetch ?? fetch })
  const graph = graphOf(demo, `${demo.name}-${crypto.randomUUID().slice(0, 8)}`)
  await client.post('/api/v1/task_groups/graph', graph)

  const startedAt = now()
  const screen = createScreen({ out: options.out, isTty: options.isTty, now })
  const moments = createMoments(graph.tasks.map((task) => task.id))
  screen.line(`${demo.about}: task group ${graph.id} at ${client.url}`)
  const watch = { client, groupId: graph.id, screen, moments, startedAt, now, signal: options.signal }
  const last = await follow({ ...watch, sleep: options.sleep ?? sleep })

  const run = { holdsSeen: moments.holdsSeen, ms: now() - startedAt }
  for (const line of summary(demo, last, run)) screen.line(line)
  return last.state === 'succeeded' ? EXIT.succeeded : EXIT.failed
}

function refuseName(options: DemoOptions): number {
  const names = DEMOS.map((demo) => demo.name).join(', ')
  options.out(`There is no demo "${plainText(options.name)}": it is ${names} or ${STORM}.`)
  return EXIT.unusable
}

function explain(error: unknown, options: DemoOptions): number {
  if (options.signal?.aborted) {
    options.out('Stopped watching; the task group goes on without you.')
    return EXIT.interrupted
  }
  if (!(error instanceof ClientError)) throw error
  options.out(error.message)
  return error.kind === 'gone' ? EXIT.failed : EXIT.unusable
}
