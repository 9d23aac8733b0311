import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import type { Worker } from '../api/operations.ts'
import { heldOf } from '../api/traffic.ts'
import { workerOf } from '../api/workers.ts'
import { Button } from '../kit/button.tsx'
import { copyText } from '../kit/copy.ts'
import { Failure, Loading } from '../kit/notices.tsx'
import { useKeys } from '../shell/keys.ts'
import { PageTitle } from '../shell/page-title.tsx'
import { BreakerLabel } from './worker/breaker-label.tsx'
import { SettingsForm } from './worker/settings-form.tsx'
import { UnknownWorker } from './worker/unknown-worker.tsx'
import { useResume } from './worker/use-resume.ts'
import { WorkerCharts } from './worker/worker-charts.tsx'
import { type AskedOfWorker, canDelete, WorkerDialog } from './worker/worker-dialog.tsx'
import { WorkerFigures } from './worker/worker-figures.tsx'
import { WorkerStatus } from './worker/worker-status.tsx'

/** One worker, or one rule: why it may not start now, how it does, and what it is set to. */
export function WorkerPage() {
  const { name } = useParams({ from: '/shell/workers/$name' })
  const { data: worker, error, refetch, dataUpdatedAt } = useQuery(workerOf(name))
  return (
    <>
      <nav aria-label="Where this is" className="text-soft">
        <Link to="/workers" className="text-soft underline">
          Workers
        </Link>
      </nav>
      {worker ? (
        <>
          {error && <Failure error={error} onRetry={() => void refetch()} shownAt={dataUpdatedAt} />}
          <Shown key={name} worker={worker} />
        </>
      ) : (
        <>
          <PageTitle text={name} />
          {error ? (
            <UnknownWorker name={name} error={error} onRetry={() => void refetch()} />
          ) : (
            <Loading what="the worker" />
          )}
        </>
      )}
    </>
  )
}

function Shown({ worker }: { readonly worker: Worker }) {
  return (
    <>
      <div className="mt-1 flex flex-wrap items-center gap-3">
        <PageTitle text={worker.name} />
        {!worker.isRule && <BreakerLabel worker={worker} />}
        <span className="flex-1" />
        <Buttons worker={worker} />
      </div>
      <WorkerStatus worker={worker} />
      {!worker.isRule && <WorkerFigures worker={worker} />}
      {!worker.isRule && <WorkerCharts name={worker.name} />}
      <div className="mt-4">
        <SettingsForm worker={worker} />
      </div>
    </>
  )
}

function Buttons({ worker }: { readonly worker: Worker }) {
  const [asked, setAsked] = useState<AskedOfWorker | null>(null)
  const navigate = useNavigate()
  const { resume, isBusy, isHeld } = useResume(heldOf(worker))
  const isShut = isHeld || worker.breakerState !== 'closed'
  const pause = (): void => (isShut ? resume() : setAsked('hold'))
  useKeys(
    {
      ...(worker.isRule ? {} : { p: pause }),
      c: () => void copyText(worker.name, 'the name'),
    },
    { p: 'pauseWorker' },
  )
  return (
    <div className="flex flex-wrap gap-2">
      {!worker.isRule && (
        <>
          <Button needs="pauseWorker" look={isShut ? 'primary' : 'plain'} isBusy={isBusy} onClick={pause}>
            {isShut ? 'Resume' : 'Pause…'}
          </Button>
          <Button needs="testWorker" onClick={() => setAsked('test')}>
            Test call…
          </Button>
        </>
      )}
      {canDelete(worker) && (
        <Button needs="deleteWorker" onClick={() => setAsked('delete')}>
          Delete settings…
        </Button>
      )}
      {asked && (
        <WorkerDialog
          kind={asked}
          worker={worker}
          onClose={() => setAsked(null)}
          onDeleted={() => void navigate({ to: '/workers' })}
        />
      )}
    </div>
  )
}
