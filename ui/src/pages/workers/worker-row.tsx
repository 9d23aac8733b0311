import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Worker } from '../../api/operations.ts'
import { heldOf } from '../../api/traffic.ts'
import { Button } from '../../kit/button.tsx'
import { Gauge } from '../../kit/gauge.tsx'
import { Menu } from '../../kit/menu.tsx'
import { formatNumber, formatShare } from '../../lib/format.ts'
import { formatMs, formatPerMinute, isLost, rateText, ruleText } from '../../lib/traffic.ts'
import { ForNow, NextStart } from '../traffic/next-start.tsx'
import { BreakerLabel } from '../worker/breaker-label.tsx'
import { useResume } from '../worker/use-resume.ts'
import { type AskedOfWorker, canDelete, WorkerDialog } from '../worker/worker-dialog.tsx'

/** One worker, or one rule. */
export const WorkerRow = ({ worker }: { readonly worker: Worker }) =>
  worker.isRule ? <RuleRow worker={worker} /> : <OneRow worker={worker} />

interface Props {
  readonly worker: Worker
}

function Name({ name }: { readonly name: string }) {
  return (
    <Link to="/workers/$name" params={{ name }} data-row-link dir="auto" className="font-semibold text-ink">
      {name}
    </Link>
  )
}

/** A rule does nothing itself: its row says for whom it is and what it sets. */
function RuleRow({ worker }: Props) {
  const { name, url, maxConcurrent, rateLimit } = worker
  const limits = [
    ...(maxConcurrent === null ? [] : [`at most ${formatNumber(maxConcurrent)} under way`]),
    ...(rateLimit === null ? [] : [rateText(rateLimit)]),
  ]
  return (
    <tr className="bg-sunken">
      <td className="name">
        <Name name={name} />
        <div className="text-soft">{ruleText(name)}</div>
      </td>
      <td colSpan={8} className="break-words text-soft">
        each of them: {limits.length > 0 ? limits.join(', ') : 'no limits'}
        {url !== null && <> · {url}</>}
      </td>
      <td className="actions text-right">
        <RowMenu worker={worker} />
      </td>
    </tr>
  )
}

function OneRow({ worker }: Props) {
  const { name, inFlight, maxConcurrent, waiting, total, completed, figures } = worker
  const ifAny = figures.p50Ms === null ? 'max-sm:hidden' : ''
  return (
    <tr>
      <td className="name">
        <Name name={name} />
        <Address worker={worker} />
      </td>
      <td>
        <BreakerLabel worker={worker} />
      </td>
      <td data-label="In flight">
        <Gauge value={inFlight} limit={maxConcurrent} what="attempts under way" />
      </td>
      <td data-label="Waiting" className="tabular-nums sm:text-right">
        {formatNumber(waiting)}
      </td>
      <td data-label="Complete" className="whitespace-nowrap tabular-nums sm:text-right">
        {formatNumber(completed)} <span className="text-soft">of {formatNumber(total)}</span>
      </td>
      <td data-label="Attempts a minute" className="tabular-nums sm:text-right">
        {formatPerMinute(figures.attemptsPerMinute)}
      </td>
      <td data-label="p50 / p95" className={`whitespace-nowrap tabular-nums sm:text-right ${ifAny}`}>
        {figures.p50Ms === null ? '—' : `${formatMs(figures.p50Ms)} / ${formatMs(figures.p95Ms)}`}
      </td>
      <td data-label="Errors" className={`whitespace-nowrap tabular-nums sm:text-right ${ifAny}`}>
        <ErrorShare share={figures.errorShare} />
      </td>
      <td data-label="Next start">
        {isLost(worker) && worker.bound === null ? (
          <span className="text-soft">when it has an address</span>
        ) : (
          <NextStart gate={worker} />
        )}
        <ForNow gate={worker} />
      </td>
      <td className="actions text-right">
        <RowMenu worker={worker} />
      </td>
    </tr>
  )
}

/** Amber where nobody knows it: its tasks wait until it has an address. */
function Address({ worker }: Props) {
  const { address, waiting } = worker
  if (address !== null)
    return (
      <div className="text-soft sm:max-w-72 sm:truncate max-sm:break-all" title={address}>
        {address}
      </div>
    )
  if (!isLost(worker)) return <div className="text-soft">fetches its tasks</div>
  return (
    <div data-state-of="retrying" className="state">
      ⚠ nobody knows where it is{waiting > 0 ? `: ${formatNumber(waiting)} wait` : ''}
    </div>
  )
}

function ErrorShare({ share }: { readonly share: number | null }) {
  if (share === null) return <>—</>
  return share === 0 ? (
    <>0 %</>
  ) : (
    <span data-state-of="failed" className="state font-semibold">
      {formatShare(share)}
    </span>
  )
}

function RowMenu({ worker }: Props) {
  const [asked, setAsked] = useState<AskedOfWorker | null>(null)
  const { resume, isHeld } = useResume(heldOf(worker))
  const navigate = useNavigate()
  const open = (): void => void navigate({ to: '/workers/$name', params: { name: worker.name } })
  return (
    <>
      <Menu
        trigger={
          <Button look="quiet" aria-label={`Actions for ${worker.name}`}>
            ⋯
          </Button>
        }
        items={[
          ...(worker.isRule
            ? []
            : [
                isHeld || worker.breakerState !== 'closed'
                  ? { label: 'Resume', onSelect: resume, needs: 'resumeWorker' as const }
                  : { label: 'Pause…', onSelect: () => setAsked('hold'), needs: 'pauseWorker' as const },
                { label: 'Test call…', onSelect: () => setAsked('test'), needs: 'testWorker' as const },
              ]),
          { label: 'Settings', onSelect: open },
          ...(canDelete(worker)
            ? [
                {
                  label: 'Delete settings…',
                  onSelect: () => setAsked('delete'),
                  isDanger: true,
                  needs: 'deleteWorker' as const,
                },
              ]
            : []),
        ]}
      />
      {asked && <WorkerDialog kind={asked} worker={worker} onClose={() => setAsked(null)} />}
    </>
  )
}
