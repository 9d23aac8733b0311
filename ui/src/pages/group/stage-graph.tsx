import { Fragment, useMemo, useState } from 'react'
import { Button } from '../../kit/button.tsx'
import { StackedBar } from '../../kit/states.tsx'
import { countOf, formatNumber } from '../../lib/format.ts'
import { type TaskSearch, withFilter } from '../../lib/list-search.ts'
import { countsOf, foldStages, type Stage, type Stages } from '../../lib/stages.ts'
import { GLYPHS, TASK_STATES } from '../../lib/states.ts'
import type { TaskGraph } from '../../lib/task-graph.ts'
import { Waffle } from './waffle.tsx'

/** Columns beyond these are shown when asked for: workers that take turns make as many as there are tasks. */
const COLUMNS_AT_ONCE = 60

interface Props {
  readonly graph: TaskGraph
  /** Has a 1 for each task on the critical path; null: not asked for. */
  readonly path: Uint8Array | null
  readonly search: TaskSearch
  readonly onSearch: (search: TaskSearch) => void
}

/** The graph folded into stages; choosing one filters the table below by its worker. */
export function StageGraph({ graph, path, search, onSearch }: Props) {
  const { topology } = graph
  const folded = useMemo(() => foldStages(topology), [topology])
  const columns = useMemo(() => columnsOf(folded), [folded])
  const [most, setMost] = useState(COLUMNS_AT_ONCE)
  const left = columns.length - most
  return (
    <>
      <section
        className="flex items-center gap-0 overflow-x-auto px-4 pb-4 max-sm:flex-col max-sm:items-stretch"
        tabIndex={0}
        aria-label="Stages from first to last"
      >
        {columns.slice(0, most).map(({ depth, stages, edgesInto }, i) => (
          <Fragment key={depth}>
            {i > 0 && <Edge count={edgesInto} />}
            <div className="grid shrink-0 gap-2">
              {stages.map((stage) => (
                <StageCard
                  key={stage.id}
                  stage={stage}
                  graph={graph}
                  isCritical={path !== null && stage.members.some((v) => path[v] === 1)}
                  isChosen={search.worker === stage.worker}
                  onChoose={() =>
                    onSearch(withFilter(search, { worker: search.worker === stage.worker ? undefined : stage.worker }))
                  }
                />
              ))}
            </div>
          </Fragment>
        ))}
        {left > 0 && (
          <Button className="ml-3 shrink-0 max-sm:mt-2 max-sm:ml-0" onClick={() => setMost(most + COLUMNS_AT_ONCE)}>
            {formatNumber(Math.min(left, COLUMNS_AT_ONCE))} of {formatNumber(left)} more
          </Button>
        )}
      </section>
      <HowFiltered folded={folded} worker={search.worker} />
    </>
  )
}

interface Column {
  readonly depth: number
  readonly stages: readonly Stage[]
  /** How many edges lead into it, from any column before it. */
  readonly edgesInto: number
}

function columnsOf({ stages, edges }: Stages): readonly Column[] {
  const depthOf = new Map(stages.map(({ id, depth }) => [id, depth]))
  const into = new Map<number, number>()
  for (const { to, count } of edges) {
    const depth = depthOf.get(to) ?? 0
    into.set(depth, (into.get(depth) ?? 0) + count)
  }
  return [...Map.groupBy(stages, ({ depth }) => depth)].map(([depth, members]) => ({
    depth,
    stages: members,
    edgesInto: into.get(depth) ?? 0,
  }))
}

/** The table knows workers, not stages: where that is not the same, it is said. */
function HowFiltered({ folded, worker }: { readonly folded: Stages; readonly worker: string | undefined }) {
  const chosen = folded.stages.filter((stage) => stage.worker === worker)
  if (chosen.length < 2) return null
  const tasks = chosen.reduce((sum, { members }) => sum + members.length, 0)
  return (
    <p className="px-4 pb-3 text-soft">
      {worker} has {formatNumber(chosen.length)} stages. The table shows its {countOf(tasks, 'task')} of all of them.
    </p>
  )
}

const Edge = ({ count }: { readonly count: number }) => (
  <div
    className="flex w-14 shrink-0 flex-col items-center max-sm:w-full max-sm:flex-row max-sm:justify-center max-sm:gap-2 max-sm:py-1"
    title={countOf(count, 'edge')}
  >
    <span className="text-[12px] text-soft">{formatNumber(count)}</span>
    <span aria-hidden="true" className="h-0.5 w-full bg-line max-sm:h-4 max-sm:w-0.5" />
  </div>
)

interface CardProps {
  readonly stage: Stage
  readonly graph: TaskGraph
  /** Some of its tasks are on the critical path. */
  readonly isCritical: boolean
  readonly isChosen: boolean
  readonly onChoose: () => void
}

function StageCard({ stage, graph, isCritical, isChosen, onChoose }: CardProps) {
  const { members, length } = stage
  const counts = countsOf(stage, graph)
  const shown = TASK_STATES.filter((state) => counts[state] > 0)
  return (
    <button
      type="button"
      aria-pressed={isChosen}
      className="w-56 rounded-lg border border-edge bg-surface p-2.5 text-left hover:bg-sunken aria-pressed:outline-2 aria-pressed:outline-accent max-sm:w-full"
      onClick={onChoose}
    >
      <span className="flex gap-2">
        <b className="min-w-0 flex-1 truncate">{stage.worker}</b>
        {isCritical && (
          <span title="On the critical path" className="text-accent">
            <span aria-hidden="true">★</span>
            <span className="sr-only">on the critical path</span>
          </span>
        )}
        <span className="text-soft">× {formatNumber(members.length)}</span>
      </span>
      {length > 1 && <span className="block text-soft">{formatNumber(length)} in a row</span>}
      <span className="my-1.5 block">
        <StackedBar counts={counts} />
      </span>
      {members.length > 1 && <Waffle members={members} states={graph.states} />}
      <span className="flex flex-wrap gap-x-2">
        {shown.map((state) => (
          <span key={state} data-state-of={state} className="state whitespace-nowrap">
            <span aria-hidden="true">{GLYPHS[state]}</span> {shown.length === 1 ? state : formatNumber(counts[state])}
            {shown.length > 1 && <span className="sr-only"> {state}</span>}
          </span>
        ))}
      </span>
    </button>
  )
}
