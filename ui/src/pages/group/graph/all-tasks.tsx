import { useNavigate } from '@tanstack/react-router'
import { type CSSProperties, type ReactNode, useEffect, useId, useRef, useState } from 'react'
import { Button } from '../../../kit/button.tsx'
import { Failure, Loading } from '../../../kit/notices.tsx'
import { countOf, formatNumber } from '../../../lib/format.ts'
import { isProblem } from '../../../lib/subgraph.ts'
import type { TaskGraph } from '../../../lib/task-graph.ts'
import { useKeys } from '../../../shell/keys.ts'
import { TOGGLE } from '../critical-path.tsx'
import { ChosenTask } from './chosen-task.tsx'
import { FindTask } from './find-task.tsx'
import { GraphView } from './graph-view.ts'
import { Layouter } from './layouter.ts'
import { heightOf, type Scene } from './scene.ts'
import { useScene } from './use-scene.ts'

/** When the graph was on the screen, for whoever measures. */
const PAINTED_MARK = 'crew graph painted'

/** Around a graph that needs less than its window has, pixels. */
const PADDING = 64

/** A worker takes a while to start, so it does with this module, while the tasks are on their way; for the first graph. */
let spare: Layouter | null = new Layouter()

interface Props {
  readonly groupId: string
  /** Not there yet, but the worker can start meanwhile. */
  readonly graph: TaskGraph | undefined
  /** Only those that it has a 1 for; null: all. */
  readonly path: Uint8Array | null
  /** What stands first among the buttons. */
  readonly lead: ReactNode
}

/** The graph with a card for each task. */
export function AllTasks({ graph, path, lead, groupId }: Props) {
  const [layouter, setLayouter] = useState<Layouter | null>(null)
  useEffect(() => {
    const own = spare ?? new Layouter()
    spare = null
    setLayouter(own)
    return () => own.stop()
  }, [])
  if (graph && layouter) return <Graph groupId={groupId} graph={graph} path={path} layouter={layouter} lead={lead} />
  return <div className="flex flex-wrap items-center gap-2 p-3">{lead}</div>
}

interface GraphProps extends Props {
  readonly graph: TaskGraph
  readonly layouter: Layouter
}

function Graph({ groupId, graph, path, layouter, lead }: GraphProps) {
  const [isOnlyProblems, setOnlyProblems] = useState(false)
  const [familyId, setFamilyId] = useState<string | null>(null)
  const [chosenId, setChosenId] = useState<string | null>(null)
  const family = familyId === null ? -1 : graph.topology.ids.indexOf(familyId)
  const { scene, error } = useScene(graph, { isOnlyProblems, familyOf: family === -1 ? null : family, path }, layouter)
  const { host, view } = useGraphView(groupId, scene, graph, setChosenId)
  const helpId = useId()
  const problems = graph.states.reduce((sum, state) => sum + (isProblem[state] ? 1 : 0), 0)
  const zoom = (direction: 1 | -1) => () => view.current?.zoom(direction)
  const fit = (): void => view.current?.fit()
  useKeys({ '+': zoom(1), '=': zoom(1), '-': zoom(-1), 0: fit })
  return (
    <>
      <div className="flex flex-wrap items-center gap-2 p-3">
        {lead}
        <FindTask topology={graph.topology} onFound={(id) => view.current?.reveal(id)} />
        <Button aria-pressed={isOnlyProblems} className={TOGGLE} onClick={() => setOnlyProblems(!isOnlyProblems)}>
          Only problems <span className="text-soft">{formatNumber(problems)}</span>
        </Button>
        {family !== -1 && (
          <Button aria-label="Show all tasks again, not only one family" onClick={() => setFamilyId(null)}>
            family of {graph.topology.names[family] || familyId} <span aria-hidden="true">×</span>
          </Button>
        )}
        <span className="flex-1" />
        <ZoomButtons onZoom={zoom} onFit={fit} />
      </div>
      {error && <Failure error={error} />}
      {!scene && !error && <Loading what="the graph" />}
      <div
        ref={host}
        // The arrow keys are its own: a screen reader leaves them to it.
        role="application"
        aria-roledescription="graph"
        aria-label={`Graph of ${countOf(scene?.nodes.length ?? 0, 'task')}`}
        aria-describedby={helpId}
        tabIndex={0}
        className={scene?.nodes.length ? 'graph border-y border-line' : 'hidden'}
        style={{ '--graph-height': `${scene ? heightOf(scene) + PADDING : 0}px` } as CSSProperties}
      />
      {scene?.nodes.length === 0 && <p className="p-6 text-soft">No task here goes wrong.</p>}
      <p id={helpId} className="sr-only">
        Arrow keys go to parents, children and neighbours, Home and End to the first and last task, Enter opens a task,
        plus, minus and 0 zoom. The table below lists the same tasks.
      </p>
      <ChosenTask groupId={groupId} graph={graph} id={chosenId} familyId={familyId} onFamily={setFamilyId} />
    </>
  )
}

interface ZoomProps {
  readonly onZoom: (direction: 1 | -1) => () => void
  readonly onFit: () => void
}

const ZoomButtons = ({ onZoom, onFit }: ZoomProps) => (
  <span className="flex gap-1">
    <Button aria-label="Zoom out" title="Zoom out (−)" onClick={onZoom(-1)}>
      −
    </Button>
    <Button title="Fit into the window (0)" onClick={onFit}>
      Fit
    </Button>
    <Button aria-label="Zoom in" title="Zoom in (+)" onClick={onZoom(1)}>
      +
    </Button>
  </span>
)

/** Puts a view into the element, and keeps it at the scene and its states. */
function useGraphView(groupId: string, scene: Scene | null, graph: TaskGraph, onChoose: (id: string | null) => void) {
  const navigate = useNavigate()
  const host = useRef<HTMLDivElement>(null)
  const view = useRef<GraphView | null>(null)
  const shown = useRef<Scene | null>(null)
  const listener = useRef({ onChoose, onOpen: (_id: string): void => {} })
  listener.current = {
    onChoose,
    onOpen: (tid) => void navigate({ to: '/groups/$gid/tasks/$tid', params: { gid: groupId, tid } }),
  }
  useEffect(() => {
    if (host.current === null) return
    const own = new GraphView(host.current, {
      onChoose: (id) => listener.current.onChoose(id),
      onOpen: (id) => listener.current.onOpen(id),
    })
    view.current = own
    shown.current = null
    return () => own.stop()
  }, [])
  useEffect(() => {
    // States are of the newest topology, which may still be on its way to be laid out.
    if (scene === null || scene.topology !== graph.topology) return
    if (shown.current === scene) return view.current?.colour(graph.states)
    view.current?.show(scene, graph.states)
    if (shown.current === null) requestAnimationFrame(() => setTimeout(() => performance.mark(PAINTED_MARK)))
    shown.current = scene
  }, [scene, graph])
  return { host, view }
}
