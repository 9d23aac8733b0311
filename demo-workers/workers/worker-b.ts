import type { DemoWorker, World } from '../contract/worker.ts'
import { doWork } from '../simulation/work.ts'

export const createWorkerB = (world: World): DemoWorker => ({
  name: 'worker-b',
  about: 'Works for 7 s, or for {"delayMs": n}; {"throw": "message"} makes it fail.',
  run: (call) => doWork(world, call, 7000),
})
