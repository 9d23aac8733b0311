import { queryOptions, useQuery } from '@tanstack/react-query'
import { type Guarded, refusalOf } from '../lib/roles.ts'
import { call } from './client.ts'

/** Who looks. Another role ends the session, so it stays as it is while nobody logs in. */
export const me = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => call('getMe', {}, signal),
  staleTime: Number.POSITIVE_INFINITY,
})

/** Answers for an operation why whoever looks may not do it; null: he may. The server decides in any case. */
export function useMay(): (operation: Guarded) => string | null {
  const { data } = useQuery(me)
  return (operation) => refusalOf(data, operation)
}
