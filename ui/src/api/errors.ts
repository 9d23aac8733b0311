import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { DEFAULT_PAGE_SIZE, type ErrorSearch } from '../lib/list-search.ts'
import { call } from './client.ts'
import { refetchInterval } from './live.ts'

/** Kinds of errors by which tasks fail now: of one group, or over everything. */
export const errorList = ({ taskGroup, worker }: { readonly taskGroup?: string; readonly worker?: string }) =>
  queryOptions({
    queryKey: ['errors', taskGroup ?? '', worker ?? ''],
    queryFn: ({ signal }) =>
      call('listErrors', { query: { ...(taskGroup && { taskGroup }), ...(worker && { worker }) } }, signal),
    placeholderData: keepPreviousData,
    refetchInterval,
  })

/** One kind, with a page of its tasks. */
export const errorOf = (fingerprint: string, { page = 1, pageSize = DEFAULT_PAGE_SIZE, taskGroup }: ErrorSearch) =>
  queryOptions({
    queryKey: ['error', fingerprint, { page, pageSize, taskGroup }],
    queryFn: ({ signal }) =>
      call(
        'getError',
        { params: { fingerprint }, query: { page, pageSize, ...(taskGroup !== undefined && { taskGroup }) } },
        signal,
      ),
    placeholderData: keepPreviousData,
    refetchInterval,
  })
