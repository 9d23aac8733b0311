import { numberField, textField } from '../contract/json.ts'
import type { WorkerCall, WorkerReply, World } from '../contract/worker.ts'

/** An hour: longer than any timeout one would want to try out. */
const MAX_DELAY_MS = 3_600_000

/** Work that is only waiting: `delayMs` in the input overrides how long, `throw` makes it fail at once. */
export async function doWork(world: World, call: WorkerCall, usualMs: number): Promise<WorkerReply> {
  const error = textField(call.input, 'throw', '')
  if (error !== '') return { kind: 'failed', error }
  const delayMs = numberField(call.input, 'delayMs', { fallback: usualMs, min: 0, max: MAX_DELAY_MS })
  await world.sleep(delayMs, call.signal)
  return { kind: 'done', output: { message: `${call.worker} is done`, workedMs: delayMs } }
}
