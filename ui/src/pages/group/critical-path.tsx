import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { criticalPath } from '../../api/critical-path.ts'
import type { TaskGroup } from '../../api/operations.ts'
import { messageOf } from '../../api/problem.ts'
import { type CriticalPath, maskOfPath } from '../../lib/critical-path.ts'
import { countOf, formatDuration } from '../../lib/format.ts'
import type { TaskGraph } from '../../lib/task-graph.ts'

/** How a button looks that something is shown by. */
export const TOGGLE = 'aria-pressed:outline-2 aria-pressed:outline-accent'

/** Which chain of tasks set how long a group took that has ended. */
export function useCriticalPath(group: TaskGroup, graph: TaskGraph | undefined) {
  const [isAsked, setAsked] = useState(false)
  const isOver = group.state === 'succeeded' || group.state === 'failed'
  const isOffered = isOver && graph !== undefined && !graph.isPartial
  const isShown = isAsked && isOffered
  const { data, error } = useQuery(criticalPath(group.id, graph, isShown))
  const mask = useMemo(() => (isShown && data && graph ? maskOfPath(data, graph) : null), [isShown, data, graph])
  return { isOffered, isShown, mask, path: data, error, toggle: () => setAsked(!isAsked) }
}

/** The same in words. */
export const PathLine = ({ path, error }: Pick<ReturnType<typeof useCriticalPath>, 'path' | 'error'>) => (
  <p role="status" className="px-4 pb-3 text-soft">
    {error ? `The critical path is not known. ${messageOf(error)}` : wordsOf(path)}
  </p>
)

function wordsOf(path: CriticalPath | null | undefined): string {
  if (path === undefined) return 'Looking for the critical path…'
  if (path === null) return 'Nothing has run: there is no critical path.'
  const { tasks, tookMs } = path
  const took = tookMs === null ? '' : `, ${formatDuration(tookMs)} from the first start to the last end`
  return `${countOf(tasks.length, 'task')} on the critical path${took}: each waited for the one before.`
}
