import { listField, textField } from '../contract/json.ts'
import { ClientError } from './client-error.ts'
import type { CrewClient } from './crew-client.ts'
import type { Snapshot } from './snapshot.ts'

/** Fails with what to do when the seed cannot start because the server knows no address for its worker. */
export async function checkAddress(client: CrewClient, { tasks }: Snapshot): Promise<void> {
  const seed = tasks[0]
  if (tasks.length !== 1 || seed?.state !== 'throttled') return
  const why = await client.get(`/api/v1/task/${seed.id}/why`)
  if (!listField(why, 'reasons').some((reason) => textField(reason, 'code', '') === 'no_address')) return
  const remedy = 'start it with the demo workers (`npm start` or `crew start --demo`), or set CREW_WORKER_BASE_URL'
  throw new ClientError('refused', `The server knows no address for worker ${seed.worker}: ${remedy}.`)
}
