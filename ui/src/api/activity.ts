import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { type ActivitySearch, DEFAULT_PAGE_SIZE } from '../lib/list-search.ts'
import { call } from './client.ts'
import { refetchInterval } from './live.ts'

/** With a filter the server reads all that is kept. */
const ACTIVITY_MS = 10_000

export const activityList = ({ page = 1, pageSize = DEFAULT_PAGE_SIZE, ...filter }: ActivitySearch) =>
  queryOptions({
    queryKey: ['activity', { ...filter, page, pageSize }],
    queryFn: ({ signal }) => call('listActivity', { query: { ...filter, page, pageSize } }, signal),
    placeholderData: keepPreviousData,
    refetchInterval: () => (refetchInterval() === false ? false : ACTIVITY_MS),
  })
