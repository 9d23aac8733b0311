// Takes 3 seconds where a request may take 2: it answers 202 at once, works on, tells how far it is, and ends by the callback.
import { createServer } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { defineWorker } from 'crew-sdk'
import { toNodeHandler } from 'crew-sdk/node'

const port = Number(process.env.PORT ?? 4106)

interface Export {
  readonly pages: number
  /** Where the first attempt shall die, as if somebody had pulled the plug. */
  readonly dieAtPage?: number
}

const worker = defineWorker<Export>(({ input, attempt, accept }) =>
  accept(async ({ heartbeat, signal }) => {
    for (let page = 1; page <= input.pages; page++) {
      await pause(100, undefined, { signal })
      if (attempt === 1 && page === input.dieAtPage) process.kill(process.pid, 'SIGKILL')
      await heartbeat({ progress: page / input.pages, message: `page ${page}`, logs: [`page ${page} is written`] })
    }
    return { pages: input.pages, attempt }
  }),
)

const server = createServer(toNodeHandler(worker)).listen(port, '127.0.0.1', () => {
  console.log(`the worker is listening at http://127.0.0.1:${port}`)
})
// Told to stop, it takes no more, and finishes what it has.
process.once('SIGTERM', async () => {
  server.close()
  await worker.settled()
})
