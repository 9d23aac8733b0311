import { attemptActions, type BulkAction, type BulkFilter, type BulkOrder, spreadActions } from '../core/bulk.ts'
import type { Fault } from '../core/errors.ts'
import { taskStates } from '../core/task.ts'
import { groupStates } from '../core/task-group.ts'
import type { BulkSelection } from '../services/bulk.ts'
import { DEFAULT_ATTEMPTS } from './schemas/actions.ts'
import type { BulkBody } from './schemas/bulk.ts'
import { refuseFaults } from './validation.ts'

/** A preview to execute, or one to make. Refuses with all faults at once. */
export type BulkRequest =
  | { readonly kind: 'execute'; readonly snapshot: string }
  | { readonly kind: 'preview'; readonly order: BulkOrder; readonly selection: BulkSelection }

export function readBulk(body: BulkBody): BulkRequest {
  const { snapshot } = body
  if (snapshot === undefined) return readPreview(body)
  refuseFaults(
    Object.keys(body)
      .filter((field) => field !== 'snapshot')
      .map((field) => fault(`/${field}`, 'is part of the snapshot: leave it out')),
  )
  return { kind: 'execute', snapshot }
}

function readPreview({ dryRun, action, target, ids, filter, params = {} }: BulkBody): BulkRequest {
  const missing = Object.entries({ action, target }).filter(([, value]) => value === undefined)
  const faults = missing.map(([name]) => fault(`/${name}`, 'is required'))
  if (dryRun !== true) faults.push(fault('/dryRun', 'must be true: look at a preview first, and send its snapshot'))
  if ((ids === undefined) === (filter === undefined)) faults.push(fault('', 'expected either ids or filter'))
  if (action === 'runNow' && target === 'groups') faults.push(fault('/action', 'runNow is for tasks alone'))
  faults.push(...faultsOfParams(action, params))
  const states = filter?.state?.split(',')
  if (filter) faults.push(...(target === 'groups' ? faultsOfGroupFilter(filter) : faultsOfTaskFilter(filter)))
  refuseFaults(faults)
  const { remainingAttempts = DEFAULT_ATTEMPTS, spreadSeconds = 0 } = params
  const order = { action, target, remainingAttempts, spreadMs: spreadSeconds * 1000 } as BulkOrder
  const { state: _state, ...conditions } = filter ?? {}
  const wanted = { ...conditions, ...(states && { states }) } as BulkFilter
  return { kind: 'preview', order, selection: ids ? { ids: [...new Set(ids)] } : { filter: wanted } }
}

type Params = NonNullable<BulkBody['params']>
type Filter = NonNullable<BulkBody['filter']>

function faultsOfParams(action: BulkAction | undefined, { remainingAttempts, spreadSeconds }: Params): Fault[] {
  const isOf = (actions: readonly BulkAction[]): boolean => action === undefined || actions.includes(action)
  const faults: Fault[] = []
  if (remainingAttempts !== undefined && !isOf(attemptActions))
    faults.push(fault('/params/remainingAttempts', `is for ${attemptActions.join(', ')}`))
  if (spreadSeconds !== undefined && !isOf(spreadActions))
    faults.push(fault('/params/spreadSeconds', `is for ${spreadActions.join(', ')}`))
  return faults
}

function faultsOfTaskFilter(filter: Filter): Fault[] {
  // A page that lost its filter must not hit everything there is.
  if (Object.keys(filter).length === 0) return [fault('/filter', 'expected at least one condition')]
  return faultsOfStates(filter.state, taskStates)
}

const groupConditions: readonly string[] = ['taskGroup', 'state', 'search']

function faultsOfGroupFilter(filter: Filter): Fault[] {
  const others = Object.keys(filter).filter((name) => !groupConditions.includes(name))
  const faults = others.map((name) => fault(`/filter/${name}`, 'is a condition of tasks, not of groups'))
  return [...faults, ...faultsOfStates(filter.state, groupStates)]
}

function faultsOfStates(state: string | undefined, known: readonly string[]): Fault[] {
  const unknown = state?.split(',').filter((word) => !known.includes(word)) ?? []
  return unknown.length === 0 ? [] : [fault('/filter/state', `expected some of ${known.join(', ')}`)]
}

const fault = (pointer: string, detail: string): Fault => ({ pointer, detail })
