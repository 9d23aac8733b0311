// Work that takes longer than a request may: it answers at once, works on, and tells how far it is.
import { createServer } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { defineWorker } from 'crew-sdk'
import { toNodeHandler } from 'crew-sdk/node'

const worker = defineWorker<{ frames: number }>(
  ({ input, accept }) =>
    accept(async ({ heartbeat, signal }) => {
      for (let frame = 1; frame <= input.frames; frame++) {
        await pause(50, undefined, { signal })
        await heartbeat({ progress: frame / input.frames, message: `frame ${frame}` })
      }
      return { rendered: input.frames }
    }),
  { secret: process.env.CREW_SIGNING_SECRET },
)

const server = createServer(toNodeHandler(worker)).listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log('listening at', server.address())
})
process.once('SIGTERM', async () => {
  server.close()
  await worker.settled()
})
