import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { DEFAULT_PAGE_SIZE, type TaskSearch } from '../lib/list-search.ts'
import { waitAtMost } from '../lib/next-end.ts'
import { parsedBut, rawFields } from '../lib/raw-fields.ts'
import { type Answer, call, callForText } from './client.ts'
import { refreshAll } from './groups.ts'
import { refetchInterval } from './live.ts'
import type { Task, TaskGroup, TaskSummary } from './operations.ts'
import { serverNow } from './server-clock.ts'

export const taskList = (groupId: string, { graph: _graph, task: _task, ...search }: TaskSearch) =>
  queryOptions({
    queryKey: ['tasks', groupId, search],
    queryFn: ({ signal }) => listTasks(groupId, search, signal),
    placeholderData: keepPreviousData,
    refetchInterval,
  })

function listTasks(groupId: string, search: TaskSearch, signal: AbortSignal): Promise<Answer<'listTasks'>> {
  const { q, page = 1, pageSize = DEFAULT_PAGE_SIZE, state, worker, workgroup, open } = search
  const filters = {
    ...(q && { search: q }),
    ...(state && { state }),
    ...(worker && { worker }),
    ...(workgroup && { workgroup }),
    ...(open && { skipCompleted: true }),
  }
  return call('listTasks', { params: { id: groupId }, query: { page, pageSize, payloads: false, ...filters } }, signal)
}

/** Failed tasks beyond these are not walked through one by one. */
const MAX_FAILED = 500

/** The failed tasks of a group, oldest first, to go from one to the next. */
export const failedTasks = (groupId: string) => taskList(groupId, { state: 'failed', pageSize: MAX_FAILED })

/** A task, and its payloads as the text that the server sent, and as nothing else. */
export interface FullTask {
  readonly task: TaskSummary
  readonly raw: ReadonlyMap<string, string>
  /** The whole answer. */
  readonly text: string
}

/** A larger answer is not asked for every few seconds: the page asks when why or the attempts tell of something new. */
const LARGE_TASK = 100_000

export const taskOf = (tid: string) =>
  queryOptions({
    queryKey: ['task', tid],
    queryFn: async ({ signal }): Promise<FullTask> => {
      const text = await callForText('getTask', { params: { tid } }, signal)
      const raw = rawFields(text)
      return { task: parsedBut(raw, ['input', 'output']) as TaskSummary, raw, text }
    },
    refetchInterval: ({ state }) => ((state.data?.text.length ?? 0) > LARGE_TASK ? false : refetchInterval()),
    structuralSharing: false,
  })

export const whyOf = (tid: string) =>
  queryOptions({
    queryKey: ['why', tid],
    queryFn: ({ signal }) => call('explainTask', { params: { tid } }, signal),
    refetchInterval: (query) => waitAtMost(refetchInterval(query), query.state.data?.reasons, serverNow()),
  })

export const attemptsOf = (tid: string) =>
  queryOptions({
    queryKey: ['attempts', tid],
    queryFn: ({ signal }) => call('listAttempts', { params: { tid } }, signal),
    refetchInterval,
  })

/** What its worker is sent. Asked for when somebody looks at it, for it may carry the outputs of many parents. */
export const requestOf = (tid: string) =>
  queryOptions({
    queryKey: ['request', tid],
    queryFn: ({ signal }) => call('previewRequest', { params: { tid } }, signal),
    staleTime: 0,
  })

/** What can be done to a task. `edit` and `add` carry JSON text, so that no number in it is rounded. */
export type TaskAction =
  | { readonly kind: 'retry'; readonly remainingAttempts: number }
  | { readonly kind: 'reset'; readonly remainingAttempts: number; readonly descendants: boolean }
  | { readonly kind: 'pause' | 'resume' | 'runNow' | 'complete' | 'delete' }
  | { readonly kind: 'edit'; readonly rawBody: string }

export function useTaskAction(tid: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (action: TaskAction): Promise<unknown> => actOnTask(tid, action),
    onSuccess: (_answer, { kind }) => {
      if (kind === 'delete')
        for (const key of ['task', 'why', 'attempts']) client.removeQueries({ queryKey: [key, tid] })
      return refreshAll(client)
    },
  })
}

function actOnTask(tid: string, action: TaskAction): Promise<unknown> {
  const params = { tid }
  switch (action.kind) {
    case 'retry':
      return call('retryTask', { params, body: { remainingAttempts: action.remainingAttempts } })
    case 'reset': {
      const { remainingAttempts, descendants } = action
      return call('resetTask', { params, body: { remainingAttempts, descendants } })
    }
    case 'pause':
    case 'resume':
      return call('updateTask', { params, body: { isPaused: action.kind === 'pause' } })
    case 'runNow':
      return call('updateTask', { params, body: { runAfter: null } })
    case 'complete':
      return call('updateTask', { params, body: { isComplete: true } })
    case 'edit':
      return callForText('updateTask', { params, rawBody: action.rawBody })
    case 'delete':
      return call('deleteTask', { params })
  }
}

export function useAddTask(groupId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async (rawBody: string): Promise<Task> =>
      JSON.parse(await callForText('createTask', { params: { id: groupId }, rawBody })),
    onSuccess: () => refreshAll(client),
  })
}

/** A copy of one task alone, in a new paused group, which may be resumed at once. The body is JSON text. */
export function usePluckTask(tid: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async ({ rawBody, isResumed }: { readonly rawBody: string; readonly isResumed: boolean }) => {
      const group: TaskGroup = JSON.parse(await callForText('pluckTask', { params: { tid }, rawBody }))
      if (isResumed) await call('resumeTaskGroup', { params: { id: group.id }, body: {} })
      return group
    },
    onSuccess: () => refreshAll(client),
  })
}
