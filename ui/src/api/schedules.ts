import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { DEFAULT_PAGE_SIZE, type PageSearch } from '../lib/list-search.ts'
import { rawFields } from '../lib/raw-fields.ts'
import { call, callForText } from './client.ts'
import { refreshAll } from './groups.ts'
import { refetchInterval } from './live.ts'
import type { Schedule, ScheduleRow } from './operations.ts'

export const scheduleList = ({ q, page = 1, pageSize = DEFAULT_PAGE_SIZE }: PageSearch) =>
  queryOptions({
    queryKey: ['schedules', { q, page, pageSize }],
    queryFn: ({ signal }) =>
      call('listSchedules', { query: { page, pageSize, ...(q !== undefined && { search: q }) } }, signal),
    placeholderData: keepPreviousData,
    refetchInterval,
  })

/** A schedule, and its template as the text that the server sent. */
export interface FullSchedule {
  readonly schedule: Schedule
  readonly template: string
}

/** A larger one is read again only when something tells of a change. */
const LARGE_TEMPLATE = 100_000

export const scheduleOf = (id: string) =>
  queryOptions({
    queryKey: ['schedule', id],
    queryFn: async ({ signal }): Promise<FullSchedule> => {
      const text = await callForText('getSchedule', { params: { id } }, signal)
      return { schedule: JSON.parse(text), template: rawFields(text).get('template') ?? 'null' }
    },
    refetchInterval: (query) =>
      (query.state.data?.template.length ?? 0) > LARGE_TEMPLATE ? false : refetchInterval(query),
    structuralSharing: false,
  })

/** They move when it fires, and `nextAt` with them: only those of a paused one pass unnoticed. */
const PASSING_MS = 30_000

export const nextTimesOf = ({ id, cron, timezone, jitterSeconds, nextAt }: ScheduleRow, count: number) =>
  queryOptions({
    queryKey: ['next times', id, { cron, timezone, jitterSeconds, nextAt, count }],
    queryFn: ({ signal }) => call('listNextTimes', { params: { id }, query: { count } }, signal),
    placeholderData: keepPreviousData,
    staleTime: PASSING_MS,
    refetchInterval: () => (refetchInterval() === false ? false : PASSING_MS),
  })

const MOVING_MS = 10_000
const ENDED_MS = 60_000

/**
 * The group of its last run. Asked for by itself: as `groupOf` each row of the list would be followed as a topic of its own, and a
 * websocket follows 32 at most.
 */
export const lastGroupOf = (id: string) =>
  queryOptions({
    queryKey: ['last group', id],
    queryFn: ({ signal }) => call('getTaskGroup', { params: { id } }, signal),
    refetchInterval: ({ state }) =>
      refetchInterval() !== false && (state.data?.state === 'active' ? MOVING_MS : ENDED_MS),
  })

/** What can be done to a schedule. `put` carries JSON text, so that no number of the template is rounded. */
export type ScheduleAction =
  | { readonly kind: 'pause' | 'resume' | 'delete' }
  | { readonly kind: 'put'; readonly rawBody: string }

export function useScheduleAction(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (action: ScheduleAction): Promise<unknown> => actOnSchedule(id, action),
    onSuccess: (_answer, { kind }) => {
      if (kind === 'delete') for (const key of ['schedule', 'next times']) client.removeQueries({ queryKey: [key, id] })
      return refreshAll(client)
    },
  })
}

function actOnSchedule(id: string, action: ScheduleAction): Promise<unknown> {
  const params = { id }
  switch (action.kind) {
    case 'pause':
      return call('pauseSchedule', { params })
    case 'resume':
      return call('resumeSchedule', { params })
    case 'delete':
      return call('deleteSchedule', { params })
    case 'put':
      return callForText('putSchedule', { params, rawBody: action.rawBody })
  }
}

/** Creates a group of it now. */
export function useRunSchedule(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => call('runSchedule', { params: { id } }),
    onSuccess: () => refreshAll(client),
  })
}

const MAX_FOUND = 100

/** The API has one call to create and to change, so a new one first looks whether its id is taken. */
export function useCreateSchedule() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async ({ id, rawBody }: { readonly id: string; readonly rawBody: string }) => {
      const { schedules } = await call('listSchedules', { query: { search: id, pageSize: MAX_FOUND } })
      if (schedules.some((schedule) => schedule.id === id)) {
        throw new Error(`There is a schedule "${id}" already: edit that one, or choose another id.`)
      }
      await callForText('putSchedule', { params: { id }, rawBody })
    },
    onSuccess: () => refreshAll(client),
  })
}
