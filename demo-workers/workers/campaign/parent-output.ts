import { textField } from '../../contract/json.ts'
import type { ParentResult, WorkerCall } from '../../contract/worker.ts'

/** The parents that a worker of this name completed. The creator of a continuation is among the parents as well. */
export function parentsBy(call: WorkerCall, worker: string): readonly ParentResult[] {
  return call.parents.filter((parent) => parent.worker === worker)
}

/** A text in the output of the first parent by this worker; `''` when there is none. */
export function parentText(call: WorkerCall, worker: string, name: string): string {
  return textField(parentsBy(call, worker)[0]?.output, name, '')
}
