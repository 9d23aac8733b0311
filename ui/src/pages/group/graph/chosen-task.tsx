import { Link } from '@tanstack/react-router'
import { BUTTON, Button } from '../../../kit/button.tsx'
import { TaskStateLabel } from '../../../kit/states.tsx'
import { degreeOf } from '../../../lib/adjacency.ts'
import { childrenOf, countOf } from '../../../lib/format.ts'
import { stateAt, type TaskGraph } from '../../../lib/task-graph.ts'

interface Props {
  readonly groupId: string
  readonly graph: TaskGraph
  readonly id: string | null
  /** Whose family alone is drawn. */
  readonly familyId: string | null
  readonly onFamily: (id: string) => void
}

/** What is chosen in the graph, and what can be done with it; or how to choose. */
export function ChosenTask({ groupId, graph, id, familyId, onFamily }: Props) {
  const { topology, states } = graph
  const at = id === null ? -1 : topology.ids.indexOf(id)
  if (id === null || at === -1)
    return (
      <p className="min-h-11 px-3 py-2.5 text-soft">
        Choose a task to see its parents and children. Drag or scroll to move, Ctrl and scroll to zoom.
      </p>
    )
  return (
    <div className="flex min-h-11 flex-wrap items-center gap-x-3 gap-y-1 px-3 py-1">
      <TaskStateLabel state={stateAt(states, at)} />
      <Link
        to="/groups/$gid/tasks/$tid"
        params={{ gid: groupId, tid: id }}
        dir="auto"
        className="min-w-0 font-semibold break-all text-ink"
      >
        {topology.names[at] || id}
      </Link>
      <span className="text-soft">
        {topology.workers[topology.worker[at] ?? 0]} · {countOf(degreeOf(topology.parents, at), 'parent')},{' '}
        {childrenOf(degreeOf(topology.children, at))}
      </span>
      <span className="flex-1" />
      <Link
        from="/groups/$gid"
        to="/groups/$gid"
        params={{ gid: groupId }}
        search={(search) => ({ ...search, task: id })}
        replace
        className={`${BUTTON} text-accent underline`}
      >
        Open beside
      </Link>
      {id !== familyId && <Button onClick={() => onFamily(id)}>Only its ancestors and descendants</Button>}
    </div>
  )
}
