import { useNow } from '../../api/server-clock.ts'
import type { Gate } from '../../api/traffic.ts'
import { formatRelative } from '../../lib/format.ts'
import { boundText, isForever, lookOfBound, perTime } from '../../lib/traffic.ts'
import { Time } from '../../shell/time.tsx'

/** Whether something may start, what keeps it from starting, and when it may. */
export function NextStart({ gate }: { readonly gate: Gate }) {
  const text = boundText(gate)
  if (gate.bound === null || text === null) return <span className="text-soft">may start now</span>
  const isPaused = gate.bound === 'hold' && gate.nextStartAt !== null && isForever(gate.nextStartAt)
  return (
    <span>
      <span data-state-of={isPaused ? 'paused' : lookOfBound(gate.bound)} className="state font-semibold">
        {isPaused ? '‖ paused' : text}
      </span>
      <span className="text-soft">
        , <Next at={gate.nextStartAt} />
      </span>
    </span>
  )
}

function Next({ at }: { readonly at: string | null }) {
  if (at === null) return <>until one under way ends</>
  if (isForever(at)) return <>until somebody resumes it</>
  return (
    <>
      next <Soon time={at} />
    </>
  )
}

/** `in 41 s`, counted down by the server's clock; what should have come by now comes any moment. */
export function Soon({ time }: { readonly time: string }) {
  const now = useNow()
  const isAhead = new Date(time).getTime() - now >= 1000
  return (
    <time dateTime={time} title={time} className="whitespace-nowrap tabular-nums">
      {isAhead ? formatRelative(time, now) : 'any moment'}
    </time>
  )
}

/** What is narrower than the limits for now, but for what bounds it at this moment, which stands there already. */
export function ForNow({ gate: { window, pace, bound } }: { readonly gate: Gate }) {
  const opens = window !== null && bound !== 'hold' && bound !== 'breaker' && bound !== 'ramp'
  const isPaced = pace !== null && bound !== 'pace'
  if (!opens && !isPaced) return null
  return (
    <p className="text-soft">
      {opens && <>opens step by step, {window} at once</>}
      {opens && isPaced && '; '}
      {isPaced && (
        <>
          paced at {perTime(pace.perSecond)} until <Time time={pace.until} />
        </>
      )}
    </p>
  )
}
