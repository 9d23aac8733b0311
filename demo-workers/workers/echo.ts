import type { DemoWorker } from '../contract/worker.ts'

export const createEcho = (): DemoWorker => ({
  name: 'echo',
  about: 'Answers its input, at once.',
  run: async (call) => ({ kind: 'done', output: call.input }),
})
