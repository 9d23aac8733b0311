// Writes an article, and publishes it when somebody has approved of it. The person's word is the input of the task `approve`.
import { createServer } from 'node:http'
import { defineWorker, type Handler, nonRetryable, type Task } from 'crew-sdk'
import { toNodeHandler } from 'crew-sdk/node'

const port = Number(process.env.PORT ?? 4105)

interface Approval {
  readonly isApproved: boolean
  readonly by: string
}

const write = ({ input }: Task<{ title: string }>) => ({ text: `# ${input.title}` })

/** It waits paused, so it runs only after somebody has seen to it. Resumed without a word, it takes that for a yes. */
function approve({ input, parents }: Task<Approval | null>) {
  if (input?.isApproved === false) return nonRetryable(`${input.by} does not approve of it`)
  return { article: parents[0]?.output, approvedBy: input?.by ?? 'somebody' }
}

const publish = ({ parents }: Task) => ({ published: parents[0]?.output })

const backUp = ({ parents }: Task) => ({ backedUp: parents[0]?.output })

const workers: Readonly<Record<string, Handler>> = {
  'article/write': write as Handler,
  'article/approve': approve as Handler,
  'article/publish': publish,
  'article/back-up': backUp,
}

const worker = defineWorker((task) => workers[task.worker]?.(task) ?? nonRetryable(`${task.worker} is not here`))

createServer(toNodeHandler(worker)).listen(port, '127.0.0.1', () => {
  console.log(`the workers are listening at http://127.0.0.1:${port}`)
})
