import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useGroupAction } from '../../api/groups.ts'
import { messageOf } from '../../api/problem.ts'
import { type FullTask, useTaskAction } from '../../api/tasks.ts'
import { useWorkerAction } from '../../api/workers.ts'
import { useWorkgroupAction } from '../../api/workgroups.ts'
import { Button } from '../../kit/button.tsx'
import type { Remedy, SharedRemedy } from '../../lib/remedies.ts'
import { toast } from '../../shell/toasts.ts'
import { TaskActionDialog } from './task-action-dialog.tsx'

interface Props {
  readonly remedy: Remedy
  readonly full: FullTask
}

/** What would make the task run: done here, or set on the page that it leads to. */
export function RemedyButton({ remedy, full }: Props) {
  switch (remedy.kind) {
    case 'retry':
      return <RetryButton full={full} />
    case 'resumeTask':
      return <ResumeTask full={full} />
    case 'runNow':
      return <RunNow full={full} />
    default:
      return <SharedRemedyButton remedy={remedy} />
  }
}

/** The same of what holds many tasks. */
export function SharedRemedyButton({ remedy }: { readonly remedy: SharedRemedy }) {
  switch (remedy.kind) {
    case 'resumeGroup':
      return <ResumeGroup id={remedy.id} />
    case 'resumeWorker':
      return <ResumeWorker name={remedy.name} />
    case 'resumeWorkgroup':
      return <ResumeWorkgroup name={remedy.name} />
    case 'openTask':
      return (
        <Link to="/tasks/$tid" params={{ tid: remedy.id }} className={LINK}>
          Open task {remedy.id}
        </Link>
      )
    case 'openWorker':
      return (
        <Link to="/workers/$name" params={{ name: remedy.name }} className={LINK}>
          Open worker {remedy.name}
        </Link>
      )
    case 'openWorkgroup':
      return (
        <Link to="/workgroups/$name" params={{ name: remedy.name }} className={LINK}>
          Open workgroup {remedy.name}
        </Link>
      )
    case 'openTraffic':
      return (
        <Link to="/settings" hash="limits" className={LINK}>
          Limits of all tasks
        </Link>
      )
  }
}

const LINK = 'inline-flex min-h-8 items-center break-all text-accent underline max-sm:min-h-11'

function RetryButton({ full }: { readonly full: FullTask }) {
  const [isAsked, setAsked] = useState(false)
  const close = (): void => setAsked(false)
  return (
    <>
      <Button needs="retryTask" onClick={() => setAsked(true)}>
        Retry it…
      </Button>
      {isAsked && <TaskActionDialog kind="retry" full={full} onClose={close} onDeleted={close} />}
    </>
  )
}

function ResumeTask({ full: { task } }: { readonly full: FullTask }) {
  const { mutateAsync } = useTaskAction(task.id)
  return <ActButton label="Resume the task" done="Resumed" act={() => mutateAsync({ kind: 'resume' })} />
}

function RunNow({ full: { task } }: { readonly full: FullTask }) {
  const { mutateAsync } = useTaskAction(task.id)
  return <ActButton label="Run now" done="It is due now" act={() => mutateAsync({ kind: 'runNow' })} />
}

function ResumeGroup({ id }: { readonly id: string }) {
  const { mutateAsync } = useGroupAction(id)
  return <ActButton label="Resume the group" done="Resumed the group" act={() => mutateAsync({ kind: 'resume' })} />
}

interface Named {
  readonly name: string
}

function ResumeWorker({ name }: Named) {
  const { mutateAsync } = useWorkerAction(name)
  const done = `Resumed ${name}: it opens step by step`
  return <ActButton label={`Resume worker ${name}`} done={done} act={() => mutateAsync({ kind: 'resume' })} />
}

function ResumeWorkgroup({ name }: Named) {
  const { mutateAsync } = useWorkgroupAction(name)
  const done = `Resumed ${name}: it opens step by step`
  return <ActButton label={`Resume workgroup ${name}`} done={done} act={() => mutateAsync({ kind: 'resume' })} />
}

interface ActProps {
  readonly label: string
  readonly done: string
  readonly act: () => Promise<unknown>
}

/** None of these needs a question: what they begin can be paused again. */
function ActButton({ label, done, act }: ActProps) {
  const [isBusy, setBusy] = useState(false)
  const run = async (): Promise<void> => {
    setBusy(true)
    try {
      await act()
      toast.success(done)
    } catch (error) {
      toast.failure(`${label}: ${messageOf(error)}`)
    }
    setBusy(false)
  }
  return (
    <Button
      needs="updateTask"
      className="max-w-full whitespace-normal! break-all"
      isBusy={isBusy}
      onClick={() => void run()}
    >
      {label}
    </Button>
  )
}
