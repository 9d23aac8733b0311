// A plain Node server: `PORT=3000 node node-server.ts`.
import { createServer } from 'node:http'
import { defineWorker } from 'crew-sdk'
import { toNodeHandler } from 'crew-sdk/node'

const worker = defineWorker<{ name: string }, string>(
  ({ input, parents }) => `Hello ${input.name}, from ${parents.length} parents`,
  { secret: process.env.CREW_SIGNING_SECRET },
)

const server = createServer(toNodeHandler(worker)).listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log('listening at', server.address())
})
