import type { DemoWorker, World } from '../contract/worker.ts'
import { createBigOutput } from './big-output.ts'
import { createCampaignWorkers } from './campaign/campaign-workers.ts'
import { createEcho } from './echo.ts'
import { createFlaky } from './flaky.ts'
import { createRateLimited } from './rate-limited.ts'
import { createSlow } from './slow.ts'
import { createStorm } from './storm/storm-worker.ts'
import { createWorkerA } from './worker-a.ts'
import { createWorkerB } from './worker-b.ts'
import { createWorkerC } from './worker-c.ts'

/** Every demo worker, in the order in which the list shows them. */
export function createAllWorkers(world: World): readonly DemoWorker[] {
  return [
    createWorkerA(world),
    createWorkerB(world),
    createWorkerC(world),
    createFlaky(world),
    createSlow(world),
    createRateLimited(world),
    createBigOutput(),
    createEcho(),
    createStorm(world),
    ...createCampaignWorkers(world),
  ]
}
