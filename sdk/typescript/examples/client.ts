// Creates a graph and waits for it: `CREW_URL=http://… CREW_TOKEN=… node client.ts`.
import { CrewClient } from 'crew-sdk'

const crew = new CrewClient({ url: process.env.CREW_URL ?? 'http://127.0.0.1:8090', token: process.env.CREW_TOKEN })
const { id } = await crew.createGraph({
  name: 'pages',
  tasks: [
    { id: 'first', worker: 'next', input: { page: 1 } },
    { id: 'second', worker: 'next', input: { page: 2 } },
    { id: 'count', worker: 'lambda', parentIds: ['first', 'second'], input: { text: 'two pages' } },
  ],
})
const { state } = await crew.waitForGroup(id, { timeoutSeconds: 60 })
const { output } = await crew.getTask('count')
console.log(`${state}: ${JSON.stringify(output)}`)
