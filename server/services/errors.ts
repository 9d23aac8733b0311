import type { PageQuery } from '../../storage/task-storage.ts'
import {
  type ErrorKind,
  type ErrorSightings,
  errorKindsOf,
  type FailingTask,
  messageOf,
  sightingsOf,
} from '../core/error-kinds.ts'
import { CrewError } from '../core/errors.ts'
import { findGroup } from './groups.ts'
import type { ServiceContext } from './service-context.ts'
import { type TaskView, viewTasks } from './task-views.ts'

/** Which failing tasks are looked at. */
export interface ErrorScan {
  readonly taskGroup?: string
  readonly worker?: string
}

/** Errors of one kind, with when they were seen. */
export interface ErrorView extends ErrorKind, ErrorSightings {
  /** What they have in common. */
  readonly message: string
  readonly sample: FailingTask
}

export interface ErrorList {
  readonly errors: readonly ErrorView[]
  /** How many failing tasks were looked at. */
  readonly scanned: number
  /** There are more tasks, or more errors. */
  readonly isPartial: boolean
}

/** 20 ms of SQLite; who has more sees those of the newest groups. */
const MAX_SCANNED = 10_000
/** Nobody reads more. */
const MAX_ERRORS = 100

/** The errors by which tasks fail now, those of most tasks first. */
export async function listErrors(context: ServiceContext, scan: ErrorScan): Promise<ErrorList> {
  const { tasks, isPartial } = await readFailing(context, scan)
  const kinds = errorKindsOf(tasks)
  const errors = await viewErrors(context, kinds.slice(0, MAX_ERRORS))
  return { errors, scanned: tasks.length, isPartial: isPartial || kinds.length > MAX_ERRORS }
}

/** One of them, with a page of the tasks that fail by it. */
export async function getError(
  context: ServiceContext,
  fingerprint: string,
  { page, pageSize, ...scan }: ErrorScan & PageQuery,
): Promise<{ readonly error: ErrorView; readonly tasks: readonly TaskView[]; readonly isPartial: boolean }> {
  const { tasks, isPartial } = await readFailing(context, scan)
  const failing = tasks.filter(({ errorKind }) => errorKind === fingerprint)
  const [error] = await viewErrors(context, errorKindsOf(failing))
  if (!error) throw new CrewError('error_not_found', `No task fails by an error "${fingerprint}" now.`)
  const size = pageSize === 0 ? MAX_SCANNED : pageSize
  const wanted = failing.slice((page - 1) * size, page * size).map(({ id }) => id)
  const found = new Map((await context.storage.getTasks(wanted)).map((task) => [task.id, task]))
  return {
    error,
    tasks: await viewTasks(
      context,
      wanted.flatMap((id) => found.get(id) ?? []),
    ),
    isPartial,
  }
}

async function readFailing(context: ServiceContext, { taskGroup, worker }: ErrorScan) {
  const groupId = taskGroup === undefined ? undefined : (await findGroup(context, taskGroup)).id
  const where = { ...(groupId !== undefined && { groupId }), ...(worker !== undefined && { worker }) }
  const found = await context.storage.listFailing({ ...where, limit: MAX_SCANNED + 1 })
  return { tasks: found.slice(0, MAX_SCANNED), isPartial: found.length > MAX_SCANNED }
}

/** Without those whose tasks all changed since they were looked at. */
async function viewErrors({ storage }: ServiceContext, kinds: readonly ErrorKind[]): Promise<ErrorView[]> {
  const witnesses = kinds.flatMap((kind) => kind.witnesses.map(({ id }) => id))
  const [newest, attempts] = await Promise.all([
    storage.listNewestErrors(witnesses),
    Promise.all(kinds.map((kind) => Promise.all(kind.witnesses.map(({ id }) => storage.listAttempts(id))))),
  ])
  const errorOf = new Map(newest.map(({ taskId, error }) => [taskId, error]))
  return kinds.flatMap((kind, at): ErrorView[] => {
    const said = kind.witnesses.flatMap(({ id }) => errorOf.get(id) ?? [])
    const message = messageOf(kind.fingerprint, said)
    const sample = kind.witnesses.at(-1)
    if (message === null || !sample) return []
    return [{ ...kind, ...sightingsOf(kind.fingerprint, attempts[at]?.flat() ?? []), message, sample }]
  })
}
