import { type Static, Type } from 'typebox'
import { MAX_PAGE_SIZE } from '../../../storage/task-storage.ts'
import { taskStates } from '../../core/task.ts'
import { MAX_LABEL_LENGTH } from '../../core/task-input.ts'
import { oneOf } from './named.ts'

/** PROOF S24: a search is a part of a text, and nobody types more. */
const MAX_SEARCH = 200
/** Beyond this nothing is, and page times size stays an exact integer. */
const MAX_PAGE = 1_000_000_000

const paging = {
  page: Type.Integer({ minimum: 1, maximum: MAX_PAGE, default: 1, description: 'From 1.' }),
  pageSize: Type.Integer({
    minimum: 0,
    maximum: MAX_PAGE_SIZE,
    default: 20,
    description: `0 is all, up to ${MAX_PAGE_SIZE}.`,
  }),
}
const label = (description: string) => Type.String({ maxLength: MAX_LABEL_LENGTH, description })
const search = (where: string) =>
  Type.String({ maxLength: MAX_SEARCH, description: `A part of ${where}, letter case ignored.` })

export const PagingQuery = Type.Partial(Type.Object(paging))
export type PagingQuery = Static<typeof PagingQuery>

export const GroupListQuery = Type.Partial(Type.Object({ ...paging, search: search('the id or the name') }))
export type GroupListQuery = Static<typeof GroupListQuery>

export const TaskListQuery = Type.Partial(
  Type.Object({
    ...paging,
    search: search('the id, name, worker or key'),
    skipCompleted: Type.Boolean({ description: 'Leave out what is complete.' }),
    state: oneOf(taskStates, 'Only tasks in this state.'),
    worker: label('Only tasks of this worker.'),
    workgroup: label('Only tasks of this workgroup.'),
    key: label('Only tasks with this key.'),
  }),
)
export type TaskListQuery = Static<typeof TaskListQuery>

export const EventQuery = Type.Partial(
  Type.Object({
    taskGroup: Type.String({ maxLength: 128, description: 'Only events of this group.' }),
    types: Type.String({ maxLength: 500, description: 'Only events of these types, separated by commas.' }),
  }),
)
