import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { call } from './client.ts'
import { refetchInterval } from './live.ts'

/** The attempts of some tasks of a group, at most 100 at once. */
export const attemptsOfMany = (groupId: string, ids: readonly string[]) =>
  queryOptions({
    queryKey: ['timeline', groupId, ids],
    queryFn: ({ signal }) =>
      call('listAttemptsOfTasks', { params: { id: groupId }, query: { ids: ids.join(',') } }, signal),
    placeholderData: keepPreviousData,
    refetchInterval,
    enabled: ids.length > 0,
  })
