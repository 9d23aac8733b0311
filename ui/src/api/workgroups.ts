import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { DEFAULT_PAGE_SIZE, type PageSearch } from '../lib/list-search.ts'
import { call } from './client.ts'
import { refreshAll } from './groups.ts'
import { refetchInterval } from './live.ts'
import type { LimitsEdit, Workgroup } from './operations.ts'
import type { HoldBody } from './traffic.ts'

export const workgroupList = ({ page = 1, pageSize = DEFAULT_PAGE_SIZE }: PageSearch) =>
  queryOptions({
    queryKey: ['workgroups', { page, pageSize }],
    queryFn: ({ signal }) => call('listWorkgroups', { query: { page, pageSize } }, signal),
    placeholderData: keepPreviousData,
    refetchInterval,
  })

export const workgroupOf = (name: string) =>
  queryOptions({
    queryKey: ['workgroup', name],
    queryFn: ({ signal }) => call('getWorkgroup', { params: { name } }, signal),
    refetchInterval,
  })

export const pastHoldsOf = (name: string) =>
  queryOptions({
    queryKey: ['workgroup holds', name],
    queryFn: ({ signal }) => call('listWorkgroupHolds', { params: { name } }, signal),
    refetchInterval,
  })

/** What can be done to a workgroup. */
export type WorkgroupAction =
  | { readonly kind: 'resume'; readonly spreadSeconds?: number }
  | { readonly kind: 'hold'; readonly hold: HoldBody }
  | { readonly kind: 'limit'; readonly edit: LimitsEdit }

export function useWorkgroupAction(name: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (action: WorkgroupAction): Promise<Workgroup> => actOnWorkgroup(name, action),
    onSuccess: () => refreshAll(client),
  })
}

function actOnWorkgroup(name: string, action: WorkgroupAction): Promise<Workgroup> {
  const params = { name }
  switch (action.kind) {
    case 'resume': {
      const { spreadSeconds } = action
      return call('resumeWorkgroup', { params, body: spreadSeconds === undefined ? {} : { spreadSeconds } })
    }
    case 'hold':
      return call('pauseWorkgroup', { params, body: action.hold })
    case 'limit':
      return call('updateWorkgroup', { params, body: action.edit })
  }
}

/** Groups that are looked into, newest first, and how often: each is a request of its own. */
const MAX_GROUPS = 10
const WAITING_REFRESH_MS = 10_000
/** Beyond the last page an answer has the count alone, and no inputs. */
const NO_TASKS = { page: 1_000_000_000, pageSize: 1 } as const

/** Where its tasks wait: the newest unfinished groups that have some. The API lists tasks group by group. */
export const waitingGroupsOf = (workgroup: string) =>
  queryOptions({
    queryKey: ['waiting groups', workgroup],
    queryFn: ({ signal }) => readWaitingGroups(workgroup, signal),
    refetchInterval: () => (refetchInterval() === false ? false : WAITING_REFRESH_MS),
  })

async function readWaitingGroups(workgroup: string, signal: AbortSignal) {
  const { taskGroups } = await call('listTaskGroups', { query: { pageSize: 100 } }, signal)
  const unfinished = taskGroups.filter(({ state }) => state !== 'succeeded' && state !== 'empty').slice(0, MAX_GROUPS)
  const groups = await Promise.all(
    unfinished.map(async ({ id, name }) => {
      const query = { ...NO_TASKS, workgroup, skipCompleted: true }
      const { count } = await call('listTasks', { params: { id }, query }, signal)
      return { id, name, count }
    }),
  )
  return groups.filter(({ count }) => count > 0)
}
