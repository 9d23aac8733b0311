import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import type { Workgroup } from '../api/operations.ts'
import { heldOf } from '../api/traffic.ts'
import { workgroupOf } from '../api/workgroups.ts'
import { Button } from '../kit/button.tsx'
import { copyText } from '../kit/copy.ts'
import { Gauge } from '../kit/gauge.tsx'
import { Failure, Loading } from '../kit/notices.tsx'
import { useRowKeys } from '../kit/use-row-keys.ts'
import { formatNumber } from '../lib/format.ts'
import { rateText } from '../lib/traffic.ts'
import { useKeys } from '../shell/keys.ts'
import { PageTitle } from '../shell/page-title.tsx'
import { HeldState, HoldCause } from './traffic/held-line.tsx'
import { ForNow, NextStart } from './traffic/next-start.tsx'
import { FactList, Panel } from './traffic/panel.tsx'
import { PastHolds } from './workgroup/past-holds.tsx'
import { useWorkgroup } from './workgroup/use-workgroup.ts'
import { WaitingGroups } from './workgroup/waiting-groups.tsx'
import { type AskedOfWorkgroup, WorkgroupDialog } from './workgroup/workgroup-dialog.tsx'

/** One workgroup: whether it is held and by what, how often it was, and what waits. */
export function WorkgroupPage() {
  const { name } = useParams({ from: '/shell/workgroups/$name' })
  const { data: workgroup, error, refetch, dataUpdatedAt } = useQuery(workgroupOf(name))
  useRowKeys()
  return (
    <>
      <nav aria-label="Where this is" className="text-soft">
        <Link to="/workgroups" className="text-soft underline">
          Workgroups
        </Link>
      </nav>
      {error && <Failure error={error} onRetry={() => void refetch()} {...(workgroup && { shownAt: dataUpdatedAt })} />}
      {workgroup ? (
        <Shown workgroup={workgroup} />
      ) : (
        <>
          <PageTitle text={name} />
          {!error && <Loading what="the workgroup" />}
        </>
      )}
    </>
  )
}

function Shown({ workgroup }: { readonly workgroup: Workgroup }) {
  return (
    <>
      <div className="mt-1 flex flex-wrap items-center gap-3">
        <PageTitle text={workgroup.name} />
        <span className="flex-1" />
        <Buttons workgroup={workgroup} />
      </div>
      <Status workgroup={workgroup} />
      <div className="mt-4 grid gap-4 lg:grid-cols-[minmax(0,1fr)_24rem]">
        <PastHolds name={workgroup.name} />
        <div className="grid min-w-0 content-start gap-4">
          <Facts workgroup={workgroup} />
          <WaitingGroups workgroup={workgroup} />
        </div>
      </div>
    </>
  )
}

const SHORT_HOLDS = [
  [60, '1 m'],
  [300, '5 m'],
  [3600, '1 h'],
] as const

/** While it is held the likely wish is to go on; else to hold it for a little. */
function Buttons({ workgroup }: { readonly workgroup: Workgroup }) {
  const [asked, setAsked] = useState<AskedOfWorkgroup | null>(null)
  const { resume, hold, isBusy } = useWorkgroup(workgroup)
  useKeys(
    {
      p: workgroup.isHeld ? resume : () => setAsked('hold'),
      c: () => void copyText(workgroup.name, 'the name'),
      e: () => setAsked('limits'),
    },
    { p: 'pauseWorkgroup', e: 'updateWorkgroup' },
  )
  return (
    <div className="flex flex-wrap gap-2">
      {workgroup.isHeld && (
        <Button needs="resumeWorkgroup" look="primary" isBusy={isBusy} onClick={resume}>
          Resume now
        </Button>
      )}
      {SHORT_HOLDS.map(([seconds, text]) => (
        <Button needs="pauseWorkgroup" key={text} isBusy={isBusy} onClick={() => hold(seconds)}>
          Hold {text}
        </Button>
      ))}
      <Button needs="pauseWorkgroup" onClick={() => setAsked('hold')}>
        Hold until…
      </Button>
      <Button needs="resumeWorkgroup" onClick={() => setAsked('spread')}>
        Resume, spread out…
      </Button>
      <Button needs="updateWorkgroup" onClick={() => setAsked('limits')}>
        Limits…
      </Button>
      {asked && <WorkgroupDialog kind={asked} workgroup={workgroup} onClose={() => setAsked(null)} />}
    </div>
  )
}

function Status({ workgroup }: { readonly workgroup: Workgroup }) {
  const held = heldOf(workgroup)
  return (
    <section
      aria-label="State"
      data-state-of={workgroup.isHeld ? 'throttled' : 'succeeded'}
      className="mt-2 rounded-lg border border-line border-l-4 border-l-(--state-color) bg-surface px-4 py-2.5"
    >
      <p>
        <HeldState held={held} />
      </p>
      {workgroup.isHeld && held.hold && (
        <p className="mt-1">
          <HoldCause hold={held.hold} reason={held.reason} />
        </p>
      )}
      {!workgroup.isHeld && workgroup.bound !== null && (
        <p className="mt-1">
          <NextStart gate={workgroup} />
        </p>
      )}
      <ForNow gate={workgroup} />
    </section>
  )
}

function Facts({ workgroup }: { readonly workgroup: Workgroup }) {
  const { waiting, running, maxConcurrent, rateLimit, ramp } = workgroup
  return (
    <Panel title="Now and limits">
      <FactList
        rows={[
          ['Waiting', formatNumber(waiting)],
          ['Running', <Gauge key="r" value={running} limit={maxConcurrent} what="attempts under way" />],
          ['Under way at once', maxConcurrent === null ? 'no limit' : `at most ${formatNumber(maxConcurrent)}`],
          ['Rate', rateLimit === null ? 'no limit' : rateText(rateLimit)],
          ['Opens', ramp.stepSeconds === 0 ? 'at full speed' : `doubling every ${ramp.stepSeconds} s after a hold`],
        ]}
      />
    </Panel>
  )
}
