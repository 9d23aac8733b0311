import { ClientError } from '../client-error.ts'
import type { CrewClient } from '../crew-client.ts'
import { providerPath } from './storm-moment.ts'
import { type StormRun, stormGraph, workgroupOf } from './storm-options.ts'

/** Makes the provider, takes the control's protections away, and creates the tasks, which then start. */
export async function setUp(client: CrewClient, run: StormRun): Promise<void> {
  await makeProvider(client, run)
  if (run.options.isControl) await switchOff(client, run)
  await client.post('/api/v1/task_groups/graph', stormGraph(run))
}

async function makeProvider(client: CrewClient, run: StormRun): Promise<void> {
  try {
    await client.put(providerPath(run), run.plan)
  } catch (error) {
    if (!(error instanceof ClientError) || error.status !== 404) throw error
    const remedy = 'start it with them (`npm start` or `crew start --demo`)'
    throw new ClientError(
      'refused',
      `The server at ${client.url} has no demo workers, and the storm is in them: ${remedy}.`,
    )
  }
}

const rulePath = (run: StormRun): string => `/api/v1/worker/${encodeURIComponent(`storm/${run.id}/*`)}`

const workgroupPath = (run: StormRun, key: string): string =>
  `/api/v1/workgroup/${encodeURIComponent(workgroupOf(run, key))}`

/** Full speed at once after every hold, and calls all through the outage. */
async function switchOff(client: CrewClient, run: StormRun): Promise<void> {
  await client.put(rulePath(run), { ramp: { stepSeconds: 0 }, breaker: { failures: 0 } })
  for (const { name } of run.plan.keys) await client.put(workgroupPath(run, name), { ramp: { stepSeconds: 0 } })
}

/** Takes the control's settings back. As best it can: they are of no other run. */
export async function tidyUp(client: CrewClient, run: StormRun): Promise<void> {
  if (!run.options.isControl) return
  await Promise.allSettled([
    client.delete(rulePath(run)),
    ...run.plan.keys.map(({ name }) => client.put(workgroupPath(run, name), { ramp: null })),
  ])
}

/** Ends a storm that nobody watches any more. */
export async function callOff(client: CrewClient, run: StormRun): Promise<void> {
  await Promise.allSettled([client.delete(`/api/v1/task_group/${run.groupId}`)])
  await tidyUp(client, run)
}
