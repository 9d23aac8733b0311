import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { call } from './client.ts'
import { refreshAll } from './groups.ts'
import { slowInterval } from './live.ts'
import type { Notifications } from './operations.ts'

/** Who is told of all groups. */
export const notifications = queryOptions({
  queryKey: ['notifications'],
  queryFn: ({ signal }) => call('getNotifications', {}, signal),
  refetchInterval: slowInterval,
})

/** Sets all of them at once. */
export function useNotificationsEdit() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: Notifications) => call('updateNotifications', { body }),
    onSuccess: () => refreshAll(client),
  })
}
