import { queryOptions } from '@tanstack/react-query'
import { call } from './client.ts'
import { refetchInterval } from './live.ts'

/** How much there is of what, over everything. */
export const overview = queryOptions({
  queryKey: ['overview'],
  queryFn: ({ signal }) => call('getOverview', {}, signal),
  refetchInterval,
})
