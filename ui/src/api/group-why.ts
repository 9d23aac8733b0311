import { queryOptions } from '@tanstack/react-query'
import { waitAtMost } from '../lib/next-end.ts'
import { call } from './client.ts'
import { refetchInterval } from './live.ts'
import { serverNow } from './server-clock.ts'

/** What holds a group up. */
export const groupWhy = (id: string) =>
  queryOptions({
    queryKey: ['group why', id],
    queryFn: ({ signal }) => call('explainTaskGroup', { params: { id } }, signal),
    refetchInterval: (query) => waitAtMost(refetchInterval(query), query.state.data?.reasons, serverNow()),
  })
