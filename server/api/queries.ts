import type { PageQuery, TaskQuery } from '../../storage/task-storage.ts'
import { MAX_LABEL_LENGTH, MAX_METADATA } from '../core/task-input.ts'
import type { GroupListQuery, PagingQuery, TaskListQuery } from './schemas/queries.ts'
import { invalidRequest } from './validation.ts'

const DEFAULT_PAGE_SIZE = 20

/** Which page is asked for. */
export function readPage({ page = 1, pageSize = DEFAULT_PAGE_SIZE }: PagingQuery): PageQuery {
  return { page, pageSize }
}

/** Which groups are asked for. */
export const readGroupQuery = (query: GroupListQuery) => ({ ...readPage(query), search: query.search ?? '' })

/** Which tasks of a group are asked for. */
export function readTaskQuery(groupId: string, query: TaskListQuery): TaskQuery {
  const metadata = readMetadata(query)
  return {
    ...readPage(query),
    groupId,
    search: query.search ?? '',
    skipCompleted: query.skipCompleted ?? false,
    ...(query.state && { state: query.state }),
    ...(query.worker && { worker: query.worker }),
    ...(query.workgroup && { workgroup: query.workgroup }),
    ...(query.key && { key: query.key }),
    ...(metadata && { metadata }),
  }
}

const PREFIX = 'metadata.'

/** `metadata.NAME=VALUE`, any number of them; the schema cannot say that. */
function readMetadata(query: object): Record<string, string> | null {
  const given = Object.entries(query).filter(([name]) => name.startsWith(PREFIX))
  if (given.length > MAX_METADATA) throw fault('metadata', `expected at most ${MAX_METADATA} filters`)
  for (const [name, value] of given) {
    if (typeof value !== 'string') throw fault(name, 'expected one value')
    if (name.length > PREFIX.length + MAX_LABEL_LENGTH)
      throw fault(PREFIX, `expected at most ${MAX_LABEL_LENGTH} characters`)
  }
  return given.length === 0
    ? null
    : Object.fromEntries(given.map(([name, value]) => [name.slice(PREFIX.length), value]))
}

const fault = (name: string, detail: string) => invalidRequest([{ pointer: `/${name}`, detail }])
