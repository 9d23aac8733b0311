import { childId } from '../contract/child-id.ts'
import { numberField, textField } from '../contract/json.ts'
import type { ChildTask, DemoWorker, WorkerCall, World } from '../contract/worker.ts'

export const createWorkerC = (world: World): DemoWorker => ({
  name: 'worker-c',
  about: 'Answers a diamond of new tasks: A, then B and C side by side, then D. {"delayMs": n} is how long each works.',
  async run(call) {
    const error = textField(call.input, 'throw', '')
    if (error !== '') return { kind: 'failed', error }
    await world.sleep(500, call.signal)
    return { kind: 'done', output: { message: 'worker-c planned a diamond' }, children: diamond(call) }
  },
})

function diamond(call: WorkerCall): readonly ChildTask[] {
  const delayMs = numberField(call.input, 'delayMs', { fallback: 1000, min: 0, max: 60_000 })
  const corner = (name: string, worker: string, after: readonly string[]): ChildTask => ({
    id: childId(call, name),
    name,
    worker,
    parentIds: after.map((parent) => childId(call, parent)),
    input: { delayMs },
    workgroup: call.workgroup,
    errorDelayInSeconds: 2,
  })
  return [
    corner('A', 'worker-a', []),
    corner('B', 'worker-b', ['A']),
    corner('C', 'worker-a', ['A']),
    corner('D', 'worker-b', ['B', 'C']),
  ]
}
