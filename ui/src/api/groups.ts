import { keepPreviousData, type QueryClient, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { DEFAULT_PAGE_SIZE, type GroupSearch } from '../lib/list-search.ts'
import { call, callForText } from './client.ts'
import { refetchInterval } from './live.ts'
import type { GroupInput, TaskGroup } from './operations.ts'

/** Everything that changes with tasks: an action on one changes the others' counts too. */
export const refreshAll = (client: QueryClient): Promise<void> => client.invalidateQueries()

export const groupList = ({ q, page = 1, pageSize = DEFAULT_PAGE_SIZE, state, failing, sort }: GroupSearch) =>
  queryOptions({
    queryKey: ['groups', { q, page, pageSize, state, failing, sort }],
    queryFn: ({ signal }) =>
      call(
        'listTaskGroups',
        {
          query: {
            page,
            pageSize,
            ...(q !== undefined && { search: q }),
            ...(state && { state }),
            ...(failing && { failing }),
            ...(sort && { sort }),
          },
        },
        signal,
      ),
    placeholderData: keepPreviousData,
    refetchInterval,
  })

export const groupOf = (id: string) =>
  queryOptions({
    queryKey: ['group', id],
    queryFn: ({ signal }) => call('getTaskGroup', { params: { id } }, signal),
    refetchInterval,
  })

export function useCreateGroup() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: GroupInput) => call('createTaskGroup', { body }),
    onSuccess: () => refreshAll(client),
  })
}

/** The text is sent as it was pasted: the server says where it is wrong, and no number in it is rounded. */
export function useCreateGraph() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async (rawBody: string): Promise<TaskGroup> =>
      JSON.parse(await callForText('createTaskGraph', { rawBody })),
    onSuccess: () => refreshAll(client),
  })
}

/** What can be done to a group. `settings` carry JSON text, so that no number of an input is rounded. */
export type GroupAction =
  | { readonly kind: 'pause' | 'delete' }
  | { readonly kind: 'resume'; readonly spreadSeconds?: number }
  | { readonly kind: 'retry'; readonly remainingAttempts: number; readonly spreadSeconds?: number }
  | { readonly kind: 'reset'; readonly remainingAttempts: number }
  | { readonly kind: 'rename'; readonly name: string }
  | { readonly kind: 'settings'; readonly rawBody: string }

export function useGroupAction(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (action: GroupAction): Promise<unknown> => actOnGroup(id, action),
    onSuccess: (_answer, { kind }) => {
      if (kind === 'delete') client.removeQueries({ queryKey: ['group', id] })
      return refreshAll(client)
    },
  })
}

function actOnGroup(id: string, action: GroupAction): Promise<unknown> {
  const params = { id }
  switch (action.kind) {
    case 'pause':
      return call('pauseTaskGroup', { params })
    case 'resume': {
      const { kind: _kind, ...body } = action
      return call('resumeTaskGroup', { params, body })
    }
    case 'retry': {
      const { kind: _kind, ...body } = action
      return call('retryTaskGroup', { params, body })
    }
    case 'reset':
      return call('resetTaskGroup', { params, body: { remainingAttempts: action.remainingAttempts } })
    case 'rename':
      return call('updateTaskGroup', { params, body: { name: action.name } })
    case 'settings':
      return callForText('updateTaskGroup', { params, rawBody: action.rawBody })
    case 'delete':
      return call('deleteTaskGroup', { params })
  }
}
