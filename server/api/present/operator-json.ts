import { isPause, type WorkerView } from '../../services/worker-views.ts'

/** A worker's settings in the words of Crew v1 (WIRE section 2). */
export const operatorJson = (worker: WorkerView): string => JSON.stringify(presentOperator(worker))

export const operatorListJson = (workers: readonly WorkerView[]): string => JSON.stringify(workers.map(presentOperator))

function presentOperator({ name, settings, hold }: WorkerView) {
  const { url, headers } = settings
  return { id: name, _id: name, channel: name, url, requestConfig: { headers }, isPaused: isPause(hold) }
}
