import type { GroupQuery, PageQuery, TaskQuery } from '../../storage/task-storage.ts'
import { taskStates } from '../core/task.ts'
import { groupStates } from '../core/task-group.ts'
import { MAX_LABEL_LENGTH, MAX_METADATA } from '../core/task-input.ts'
import { parseTime } from '../core/time.ts'
import type { ErrorListQuery } from './schemas/error.ts'
import {
  type GroupListQuery,
  MAX_ATTEMPTS_TASKS,
  type PagingQuery,
  type SearchQuery,
  type TaskListQuery,
} from './schemas/queries.ts'
import { invalidRequest } from './validation.ts'

const DEFAULT_PAGE_SIZE = 20

/** Which page is asked for. */
export function readPage({ page = 1, pageSize = DEFAULT_PAGE_SIZE }: PagingQuery): PageQuery {
  return { page, pageSize }
}

/** Which page of what a search leaves. */
export const readSearch = (query: SearchQuery) => ({ ...readPage(query), search: query.search ?? '' })

/** Which groups are asked for. */
export function readGroupQuery(query: GroupListQuery): GroupQuery {
  const { state, failing, createdAfter, createdBefore, sort } = query
  return {
    ...readSearch(query),
    ...(state && { states: readWords(state, groupStates, '/state') }),
    ...(failing && { isFailing: true }),
    ...(createdAfter && { createdAfter: readTime(createdAfter, '/createdAfter') }),
    ...(createdBefore && { createdBefore: readTime(createdBefore, '/createdBefore') }),
    ...(sort && { sort }),
  }
}

/** Which tasks of a group are asked for. */
export function readTaskQuery(groupId: string, query: TaskListQuery): TaskQuery {
  const metadata = readMetadata(query)
  return {
    ...readPage(query),
    groupId,
    search: query.search ?? '',
    skipCompleted: query.skipCompleted ?? false,
    ...(query.state && { states: readWords(query.state, taskStates, '/state') }),
    ...(query.worker && { worker: query.worker }),
    ...(query.workgroup && { workgroup: query.workgroup }),
    ...(query.key && { key: query.key }),
    ...(query.parent && { parent: query.parent }),
    ...(metadata && { metadata }),
    payloads: query.payloads ?? true,
  }
}

/** Which tasks are asked for. */
export function readIds(text: string): string[] {
  const ids = text.split(',')
  if (ids.length > MAX_ATTEMPTS_TASKS) throw fault('ids', `expected at most ${MAX_ATTEMPTS_TASKS} of them`)
  return ids
}

/** Whose errors are asked for. */
export const readErrorScan = ({ taskGroup, worker }: ErrorListQuery) => ({
  ...(taskGroup && { taskGroup }),
  ...(worker && { worker }),
})

function readTime(text: string, pointer: string): number {
  const time = parseTime(text)
  if (time === null) throw invalidRequest([{ pointer, detail: 'expected a time like 2026-01-31T09:00:00Z' }])
  return time
}

/** One of some words or several of them, separated by commas. */
function readWords<Word extends string>(text: string, known: readonly Word[], pointer: string): Word[] {
  const words = text.split(',')
  const found = known.filter((word) => words.includes(word))
  const isKnown = (word: string) => found.some((one) => one === word)
  if (!words.every(isKnown)) throw invalidRequest([{ pointer, detail: `expected one of ${known.join(', ')}` }])
  return found
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
