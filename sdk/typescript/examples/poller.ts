// Takes tasks instead of being called, for where nothing can be POSTed to: `CREW_URL=http://… CREW_TOKEN=… node poller.ts`.
import { CrewClient, runPoller } from 'crew-sdk'

const client = new CrewClient({ url: process.env.CREW_URL ?? 'http://127.0.0.1:8090', token: process.env.CREW_TOKEN })
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())

await runPoller<{ n: number }, number>({
  client,
  channel: 'square',
  handler: ({ input }) => input.n ** 2,
  concurrency: 4,
  signal: stop.signal,
})
