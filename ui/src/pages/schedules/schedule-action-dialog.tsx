import { useNavigate } from '@tanstack/react-router'
import { curlOf } from '../../api/client.ts'
import type { ScheduleRow } from '../../api/operations.ts'
import { useRunSchedule, useScheduleAction } from '../../api/schedules.ts'
import { ActionDialog } from '../../kit/action-dialog.tsx'
import { nameOfSchedule } from '../../lib/schedule-words.ts'

export type AskedScheduleAction = 'run' | 'delete'

interface Props {
  readonly schedule: ScheduleRow
  readonly onClose: () => void
}

/** What is done to a schedule, after asking. */
export function ScheduleActionDialog({
  kind,
  onDeleted,
  ...props
}: Props & { readonly kind: AskedScheduleAction; readonly onDeleted?: () => void }) {
  switch (kind) {
    case 'run':
      return <RunDialog {...props} />
    case 'delete':
      return <DeleteDialog {...props} {...(onDeleted && { onDeleted })} />
  }
}

function RunDialog({ schedule, onClose }: Props) {
  const run = useRunSchedule(schedule.id)
  const navigate = useNavigate()
  return (
    <ActionDialog
      title={`Run ${nameOfSchedule(schedule)} now`}
      about="A group is created from its template at once, also while it is paused or its last group has not ended. Its times stay as they are."
      confirm="Run now"
      done={`Created a group of ${nameOfSchedule(schedule)}`}
      run={async () => {
        const { id } = await run.mutateAsync()
        void navigate({ to: '/groups/$gid', params: { gid: id } })
      }}
      curl={() => curlOf('runSchedule', { params: { id: schedule.id } })}
      onClose={onClose}
    />
  )
}

function DeleteDialog({ schedule, onClose, onDeleted }: Props & { readonly onDeleted?: () => void }) {
  const action = useScheduleAction(schedule.id)
  const waiting = schedule.queued > 0 ? ` The ${schedule.queued} queued runs are dropped.` : ''
  return (
    <ActionDialog
      title={`Delete ${nameOfSchedule(schedule)}`}
      about={`It creates nothing any more, and its template is gone. The groups that it created stay.${waiting}`}
      confirm="Delete"
      look="danger"
      done={`Deleted ${nameOfSchedule(schedule)}`}
      run={async () => {
        await action.mutateAsync({ kind: 'delete' })
        onDeleted?.()
      }}
      curl={() => curlOf('deleteSchedule', { params: { id: schedule.id } })}
      onClose={onClose}
    />
  )
}
