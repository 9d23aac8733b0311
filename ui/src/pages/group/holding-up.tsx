import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { groupWhy } from '../../api/group-why.ts'
import type { GroupWhy } from '../../api/operations.ts'
import { messageOf } from '../../api/problem.ts'
import { countOf, formatDuration, formatShare } from '../../lib/format.ts'
import { sharedRemediesOf } from '../../lib/remedies.ts'
import { Ago } from '../../shell/time.tsx'
import { SharedRemedyButton } from '../task/remedy.tsx'

/**
 * What holds a group up, and how long it will take. It stands beside what it tells about, or in a box that stays as high as it is, so that
 * news of it moves no row.
 */
export function HoldingUp({ gid }: { readonly gid: string }) {
  const { data, error } = useQuery(groupWhy(gid))
  return (
    <section
      aria-label="What is holding it up"
      tabIndex={0}
      className="rounded-xl border border-line bg-surface p-4 max-lg:h-40 max-lg:overflow-auto"
    >
      <h2 className="font-semibold">What is holding it up</h2>
      {error && <p className="mt-1 text-soft">{messageOf(error)}</p>}
      {data && <Bottleneck why={data} />}
      {data && data.reasons.length === 0 && data.bottleneck === null && <p className="mt-1 text-soft">Nothing.</p>}
      <ul className="mt-2 grid gap-2">
        {data?.reasons.slice(0, SHOWN_REASONS).map((reason) => (
          <Reason key={`${reason.code} ${reason.ref ?? ''} ${reason.message}`} reason={reason} gid={gid} />
        ))}
      </ul>
      {data?.isPartial && (
        <p className="mt-2 text-soft">Only a part of its tasks was looked at: there are very many.</p>
      )}
    </section>
  )
}

/** The others hold few. */
const SHOWN_REASONS = 6

function Bottleneck({ why: { bottleneck, secondsLeft, stages } }: { readonly why: GroupWhy }) {
  const stage = stages.find(({ worker }) => worker === bottleneck?.worker)
  return (
    <>
      {bottleneck && (
        <p className="mt-1 break-words">
          <span aria-hidden="true">★</span>{' '}
          <Link to="/workers/$name" params={{ name: bottleneck.worker }} className="font-semibold underline">
            {bottleneck.worker}
          </Link>{' '}
          is the bottleneck: {formatShare(bottleneck.share)} of the work that is left
          {stage && stage.limit !== '' && <span className="text-soft"> · {stage.limit}</span>}
        </p>
      )}
      {secondsLeft !== null && (
        <p className="mt-1 text-soft">About {formatDuration(secondsLeft * 1000)} left (an estimate).</p>
      )}
    </>
  )
}

type ReasonOf = GroupWhy['reasons'][number]

function Reason({ reason, gid }: { readonly reason: ReasonOf; readonly gid: string }) {
  const { code, message, count, until } = reason
  return (
    <li className="flex flex-wrap items-center gap-x-3 break-words">
      <span>
        <b>{countOf(count, 'task')}</b>: <bdi>{message}</bdi>
        {until !== undefined && (
          <span className="text-soft">
            {' '}
            <Ago time={until} />
          </span>
        )}
      </span>
      {sharedRemediesOf(reason, gid).map((remedy) => (
        <SharedRemedyButton key={remedy.kind} remedy={remedy} />
      ))}
      {code === 'no_attempts_left' && (
        <Link to="/groups/$gid/errors" params={{ gid }} className="underline">
          See the errors
        </Link>
      )}
    </li>
  )
}
