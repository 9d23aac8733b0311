import { formatNumber } from '../lib/format.ts'

interface Props {
  readonly value: number
  /** Null: there is none. */
  readonly limit: number | null
  /** What is counted, for who does not see the bar: `attempts under way`. */
  readonly what: string
}

/** How much of a limit is used; without one the number alone. */
export function Gauge({ value, limit, what }: Props) {
  if (limit === null) return <span className="tabular-nums">{formatNumber(value)}</span>
  const share = Math.min(1, value / limit)
  return (
    <span className="inline-flex min-w-24 items-center gap-2 whitespace-nowrap">
      <span className="tabular-nums">
        {formatNumber(value)}
        <span className="text-soft">/{formatNumber(limit)}</span>
      </span>
      <span
        role="img"
        aria-label={`${formatNumber(value)} of ${formatNumber(limit)} ${what}`}
        className="h-2 min-w-10 flex-1 overflow-hidden rounded bg-sunken outline outline-line"
      >
        <span
          data-state-of={share === 1 ? 'retrying' : 'running'}
          className="fill block h-full"
          style={{ width: `${share * 100}%` }}
        />
      </span>
    </span>
  )
}
