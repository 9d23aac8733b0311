import { Link } from '@tanstack/react-router'
import { useNow } from '../../api/server-clock.ts'
import type { Held, Hold } from '../../api/traffic.ts'
import { formatRelative } from '../../lib/format.ts'
import type { TaskState } from '../../lib/states.ts'
import { HOLD_KINDS, isForever, isHeldAt } from '../../lib/traffic.ts'
import { Ago, Time } from '../../shell/time.tsx'

/** Free, or held until when; the seconds count down by the server's clock. */
export function HeldState({ held: { heldUntil, hold } }: { readonly held: Held }) {
  const now = useNow()
  if (!isHeldAt(heldUntil, now))
    return (
      <span data-state-of="succeeded" className="state font-semibold whitespace-nowrap">
        <span aria-hidden="true">✓</span> free
      </span>
    )
  const isEver = isForever(heldUntil)
  const [look, sign, word] = signOf(hold?.kind === 'breaker', isEver)
  return (
    <span>
      <span data-state-of={look} className="state font-semibold whitespace-nowrap">
        <span aria-hidden="true">{sign}</span> {word}
      </span>{' '}
      {isEver ? (
        <span className="text-soft">until somebody resumes it</span>
      ) : (
        <span className="text-soft">
          until <Time time={heldUntil} />,{' '}
          <span className="whitespace-nowrap tabular-nums">{formatRelative(heldUntil, now)}</span>
        </span>
      )}
    </span>
  )
}

function signOf(isBreaker: boolean, isEver: boolean): readonly [look: TaskState, sign: string, word: string] {
  if (isBreaker) return ['failed', '✕', 'breaker open']
  return isEver ? ['paused', '‖', 'paused'] : ['throttled', '❄', 'held']
}

interface CauseProps {
  readonly hold: Pick<Hold, 'kind' | 'since' | 'taskId' | 'source'>
  readonly reason: string
}

/** Why it is held: by whom, told by what, because of which task. A reason that the server wrote names the kind itself. */
export function HoldCause({ hold: { kind, since, taskId, source }, reason }: CauseProps) {
  const kindText = reason === '' || kind === 'manual' ? HOLD_KINDS[kind] : null
  return (
    <span className="wrap-anywhere">
      {reason !== '' && (
        <>
          <span dir="auto">{reason}</span> ·{' '}
        </>
      )}
      <span className="text-soft">
        {kindText !== null && <>{kindText} · </>}
        {source !== null && (
          <>
            told by <code>{source}</code> ·{' '}
          </>
        )}
        {taskId !== null && (
          <>
            <Link to="/tasks/$tid" params={{ tid: taskId }} className="text-accent underline">
              its task
            </Link>{' '}
            ·{' '}
          </>
        )}
        <Ago time={since} />
      </span>
    </span>
  )
}
