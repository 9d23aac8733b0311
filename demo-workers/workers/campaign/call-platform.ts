import type { WorkerCall, WorkerReply } from '../../contract/worker.ts'
import type { AdPlatform, PlatformRequest } from '../../simulation/ad-platform.ts'

/** Creates one object on the platform and words its answer for Crew; `output` says what a created object answers. */
export async function callPlatform(
  platform: AdPlatform,
  call: WorkerCall,
  options: {
    readonly object: Omit<PlatformRequest, 'idempotencyKey' | 'signal'>
    readonly output: (id: string) => unknown
  },
): Promise<WorkerReply> {
  // Crew's delivery id goes through to the platform: a retry after a lost answer finds its ad instead of making a second.
  const request = { ...options.object, idempotencyKey: call.deliveryId, signal: call.signal }
  const answer = await platform.create(request)
  switch (answer.kind) {
    case 'created':
      return { kind: 'done', output: options.output(answer.id) }
    case 'rateLimited':
      return {
        kind: 'rateLimited',
        error: `ad platform answered 429: the quota of ad account ${answer.account} is used up`,
        retryAfterSeconds: answer.retryAfterSeconds,
      }
    case 'failed':
      // 200 with an error: the worker is well, it is the platform that is not, so no circuit breaker should open.
      return { kind: 'failed', status: 200, error: `ad platform answered ${answer.status}: ${answer.message}` }
  }
}
