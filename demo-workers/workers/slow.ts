import type { DemoWorker, World } from '../contract/worker.ts'
import { doWork } from '../simulation/work.ts'

export const createSlow = (world: World): DemoWorker => ({
  name: 'slow',
  about: 'Works for a minute, or for {"delayMs": n}: long enough to watch timeouts, pauses and restarts.',
  run: (call) => doWork(world, call, 60_000),
})
