import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import type { Workgroup } from '../api/operations.ts'
import { heldOf } from '../api/traffic.ts'
import { workgroupList } from '../api/workgroups.ts'
import { Button } from '../kit/button.tsx'
import { Gauge } from '../kit/gauge.tsx'
import { Menu } from '../kit/menu.tsx'
import { Empty, Failure, Loading } from '../kit/notices.tsx'
import { Pager } from '../kit/pager.tsx'
import { useRowKeys } from '../kit/use-row-keys.ts'
import { formatNumber } from '../lib/format.ts'
import { rateText } from '../lib/traffic.ts'
import { PageTitle } from '../shell/page-title.tsx'
import { HeldState, HoldCause } from './traffic/held-line.tsx'
import { ForNow, NextStart } from './traffic/next-start.tsx'
import { useWorkgroup } from './workgroup/use-workgroup.ts'
import { type AskedOfWorkgroup, WorkgroupDialog } from './workgroup/workgroup-dialog.tsx'
import { NewWorkgroupDialog } from './workgroups/new-workgroup-dialog.tsx'

/** All workgroups: which are held, until when and by whose answer. */
export function WorkgroupsPage() {
  const search = useSearch({ from: '/shell/workgroups' })
  const navigate = useNavigate({ from: '/workgroups' })
  const [isAdding, setAdding] = useState(false)
  const { data, error, isPending, refetch, dataUpdatedAt } = useQuery(workgroupList(search))
  useRowKeys()
  return (
    <>
      <div className="flex flex-wrap items-center gap-3">
        <PageTitle text="Workgroups" />
        <span className="flex-1" />
        <Button needs="updateWorkgroup" look="primary" onClick={() => setAdding(true)}>
          Limit a workgroup
        </Button>
      </div>
      <section aria-label="Workgroups" className="mt-3 overflow-x-auto rounded-xl border border-line bg-surface">
        {error && <Failure error={error} onRetry={() => void refetch()} shownAt={dataUpdatedAt} />}
        {isPending && <Loading what="the workgroups" />}
        {data && <WorkgroupTable workgroups={data.workgroups} count={data.count} />}
        {data && data.count > 0 && (
          <Pager
            count={data.count}
            search={search}
            onChange={({ page, pageSize }) =>
              void navigate({ search: (current) => ({ ...current, page, pageSize }) as typeof current })
            }
          />
        )}
      </section>
      {isAdding && <NewWorkgroupDialog onClose={() => setAdding(false)} />}
    </>
  )
}

function WorkgroupTable({ workgroups, count }: { readonly workgroups: readonly Workgroup[]; readonly count: number }) {
  if (count === 0) return <NoWorkgroups />
  if (workgroups.length === 0) return <Empty title="There are no workgroups on this page." />
  return (
    <table className="list w-full">
      <thead>
        <tr>
          <th scope="col">Workgroup</th>
          <th scope="col">State</th>
          <th scope="col" className="w-1/4">
            Why
          </th>
          <th scope="col" className="text-right">
            Waiting
          </th>
          <th scope="col">Running</th>
          <th scope="col">Next start</th>
          <th scope="col">
            <span className="sr-only">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {workgroups.map((workgroup) => (
          <Row key={workgroup.name} workgroup={workgroup} />
        ))}
      </tbody>
    </table>
  )
}

const NoWorkgroups = () => (
  <Empty title="No workgroups yet.">
    <p>
      Tasks that name the same workgroup share one rate limit, over all groups and workers. Paste this into a terminal
      to see three of them through an outage:
    </p>
    <pre className="mt-3 overflow-auto rounded-md bg-sunken p-3 text-left text-ink">npm run demo -- storm</pre>
  </Empty>
)

function Row({ workgroup }: { readonly workgroup: Workgroup }) {
  const { name, hold, isHeld, waiting, running, maxConcurrent, rateLimit } = workgroup
  const held = heldOf(workgroup)
  return (
    <tr>
      <td className="name">
        <Link to="/workgroups/$name" params={{ name }} data-row-link dir="auto" className="font-semibold text-ink">
          {name}
        </Link>
        {rateLimit && <div className="text-soft">{rateText(rateLimit)}</div>}
      </td>
      <td>
        <HeldState held={held} />
      </td>
      <td className={isHeld ? '' : 'max-sm:hidden'}>
        {isHeld && hold && <HoldCause hold={hold} reason={held.reason} />}
      </td>
      <td data-label="Waiting" className="tabular-nums sm:text-right">
        {formatNumber(waiting)}
      </td>
      <td data-label="Running">
        <Gauge value={running} limit={maxConcurrent} what="attempts under way" />
      </td>
      <td data-label="Next start">
        {isHeld ? <span className="text-soft">after the hold</span> : <NextStart gate={workgroup} />}
        <ForNow gate={workgroup} />
      </td>
      <td className="actions text-right">
        <RowMenu workgroup={workgroup} />
      </td>
    </tr>
  )
}

function RowMenu({ workgroup }: { readonly workgroup: Workgroup }) {
  const [asked, setAsked] = useState<AskedOfWorkgroup | null>(null)
  const { resume, hold } = useWorkgroup(workgroup)
  return (
    <>
      <Menu
        trigger={
          <Button look="quiet" aria-label={`Actions for ${workgroup.name}`}>
            ⋯
          </Button>
        }
        items={[
          ...(workgroup.isHeld ? [{ label: 'Resume now', onSelect: resume, needs: 'resumeWorkgroup' as const }] : []),
          { label: 'Resume, spread out…', onSelect: () => setAsked('spread'), needs: 'resumeWorkgroup' },
          { label: 'Hold for 1 minute', onSelect: () => hold(60), needs: 'pauseWorkgroup' },
          { label: 'Hold for 5 minutes', onSelect: () => hold(300), needs: 'pauseWorkgroup' },
          { label: 'Hold for 1 hour', onSelect: () => hold(3600), needs: 'pauseWorkgroup' },
          { label: 'Hold until…', onSelect: () => setAsked('hold'), needs: 'pauseWorkgroup' },
          { label: 'Limits…', onSelect: () => setAsked('limits'), needs: 'updateWorkgroup' },
        ]}
      />
      {asked && <WorkgroupDialog kind={asked} workgroup={workgroup} onClose={() => setAsked(null)} />}
    </>
  )
}
