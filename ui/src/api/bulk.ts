import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { DEFAULT_PAGE_SIZE, type PageSearch } from '../lib/list-search.ts'
import { call } from './client.ts'
import { refreshAll } from './groups.ts'
import { refetchInterval } from './live.ts'
import type { BulkOperation, BulkPreview } from './operations.ts'

/** What is done to whom, as the API takes it. */
export interface BulkOrder {
  readonly action: BulkPreview['action']
  readonly target: BulkPreview['target']
  readonly ids?: readonly string[]
  readonly filter?: Readonly<Record<string, string>>
  readonly params?: { readonly remainingAttempts?: number; readonly spreadSeconds?: number }
}

/** One that works is looked at as often as a person can read. */
const WATCH_MS = 500

/** What an order would do. The list behind it is frozen, so it is asked for once a dialog and never again by itself. */
export const bulkPreview = (order: BulkOrder) =>
  queryOptions({
    queryKey: ['bulk preview', order],
    queryFn: async ({ signal }) =>
      (await call('createBulk', { body: { ...bodyOf(order), dryRun: true } }, signal)) as BulkPreview,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
  })

export const bodyOf = ({ ids, ...order }: BulkOrder) => ({ ...order, ...(ids && { ids: [...ids] }) })

/** Does what a preview told. */
export function useStartBulk() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async (snapshot: string) => (await call('createBulk', { body: { snapshot } })) as BulkOperation,
    onSuccess: () => client.invalidateQueries({ queryKey: ['bulk operations'] }),
  })
}

export const bulkList = ({ page = 1, pageSize = DEFAULT_PAGE_SIZE }: PageSearch) =>
  queryOptions({
    queryKey: ['bulk operations', { page, pageSize }],
    queryFn: ({ signal }) => call('listBulk', { query: { page, pageSize } }, signal),
    placeholderData: keepPreviousData,
    refetchInterval,
  })

export const bulkOf = (id: string) =>
  queryOptions({
    queryKey: ['bulk', id],
    queryFn: ({ signal }) => call('getBulk', { params: { id } }, signal),
    refetchInterval: (query) => (query.state.data?.state === 'running' ? WATCH_MS : refetchInterval(query)),
  })

export function useBulkAction(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (kind: 'stopBulk' | 'continueBulk') => call(kind, { params: { id } }),
    onSuccess: () => refreshAll(client),
  })
}
