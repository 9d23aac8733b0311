import type { Worker } from '../../api/operations.ts'
import { BREAKERS } from '../../lib/traffic.ts'
import { Soon } from '../traffic/next-start.tsx'

/** How its breaker stands: sign, word, colour; and when the next probe may find out more. */
export function BreakerLabel({ worker: { breakerState, nextProbeAt } }: { readonly worker: Worker }) {
  const { look, text, about } = BREAKERS[breakerState]
  return (
    <span title={about} className="whitespace-nowrap">
      <span data-state-of={look} className="state font-semibold">
        {text}
      </span>
      {nextProbeAt !== null && (
        <span className="text-soft tabular-nums">
          , probe <Soon time={nextProbeAt} />
        </span>
      )}
    </span>
  )
}
