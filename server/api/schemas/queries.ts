import { type Static, Type } from 'typebox'
import { MAX_PAGE_SIZE } from '../../../storage/task-storage.ts'
import { taskStates } from '../../core/task.ts'
import { groupSorts, groupStates } from '../../core/task-group.ts'
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
/** `queries.ts` reads the words. */
const someOf = (words: readonly string[], description: string) =>
  Type.String({ maxLength: 200, description: `${description}, separated by commas: ${words.join(', ')}.` })
const search = (where: string) =>
  Type.String({ maxLength: MAX_SEARCH, description: `A part of ${where}, letter case ignored.` })

export const PagingQuery = Type.Partial(Type.Object(paging))
export type PagingQuery = Static<typeof PagingQuery>

export const SearchQuery = Type.Partial(Type.Object({ ...paging, search: search('the id or the name') }))
export type SearchQuery = Static<typeof SearchQuery>

const someTime = (description: string) =>
  Type.String({ maxLength: 64, description: `${description}. RFC 3339 with any offset.` })

export const GroupListQuery = Type.Partial(
  Type.Object({
    ...paging,
    search: search('the id or the name'),
    state: someOf(groupStates, 'Only groups in one of these states'),
    failing: Type.Boolean({ description: 'true: only groups that hold failed tasks, whatever their state.' }),
    createdAfter: someTime('Only groups created then or later'),
    createdBefore: someTime('Only groups created before then'),
    sort: oneOf(groupSorts, 'Names: letter case ignored. Without it the newest come first.'),
  }),
)
export type GroupListQuery = Static<typeof GroupListQuery>

export const WorkerListQuery = Type.Partial(Type.Object({ ...paging, search: search('the name') }))
export type WorkerListQuery = Static<typeof WorkerListQuery>

export const TaskListQuery = Type.Partial(
  Type.Object({
    ...paging,
    search: search('the id, name, worker or key'),
    skipCompleted: Type.Boolean({ description: 'Leave out what is complete.' }),
    state: someOf(taskStates, 'Only tasks in one of these states'),
    worker: label('Only tasks of this worker.'),
    workgroup: label('Only tasks of this workgroup.'),
    key: label('Only tasks with this key.'),
    parent: Type.String({ maxLength: 128, description: 'Only the children of this task.' }),
    payloads: Type.Boolean({ default: true, description: 'false: without `input` and `output`.' }),
  }),
)
export type TaskListQuery = Static<typeof TaskListQuery>

/** Tasks whose attempts are told in one answer: a screen of a timeline. */
export const MAX_ATTEMPTS_TASKS = 100

export const AttemptsQuery = Type.Object({
  ids: Type.String({
    minLength: 1,
    maxLength: MAX_ATTEMPTS_TASKS * 129,
    description: `Tasks of the group, separated by commas, at most ${MAX_ATTEMPTS_TASKS}.`,
  }),
})

export const EventQuery = Type.Partial(
  Type.Object({
    taskGroup: Type.String({ maxLength: 128, description: 'Only events of this group.' }),
    types: Type.String({ maxLength: 500, description: 'Only events of these types, separated by commas.' }),
  }),
)
