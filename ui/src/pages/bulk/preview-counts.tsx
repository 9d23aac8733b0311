import type { BulkPreview } from '../../api/operations.ts'
import { countOfTarget } from '../../lib/bulk-words.ts'
import { formatNumber } from '../../lib/format.ts'

const SHOWN_GROUPS = 5

/** Whom it would change, whom not and why, and some of them by name. */
export function PreviewCounts({ preview }: { readonly preview: BulkPreview }) {
  const { count, target, byState, byGroup, skipped, samples } = preview
  return (
    <div className="mt-3 grid gap-3 rounded-lg bg-sunken p-3">
      <p>
        <b>{countOfTarget(count, target)}</b> would change
        {Object.keys(byState).length > 0 &&
          `: ${Object.entries(byState)
            .map(([state, n]) => `${formatNumber(n)} ${state}`)
            .join(', ')}`}
        .
      </p>
      {skipped.length > 0 && (
        <ul className="text-soft">
          {skipped.map(({ reason, count: left }) => (
            <li key={reason}>
              {formatNumber(left)} left as {left === 1 ? 'it is: it' : 'they are: each'} {reason}
            </li>
          ))}
        </ul>
      )}
      {target === 'tasks' && byGroup.length > 1 && (
        <p className="break-words text-soft">
          In{' '}
          {byGroup
            .slice(0, SHOWN_GROUPS)
            .map(({ id, name, count: own }) => `${name || id} (${formatNumber(own)})`)
            .join(', ')}
          {byGroup.length > SHOWN_GROUPS && ' and others'}.
        </p>
      )}
      {samples.length > 0 && (
        <p className="break-words text-soft">
          Such as <bdi>{samples.map(({ id, name }) => name || id).join(', ')}</bdi>.
        </p>
      )}
    </div>
  )
}
