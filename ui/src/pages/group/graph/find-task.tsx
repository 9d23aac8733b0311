import { useState } from 'react'
import { INPUT } from '../../../kit/field.tsx'
import { formatNumber } from '../../../lib/format.ts'
import type { Topology } from '../../../lib/task-graph.ts'

interface Props {
  readonly topology: Topology
  readonly onFound: (id: string) => void
}

/** Goes to the tasks with this in their name or id, one after the other with each Enter. */
export function FindTask({ topology, onFound }: Props) {
  const [text, setText] = useState('')
  const [at, setAt] = useState(-1)
  const found = text === '' ? [] : matchesOf(topology, text)
  const go = (): void => {
    const next = (at + 1) % Math.max(1, found.length)
    const id = topology.ids[found[next] ?? -1]
    if (id === undefined) return
    setAt(next)
    onFound(id)
  }
  return (
    <search className="flex items-center gap-2">
      <input
        type="search"
        aria-label="Find a task in the graph"
        placeholder="Find in the graph"
        maxLength={200}
        className={`${INPUT} sm:max-w-56`}
        value={text}
        onChange={({ target }) => {
          setText(target.value.trim() === '' ? '' : target.value)
          setAt(-1)
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter') go()
          else if (event.key === 'Escape') setText('')
          else return
          event.preventDefault()
        }}
      />
      <span role="status" className="whitespace-nowrap text-soft">
        {text !== '' &&
          (at === -1
            ? `${formatNumber(found.length)} found`
            : `${formatNumber(at + 1)} of ${formatNumber(found.length)}`)}
      </span>
    </search>
  )
}

function matchesOf({ ids, names }: Topology, text: string): number[] {
  const wanted = text.trim().toLowerCase()
  const matches: number[] = []
  for (const [v, id] of ids.entries())
    if (id.toLowerCase().includes(wanted) || names[v]?.toLowerCase().includes(wanted)) matches.push(v)
  return matches
}
