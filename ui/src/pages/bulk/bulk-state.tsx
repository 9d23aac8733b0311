import type { BulkOperation } from '../../api/operations.ts'

const LOOKS: Readonly<Record<BulkOperation['state'], readonly [look: string, glyph: string]>> = {
  running: ['running', '▶'],
  finished: ['succeeded', '✓'],
  stopped: ['paused', '‖'],
  interrupted: ['failed', '✕'],
}

/** Where an operation stands. */
export function BulkStateLabel({ operation: { state } }: { readonly operation: Pick<BulkOperation, 'state'> }) {
  const [look, glyph] = LOOKS[state]
  return (
    <span data-state-of={look} className="state font-semibold">
      <span aria-hidden="true">{glyph}</span> {state}
    </span>
  )
}
