import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { TaskSummary } from '../../api/operations.ts'
import { taskGraphOf } from '../../api/task-graph.ts'
import { TaskStateLabel } from '../../kit/states.tsx'
import { neighboursOf } from '../../lib/adjacency.ts'
import { formatNumber } from '../../lib/format.ts'
import type { TaskState } from '../../lib/states.ts'
import { stateAt, type TaskGraph } from '../../lib/task-graph.ts'

const MAX_SHOWN = 100

/** What it waits for and what waits for it. */
export function Family({ task }: { readonly task: TaskSummary }) {
  const { data: graph } = useQuery(taskGraphOf(task.taskGroupId))
  const at = graph?.topology.ids.indexOf(task.id) ?? -1
  const parents = task.parentIds.map((id) => ({ id, ...(graph && factsOf(graph, graph.topology.ids.indexOf(id))) }))
  const children = graph && at !== -1 ? neighboursOf(graph.topology.children, at) : []
  return (
    <section aria-label="Parents and children" className="rounded-lg border border-line bg-surface p-4">
      <Relatives title="Parents" gid={task.taskGroupId} tasks={parents} />
      {graph && at === -1 ? (
        <p className="mt-3 text-soft">Children are looked up among the oldest tasks of a group, and this is not one.</p>
      ) : (
        <Relatives
          title="Children"
          gid={task.taskGroupId}
          tasks={Array.from(children, (v) => ({ id: graph?.topology.ids[v] ?? '', ...(graph && factsOf(graph, v)) }))}
        />
      )}
    </section>
  )
}

const factsOf = ({ topology, states }: TaskGraph, v: number) =>
  v === -1 ? {} : { name: topology.names[v] ?? '', state: stateAt(states, v) }

interface Relative {
  readonly id: string
  readonly name?: string
  readonly state?: TaskState
}

function Relatives(props: { readonly title: string; readonly gid: string; readonly tasks: readonly Relative[] }) {
  const { title, gid, tasks } = props
  return (
    <>
      <h2 className="font-semibold not-first:mt-3">
        {title} {tasks.length > 0 && <span className="font-normal text-soft">{formatNumber(tasks.length)}</span>}
      </h2>
      {tasks.length === 0 && <p className="text-soft">none</p>}
      <ul className="max-h-80 overflow-auto">
        {tasks.slice(0, MAX_SHOWN).map(({ id, name, state }) => (
          <li key={id} className="flex min-h-7 items-center gap-2">
            {state && <TaskStateLabel state={state} />}
            <Link
              to="/groups/$gid/tasks/$tid"
              params={{ gid, tid: id }}
              className="min-w-0 truncate text-accent underline"
              dir="auto"
            >
              {name || id}
            </Link>
          </li>
        ))}
      </ul>
      {tasks.length > MAX_SHOWN && <p className="text-soft">and {formatNumber(tasks.length - MAX_SHOWN)} more</p>}
    </>
  )
}
