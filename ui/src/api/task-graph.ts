import { queryOptions } from '@tanstack/react-query'
import { readTaskGraph, type TaskGraph, withKnownTopology } from '../lib/task-graph.ts'
import { call } from './client.ts'
import { refetchInterval } from './live.ts'

/** It is much to ask for, so it is not asked for as often as the rest. */
const LEAST_MS = 10_000

/** When the tasks were there, for whoever measures how long it takes to draw them. */
export const DATA_MARK = 'crew graph data'

/** All tasks of a group without their payloads, 50,000 at most. While only states change its topology stays the same object. */
export const taskGraphOf = (groupId: string) =>
  queryOptions({
    queryKey: ['graph', groupId],
    queryFn: async ({ signal }) => {
      const feed = await call('getTaskGraph', { params: { id: groupId } }, signal)
      performance.mark(DATA_MARK)
      return readTaskGraph(feed)
    },
    structuralSharing: (older, newer) => withKnownTopology(older as TaskGraph | undefined, newer as TaskGraph),
    refetchInterval: (query) => {
      const ms = refetchInterval(query)
      return ms === false ? false : Math.max(ms, LEAST_MS)
    },
  })
