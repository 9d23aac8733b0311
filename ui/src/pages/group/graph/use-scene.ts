import { useEffect, useMemo, useRef, useState } from 'react'
import { maskOf, type Part, type PartFilter, partOf } from '../../../lib/subgraph.ts'
import type { TaskGraph, Topology } from '../../../lib/task-graph.ts'
import type { Layouter } from './layouter.ts'
import { type Scene, sceneOf } from './scene.ts'

/** Tasks that come in a row are laid out once. */
const DEBOUNCE_MS = 500

interface Shown {
  readonly scene: Scene | null
  readonly error: Error | null
}

/** The graph, or what the filter leaves of it, laid out. While only states change it stays the same scene. */
export function useScene(graph: TaskGraph, filter: PartFilter, layouter: Layouter): Shown {
  const [shown, setShown] = useState<Shown>({ scene: null, error: null })
  const { topology } = graph
  const mask = useSame(maskOf(graph, filter))
  const part = useMemo(() => partOf(topology, mask), [topology, mask])
  const { isOnlyProblems, familyOf, path } = filter
  const last = useRef({ ...filter, scene: null as Scene | null })
  useEffect(() => {
    const before = last.current
    const isSameFilter =
      before.isOnlyProblems === isOnlyProblems && before.familyOf === familyOf && before.path === path
    const known = isSameFilter ? before.scene : null
    let isCurrent = true
    const run = (): void => {
      const rows = known && rowsBefore(known, topology, part)
      layouter
        .layOut({ ...part.links, ...(rows && { before: rows }) })
        .then(({ layout, wires }) => {
          if (!isCurrent) return
          const scene = sceneOf({ ...part, topology, layout, wires })
          last.current = { isOnlyProblems, familyOf, path, scene }
          setShown({ scene, error: null })
        })
        .catch((error: Error) => isCurrent && setShown((old) => ({ ...old, error })))
    }
    const timer = setTimeout(run, known ? DEBOUNCE_MS : 0)
    return () => {
      isCurrent = false
      clearTimeout(timer)
    }
  }, [topology, part, isOnlyProblems, familyOf, path, layouter])
  return shown
}

/** The older mask while the newer one has the same in it. */
function useSame(mask: Uint8Array | null): Uint8Array | null {
  const kept = useRef(mask)
  const before = kept.current
  const isSame = mask?.length === before?.length && (mask?.every((kind, v) => kind === before?.[v]) ?? true)
  if (!isSame) kept.current = mask
  return kept.current
}

function rowsBefore(scene: Scene, { ids }: Topology, { nodes }: Part): Float64Array {
  return Float64Array.from(nodes, (whole) => {
    const at = scene.find(ids[whole] ?? '')
    return at === undefined ? Number.NaN : (scene.layout.rows[at] ?? Number.NaN)
  })
}
