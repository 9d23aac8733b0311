import type { DemoWorker, World } from '../contract/worker.ts'
import { createQuota } from '../simulation/quota.ts'

export const createRateLimited = (world: World): DemoWorker => {
  const quota = createQuota({ limit: 5, windowMs: 10_000, now: world.now })
  return {
    name: 'rate-limited',
    about: 'Takes five calls per workgroup in 10 s; further ones get 429 with Retry-After.',
    async run(call) {
      const answer = quota.take(call.workgroup)
      if (!answer.isGranted) {
        const whose = call.workgroup === '' ? 'calls without a workgroup' : `workgroup "${call.workgroup}"`
        const { retryAfterSeconds } = answer
        return { kind: 'rateLimited', error: `the quota of ${whose} is used up`, retryAfterSeconds }
      }
      await world.sleep(200, call.signal)
      return { kind: 'done', output: { message: 'within the quota', workgroup: call.workgroup } }
    },
  }
}
