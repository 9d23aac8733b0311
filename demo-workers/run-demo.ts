import { ClientError } from './client/client-error.ts'
import { connect } from './client/crew-client.ts'
import { DEMOS, type Demo, graphOf } from './client/demos.ts'
import { follow } from './client/follow.ts'
import { createMoments } from './client/moments.ts'
import { plainText } from './client/plain-text.ts'
import { createScreen } from './client/screen.ts'
import { summary } from './client/summary.ts'
import type { World } from './contract/worker.ts'
import { sleep } from './simulation/sleep.ts'

export interface DemoOptions {
  /** One of the demos: `campaign` or `diamond`. */
  readonly name: string
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

/** The exit codes of `crew demo`. */
export const EXIT = { succeeded: 0, failed: 1, unusable: 2, interrupted: 130 } as const

/** Runs a demo against a server and prints how it goes; answers the exit code of the process. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const demo = DEMOS.find((candidate) => candidate.name === options.name)
  if (!demo) return refuseName(options)
  try {
    return await play(demo, options)
  } catch (error) {
    return explain(error, options)
  }
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
  const names = DEMOS.map((demo) => demo.name).join(' or ')
  options.out(`There is no demo "${plainText(options.name)}": it is ${names}.`)
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
