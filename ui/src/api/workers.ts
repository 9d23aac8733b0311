import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { DEFAULT_PAGE_SIZE, type PageSearch } from '../lib/list-search.ts'
import { HISTORY_MINUTES } from '../lib/worker-history.ts'
import { call, callForText } from './client.ts'
import { refreshAll } from './groups.ts'
import { refetchInterval } from './live.ts'
import type { WorkerEdit, WorkerTest } from './operations.ts'
import type { HoldBody } from './traffic.ts'

export const workerList = ({ q, page = 1, pageSize = DEFAULT_PAGE_SIZE }: PageSearch) =>
  queryOptions({
    queryKey: ['workers', { q, page, pageSize }],
    queryFn: ({ signal }) =>
      call('listWorkers', { query: { page, pageSize, ...(q !== undefined && { search: q }) } }, signal),
    placeholderData: keepPreviousData,
    refetchInterval,
  })

export const workerOf = (name: string) =>
  queryOptions({
    queryKey: ['worker', name],
    queryFn: ({ signal }) => call('getWorker', { params: { name } }, signal),
    refetchInterval,
  })

const HISTORY_REFRESH_MS = 15_000

/** What it did in each minute of the last hour, as the server knows that is asked. */
export const historyOf = (name: string) =>
  queryOptions({
    queryKey: ['worker history', name],
    queryFn: ({ signal }) =>
      call('getWorkerHistory', { params: { name }, query: { minutes: HISTORY_MINUTES } }, signal),
    refetchInterval: () => (refetchInterval() === false ? false : HISTORY_REFRESH_MS),
  })

/** What can be done to a worker. */
export type WorkerAction =
  | { readonly kind: 'resume' | 'delete' }
  | { readonly kind: 'hold'; readonly hold: HoldBody }
  | { readonly kind: 'edit'; readonly edit: WorkerEdit }

export function useWorkerAction(name: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (action: WorkerAction): Promise<unknown> => actOnWorker(name, action),
    onSuccess: (_answer, { kind }) => {
      if (kind === 'delete') client.removeQueries({ queryKey: ['worker', name] })
      return refreshAll(client)
    },
  })
}

function actOnWorker(name: string, action: WorkerAction): Promise<unknown> {
  const params = { name }
  switch (action.kind) {
    case 'resume':
      return call('resumeWorker', { params })
    case 'hold':
      return call('pauseWorker', { params, body: action.hold })
    case 'edit':
      return call('updateWorker', { params, body: action.edit })
    case 'delete':
      return call('deleteWorker', { params })
  }
}

/** The body is JSON text, so that no number of the input is rounded. It lasts as long as the worker takes. */
export function useWorkerTest(name: string) {
  return useMutation({
    mutationFn: async (rawBody: string): Promise<WorkerTest> =>
      JSON.parse(await callForText('testWorker', { params: { name }, rawBody })),
  })
}
