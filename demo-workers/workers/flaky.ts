import type { DemoWorker, World } from '../contract/worker.ts'

/** Out of a hundred calls thirty fail and ten are told to come back later. */
const FAILURE_RATE = 0.3
const RATE_LIMIT_RATE = 0.1

export const createFlaky = (world: World): DemoWorker => ({
  name: 'flaky',
  about: 'Fails three times in ten, and once in ten answers 429 with Retry-After 2.',
  async run(call) {
    await world.sleep(300, call.signal)
    const dice = world.random()
    if (dice < FAILURE_RATE) return { kind: 'failed', error: 'flaky had bad luck, try again' }
    if (dice < FAILURE_RATE + RATE_LIMIT_RATE) {
      return { kind: 'rateLimited', error: 'flaky wants a rest', retryAfterSeconds: 2 }
    }
    return { kind: 'done', output: { message: 'flaky had good luck' } }
  },
})
