import type { DemoWorker, World } from '../contract/worker.ts'
import { doWork } from '../simulation/work.ts'

export const createWorkerA = (world: World): DemoWorker => ({
  name: 'worker-a',
  about: 'Works for 5 s, or for {"delayMs": n}; {"throw": "message"} makes it fail.',
  run: (call) => doWork(world, call, 5000),
})
