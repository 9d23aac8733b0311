import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { type FullSchedule, scheduleOf } from '../api/schedules.ts'
import { Button } from '../kit/button.tsx'
import { copyText } from '../kit/copy.ts'
import { Failure, Loading } from '../kit/notices.tsx'
import { RawViewer } from '../kit/raw-viewer.tsx'
import { FactList, Section } from '../kit/section.tsx'
import { CATCH_UPS, nameOfSchedule, OVERLAPS, wordsOf } from '../lib/schedule-words.ts'
import { useKeys } from '../shell/keys.ts'
import { PageTitle } from '../shell/page-title.tsx'
import { Ago, Time } from '../shell/time.tsx'
import { Cron } from './schedules/cron.tsx'
import { LastRun } from './schedules/last-run.tsx'
import { NextRuns } from './schedules/next-runs.tsx'
import { PausedLabel } from './schedules/paused-label.tsx'
import { type AskedScheduleAction, ScheduleActionDialog } from './schedules/schedule-action-dialog.tsx'
import { EditScheduleDialog } from './schedules/schedule-form.tsx'
import { usePauseSchedule } from './schedules/use-pause-schedule.ts'

/** One schedule: when it fires, what it creates, and what became of the last run. */
export function SchedulePage() {
  const { id } = useParams({ from: '/shell/schedules/$id' })
  const { data, error, refetch, dataUpdatedAt } = useQuery(scheduleOf(id))
  if (!data)
    return (
      <>
        <PageTitle text="Schedule" />
        {error ? <Failure error={error} onRetry={() => void refetch()} /> : <Loading what="the schedule" />}
      </>
    )
  return (
    <>
      {error && <Failure error={error} onRetry={() => void refetch()} shownAt={dataUpdatedAt} />}
      <Trail id={id} />
      <div className="mt-1 flex flex-wrap items-center gap-3">
        <PageTitle text={nameOfSchedule(data.schedule)} />
        {data.schedule.isPaused && <PausedLabel />}
        <span className="flex-1" />
        <ScheduleButtons key={id} full={data} />
      </div>
      <div className="mt-4 grid gap-4 lg:grid-cols-2">
        <Runs full={data} />
        <Settings full={data} />
      </div>
      <div className="mt-4">
        <RawViewer label="Template" text={data.template} />
      </div>
    </>
  )
}

const Trail = ({ id }: { readonly id: string }) => (
  <nav aria-label="Where this is" className="text-soft">
    <Link to="/schedules" className="text-soft underline">
      Schedules
    </Link>{' '}
    / <code className="break-all">{id}</code>{' '}
    <button type="button" className="min-h-6 px-1 underline" onClick={() => void copyText(id, 'the id')}>
      copy id
    </button>
  </nav>
)

type Asked = AskedScheduleAction | 'edit' | null

interface Props {
  readonly full: FullSchedule
}

function ScheduleButtons({ full }: Props) {
  const { schedule } = full
  const [asked, setAsked] = useState<Asked>(null)
  const navigate = useNavigate()
  const pause = usePauseSchedule(schedule)
  useKeys(
    {
      p: pause.toggle,
      e: () => setAsked('edit'),
      c: () => void copyText(schedule.id, 'the id'),
    },
    { p: 'pauseSchedule', e: 'putSchedule' },
  )
  const close = (): void => setAsked(null)
  return (
    <div className="flex flex-wrap gap-2">
      <Button needs="runSchedule" onClick={() => setAsked('run')}>
        Run now…
      </Button>
      <Button
        needs="pauseSchedule"
        look={schedule.isPaused ? 'primary' : 'plain'}
        isBusy={pause.isBusy}
        onClick={pause.toggle}
      >
        {schedule.isPaused ? 'Resume' : 'Pause'}
      </Button>
      <Button needs="putSchedule" onClick={() => setAsked('edit')}>
        Edit…
      </Button>
      <Button needs="deleteSchedule" onClick={() => setAsked('delete')}>
        Delete…
      </Button>
      {asked === 'edit' && <EditScheduleDialog full={full} onClose={close} />}
      {asked && asked !== 'edit' && (
        <ScheduleActionDialog
          kind={asked}
          schedule={schedule}
          onClose={close}
          onDeleted={() => void navigate({ to: '/schedules' })}
        />
      )}
    </div>
  )
}

const SHOWN_RUNS = 8

function Runs({ full: { schedule } }: Props) {
  const { id, isPaused, lastSkippedAt, lastSkipReason, queued, jitterSeconds } = schedule
  return (
    <Section title={isPaused ? 'Runs that would come next' : 'Next runs'}>
      <NextRuns schedule={schedule} count={SHOWN_RUNS} />
      {jitterSeconds > 0 && <p className="mt-1 text-soft">Each later by up to {jitterSeconds} s.</p>}
      <h3 className="mt-4 font-semibold">Last run</h3>
      <p className="mt-1">
        <LastRun schedule={schedule} /> ·{' '}
        <Link to="/groups" search={{ q: `${id}-` }} className="text-accent underline">
          all its groups
        </Link>
      </p>
      {queued > 0 && <p className="mt-1">{queued} queued until the last run has ended.</p>}
      {lastSkippedAt !== null && (
        <p className="mt-1 break-words text-soft">
          Skipped last <Ago time={lastSkippedAt} />: {lastSkipReason}
        </p>
      )}
    </Section>
  )
}

function Settings({ full: { schedule } }: Props) {
  const { overlap, catchUp, jitterSeconds, createdAt, updatedAt } = schedule
  return (
    <Section title="Settings">
      <FactList
        facts={[
          ['When', <Cron key="w" schedule={schedule} />],
          ['Overlap', `${overlap}: ${wordsOf(OVERLAPS, overlap)}`],
          ['Missed runs', `${catchUp}: ${wordsOf(CATCH_UPS, catchUp)}`],
          ['Jitter', jitterSeconds === 0 ? 'none' : `up to ${jitterSeconds} s`],
          ['Created', <Time key="c" time={createdAt} />],
          ['Changed', <Time key="u" time={updatedAt} />],
        ]}
      />
    </Section>
  )
}
