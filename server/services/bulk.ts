import type { PageQuery } from '../../storage/task-storage.ts'
import { MAX_PAGE_SIZE } from '../../storage/task-storage.ts'
import { type BulkOperation, type BulkState, beginBulk, bulkStateOf, takeOverBulk } from '../core/bulk.ts'
import { CrewError } from '../core/errors.ts'
import {
  askToStop,
  dropIds,
  dropOperation,
  findOperation,
  findSnapshot,
  forgetStop,
  keepIds,
  MAX_KEPT,
  putOperation,
  readOperations,
} from './bulk-records.ts'
import type { BulkRunner } from './bulk-runner.ts'
import type { ServiceContext } from './service-context.ts'
import type { Turns } from './turns.ts'

export { type BulkPreview, type BulkSelection, previewBulk } from './bulk-preview.ts'

/** What use cases about bulk operations work with besides. */
export interface BulkContext extends ServiceContext {
  readonly bulk: BulkRunner
  /** Records have no guard: who begins, stops or continues an operation does so without another in between. */
  readonly bulkTurns: Turns
}

/** An operation as clients see it. */
export interface BulkView {
  readonly operation: BulkOperation
  readonly state: BulkState
}

/** Each has a chunk under way: together they are some thousand changes at once. */
const MAX_UNDER_WAY = 10

/** Does what a preview told. The same snapshot twice is the same operation. */
export function startBulk(context: BulkContext, snapshotId: string, actor: string): Promise<BulkView> {
  return context.bulkTurns.take(async () => {
    const { storage, bulk, clock } = context
    const known = await findOperation(storage, snapshotId)
    if (known) return view(context, known)
    const snapshot = await findSnapshot(storage, snapshotId)
    if (!snapshot) throw notFound(`There is no preview "${snapshotId}": make a new one.`)
    if (snapshot.expiresAt <= clock.now())
      throw new CrewError('snapshot_expired', 'A preview is good for ten minutes: make a new one, and look again.')
    refuseMore(bulk)
    await forgetOldest(context)
    const operation = beginBulk(snapshot, { actor, instance: bulk.instance, now: clock.now() })
    return run(context, operation)
  })
}

export async function getBulk(context: BulkContext, id: string): Promise<BulkView> {
  return view(context, await loadOperation(context, id))
}

/** Newest first. */
export async function listBulk(
  context: BulkContext,
  { page, pageSize }: PageQuery,
): Promise<{ operations: BulkView[]; count: number }> {
  const all = await readOperations(context.storage)
  const size = pageSize === 0 ? MAX_PAGE_SIZE : pageSize
  const operations = all.slice((page - 1) * size, page * size)
  return { operations: operations.map((operation) => view(context, operation)), count: all.length }
}

/** What was done stays; the chunk under way is finished. On another server it stops a moment later. */
export function stopBulk(context: BulkContext, id: string): Promise<BulkView> {
  return context.bulkTurns.take(async () => {
    const { storage, bulk, clock } = context
    if (bulk.isRunning(id)) {
      await bulk.stop(id)
      return getBulk(context, id)
    }
    const operation = await loadOperation(context, id)
    const { state } = view(context, operation)
    if (state === 'running') await askToStop(storage, id, clock.now())
    if (state !== 'interrupted') return { operation, state }
    await dropIds(storage, operation)
    const stopped = { ...operation, state: 'stopped' as const, endedAt: clock.now() }
    await putOperation(storage, stopped)
    return view(context, stopped)
  })
}

/** Goes on with what was interrupted. The chunk that was under way then may be done twice. */
export function continueBulk(context: BulkContext, id: string): Promise<BulkView> {
  return context.bulkTurns.take(async () => {
    const { storage, bulk, clock } = context
    const operation = await loadOperation(context, id)
    const { state } = view(context, operation)
    if (state === 'running') return { operation, state }
    if (state !== 'interrupted')
      throw new CrewError('conflict', `The operation "${id}" is ${state}: there is nothing to go on with.`)
    refuseMore(bulk)
    await forgetStop(storage, id)
    return run(context, takeOverBulk(operation, { instance: bulk.instance, now: clock.now() }))
  })
}

async function run(context: BulkContext, operation: BulkOperation): Promise<BulkView> {
  const { storage, bulk } = context
  await putOperation(storage, operation)
  await keepIds(storage, operation)
  bulk.start(operation)
  return view(context, operation)
}

function view({ bulk, clock, storage }: BulkContext, operation: BulkOperation): BulkView {
  const isElsewhere = storage.feed !== undefined && operation.instance !== bulk.instance
  const around = { now: clock.now(), isHere: bulk.isRunning(operation.id), isElsewhere }
  return { operation, state: bulkStateOf(operation, around) }
}

async function loadOperation({ storage }: BulkContext, id: string): Promise<BulkOperation> {
  const operation = await findOperation(storage, id)
  if (operation) return operation
  throw notFound(`There is no bulk operation "${id}".`)
}

/** Those under way stay. */
async function forgetOldest(context: BulkContext): Promise<void> {
  const all = await readOperations(context.storage)
  const old = all.slice(MAX_KEPT - 1).filter((operation) => view(context, operation).state !== 'running')
  for (const operation of old) await dropOperation(context.storage, operation)
}

function refuseMore({ count }: BulkRunner): void {
  if (count < MAX_UNDER_WAY) return
  throw new CrewError('too_many_requests', `${count} bulk operations are under way: wait for one to end, or stop one.`)
}

const notFound = (message: string): CrewError => new CrewError('bulk_not_found', message)
