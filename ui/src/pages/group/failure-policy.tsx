import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { TaskGroup } from '../../api/operations.ts'
import { Button } from '../../kit/button.tsx'
import { policyWords } from '../../lib/failure-words.ts'
import { Ago } from '../../shell/time.tsx'
import { GroupSettingsDialog } from './group-settings-dialog.tsx'

/** What becomes of the group when a task fails for good, and where that is set. */
export function FailurePolicy({ group }: { readonly group: TaskGroup }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      when a task fails{' '}
      <Button needs="updateTaskGroup" look="quiet" className="px-1 underline" onClick={() => setOpen(true)}>
        {policyWords(group.onTaskFailure)}…
      </Button>
      {isOpen && <GroupSettingsDialog group={group} onClose={() => setOpen(false)} />}
    </>
  )
}

/** Why nothing of it starts any more, and what lets it go on. */
export function StopNotice({ group: { id, stoppedBy } }: { readonly group: TaskGroup }) {
  if (stoppedBy === null) return null
  return (
    <p data-state-of="failed" className="mt-2 rounded-lg border border-danger px-3 py-2 break-words">
      <span className="state font-semibold">
        <span aria-hidden="true">✕</span> Stopped
      </span>
      : the task{' '}
      <Link to="/groups/$gid/tasks/$tid" params={{ gid: id, tid: stoppedBy.taskId }} className="underline">
        {stoppedBy.taskId}
      </Link>{' '}
      failed for good <Ago time={stoppedBy.at} />. Nothing starts until somebody retries that task or the group, or
      resumes the group.
    </p>
  )
}
