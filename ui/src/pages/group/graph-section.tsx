import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import type { TaskGroup } from '../../api/operations.ts'
import { taskGraphOf } from '../../api/task-graph.ts'
import { Button } from '../../kit/button.tsx'
import { Failure, Loading } from '../../kit/notices.tsx'
import { formatNumber } from '../../lib/format.ts'
import { GRAPH_LOOKS, type GraphLook, type TaskSearch } from '../../lib/list-search.ts'
import { totalOf } from '../../lib/states.ts'
import type { TaskGraph } from '../../lib/task-graph.ts'
import { PathLine, TOGGLE, useCriticalPath } from './critical-path.tsx'
import { StageGraph } from './stage-graph.tsx'

export const loadAllTasks = () => import('./graph/all-tasks.tsx')
const AllTasks = lazy(async () => ({ default: (await loadAllTasks()).AllTasks }))

/** A graph of so few tasks can be read at once; of more its stages can. */
const FEW_TASKS = 60

interface Props {
  readonly group: TaskGroup
  readonly search: TaskSearch
  readonly onSearch: (search: TaskSearch) => void
}

/** On a phone the tasks come first, unless the address asks for the graph. */
export const isGraphOpen = (search: TaskSearch): boolean =>
  search.graph !== undefined || matchMedia('(width >= 40rem)').matches

/** The graph of a group: its stages, or all its tasks. */
export function GraphSection(props: Props) {
  const count = totalOf(props.group.counts)
  return count === 0 ? null : <Graph {...props} count={count} />
}

function Graph({ group, search, onSearch, count }: Props & { readonly count: number }) {
  // It does not change under one's eyes when tasks are added.
  const [usual] = useState<GraphLook>(count <= FEW_TASKS ? 'tasks' : 'stages')
  const look = search.graph ?? usual
  const [isOpen, setOpen] = useState(() => isGraphOpen(search))
  const graph = useQuery({ ...taskGraphOf(group.id), enabled: isOpen })
  const path = useCriticalPath(group, graph.data)
  const choose = (next: GraphLook): void => {
    const { graph: _before, ...rest } = search
    onSearch(next === usual ? rest : { ...rest, graph: next })
  }
  const lead = (
    <>
      <Button look="quiet" className="sm:hidden" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {isOpen ? 'Hide' : 'Show'} the graph
      </Button>
      {isOpen && <LookButtons look={look} onChoose={choose} />}
      {isOpen && path.isOffered && (
        <Button aria-pressed={path.isShown} className={TOGGLE} onClick={path.toggle}>
          <span aria-hidden="true">★</span> Critical path
        </Button>
      )}
    </>
  )
  const isDrawn = isOpen && look === 'tasks'
  return (
    <section aria-label="Graph" className="border-b border-line">
      {isDrawn ? (
        <Suspense fallback={<div className={LEAD}>{lead}</div>}>
          <AllTasks key={group.id} groupId={group.id} graph={graph.data} path={path.mask} lead={lead} />
        </Suspense>
      ) : (
        <div className={LEAD}>{lead}</div>
      )}
      {graph.error && (
        <Failure error={graph.error} onRetry={() => void graph.refetch()} shownAt={graph.dataUpdatedAt} />
      )}
      {isOpen && path.isShown && <PathLine {...path} />}
      {isOpen && graph.isLoading && <Loading what="the graph" />}
      {isOpen && graph.data?.isPartial && <Partial graph={graph.data} count={count} />}
      {isOpen && graph.data && look === 'stages' && (
        <StageGraph graph={graph.data} path={path.mask} search={search} onSearch={onSearch} />
      )}
    </section>
  )
}

const LEAD = 'flex flex-wrap items-center gap-2 p-3'

const WORDS: Readonly<Record<GraphLook, string>> = { stages: 'Stages', tasks: 'All tasks' }

const LookButtons = ({
  look,
  onChoose,
}: {
  readonly look: GraphLook
  readonly onChoose: (next: GraphLook) => void
}) => (
  <fieldset className="flex">
    <legend className="sr-only">What the graph shows</legend>
    {GRAPH_LOOKS.map((each) => (
      <Button
        key={each}
        aria-pressed={look === each}
        className="not-first-of-type:rounded-l-none not-first-of-type:border-l-0 not-last:rounded-r-none aria-pressed:bg-sunken aria-pressed:font-semibold aria-pressed:text-accent"
        onClick={() => onChoose(each)}
      >
        {WORDS[each]}
      </Button>
    ))}
  </fieldset>
)

const Partial = ({ graph, count }: { readonly graph: TaskGraph; readonly count: number }) => (
  <p className="px-4 pb-2 text-soft">
    The graph has the oldest {formatNumber(graph.states.length)} of {formatNumber(count)} tasks. The table below lists
    all of them.
  </p>
)
