import type { Heartbeat as Told } from '../../api/operations.ts'
import { LineList } from '../../kit/line-list.tsx'
import { formatShare } from '../../lib/format.ts'
import { Ago } from '../../shell/time.tsx'

/** What the worker of the newest attempt told while it worked: how far it is, what it is at, and its lines. */
export function Heartbeat({ heartbeat }: { readonly heartbeat: Told }) {
  const { attempt, at, progress, message, logs } = heartbeat
  return (
    <section aria-label="What its worker tells" className="border-t border-line px-4 py-3">
      <p className="text-soft">
        Attempt {attempt}, told <Ago time={at} />
      </p>
      {progress !== null && <Progress share={progress} />}
      {message !== '' && <p className="mt-1 break-words">{message}</p>}
      {logs.length > 0 && (
        <div className="mt-2">
          <LineList label="Log of its worker" lines={logs} />
        </div>
      )}
    </section>
  )
}

function Progress({ share }: { readonly share: number }) {
  const text = formatShare(share)
  return (
    <div className="mt-1 flex items-center gap-2">
      <div
        role="progressbar"
        aria-label="Progress of the attempt"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share * 100)}
        aria-valuetext={text}
        className="h-2 max-w-72 flex-1 overflow-hidden rounded bg-sunken outline outline-line"
      >
        <div data-state-of="running" className="fill h-full" style={{ width: `${share * 100}%` }} />
      </div>
      <span className="tabular-nums">{text}</span>
    </div>
  )
}
