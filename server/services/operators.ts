import { CrewError } from '../core/errors.ts'
import type { OperatorEdit } from '../core/operator-edit.ts'
import { isRule } from '../core/worker-settings.ts'
import type { WorkerContext } from './worker-context.ts'
import { findWorkers } from './worker-views.ts'
import { addWorker, deleteWorker, editWorker, getWorker, type WorkerView } from './workers.ts'

/** Operators of Crew v1: the workers with settings of their own, by name. */
export function listOperators(context: WorkerContext): Promise<WorkerView[]> {
  const names = [...context.directory.all.keys()].filter((name) => !isRule(name)).sort()
  return findWorkers(context, names)
}

export async function getOperator(context: WorkerContext, name: string): Promise<WorkerView> {
  if (isRule(name) || !context.directory.all.has(name)) throw noOperator(name)
  return getWorker(context, name)
}

/** What settings a rule gave the worker become its own, as with any worker. */
export const createOperator = (context: WorkerContext, { channel, edit }: OperatorEdit): Promise<WorkerView> =>
  addWorker(context, channel, edit)

export async function editOperator(context: WorkerContext, { channel, edit }: OperatorEdit): Promise<WorkerView> {
  await getOperator(context, channel)
  return editWorker(context, channel, edit)
}

export async function deleteOperator(context: WorkerContext, name: string): Promise<void> {
  await getOperator(context, name)
  await deleteWorker(context, name)
}

const noOperator = (name: string): CrewError =>
  new CrewError(
    'worker_not_found',
    `There is no operator "${name.slice(0, 256)}": no worker of this name has settings of its own.`,
  )
