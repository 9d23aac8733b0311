import type { CrewClient } from '../client/crew-client.ts'
import type { AttemptChannel } from '../long-running/run-attempt.ts'
import type { Acquired } from './acquired.ts'

interface LeaseOptions {
  readonly client: CrewClient
  readonly workerId: string
  readonly task: Acquired
}

/**
 * The channel of a task that was taken. Told by the attempt's token, at the address where the client finds the server: the one in the
 * callback is where the server believes to be, and a release repeated late could end another attempt of the same worker.
 */
export function leaseChannel({ client, workerId, task }: LeaseOptions): AttemptChannel {
  const { sendOnce } = client.connection
  const post = (path: string, body: string, signal: AbortSignal): Promise<Response> =>
    sendOnce({ method: 'POST', path, body }, signal)
  const { token, facts } = task
  if (token !== null) {
    const attempt = `api/v1/attempt/${encodeURIComponent(token)}`
    return {
      heartbeat: (report, signal) => post(`${attempt}/heartbeat`, JSON.stringify(report), signal),
      end: ({ kind, body }, signal) => post(`${attempt}/${kind}`, body, signal),
    }
  }
  const path = `api/v1/task/${encodeURIComponent(facts.taskId)}/release`
  // Spliced, as the answer is JSON already and may have megabytes.
  const start = `{"workerId":${JSON.stringify(workerId)},"attempt":${facts.attempt},`
  return {
    heartbeat: () => Promise.resolve(new Response(null)),
    end: ({ body }, signal) => post(path, `${start}${body.slice(1)}`, signal),
  }
}
