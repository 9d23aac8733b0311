import { useState } from 'react'
import { curlOf } from '../../api/client.ts'
import { useGroupAction } from '../../api/groups.ts'
import type { TaskGroup } from '../../api/operations.ts'
import { ActionDialog } from '../../kit/action-dialog.tsx'
import { AttemptsField, attemptsIn } from '../../kit/attempts-field.tsx'
import { TextField } from '../../kit/field.tsx'
import { SpreadField, spreadIn } from '../../kit/spread-field.tsx'
import { countOf } from '../../lib/format.ts'
import { incompleteOf, totalOf } from '../../lib/states.ts'

import { GroupSettingsDialog } from './group-settings-dialog.tsx'

export type AskedGroupAction = 'resume' | 'retry' | 'reset' | 'rename' | 'settings' | 'delete'

interface Props {
  readonly group: TaskGroup
  readonly onClose: () => void
}

/** Deleting more tasks than these asks for the name of the group. */
const MANY_TASKS = 100

/** What is done to a whole group, after asking. */
export function GroupActionDialog({
  kind,
  onDeleted,
  ...props
}: Props & { readonly kind: AskedGroupAction; readonly onDeleted?: () => void }) {
  switch (kind) {
    case 'resume':
      return <ResumeDialog {...props} />
    case 'retry':
      return <RetryDialog {...props} />
    case 'reset':
      return <ResetDialog {...props} />
    case 'rename':
      return <RenameDialog {...props} />
    case 'settings':
      return <GroupSettingsDialog {...props} />
    case 'delete':
      return <DeleteDialog {...props} {...(onDeleted && { onDeleted })} />
  }
}

const nameOf = ({ name, id }: TaskGroup): string => name || id

function ResumeDialog({ group, onClose }: Props) {
  const action = useGroupAction(group.id)
  const { paused } = group.counts
  return (
    <ActionDialog
      title={`Resume ${nameOf(group)}`}
      about={`${countOf(paused, 'paused task')} may start again, those that were paused one by one too. Spread over some time, they do not all knock at once.`}
      confirm="Resume"
      done={`Resumed ${nameOf(group)}`}
      run={(form) => action.mutateAsync({ kind: 'resume', ...spreadIn(form) })}
      curl={(form) => curlOf('resumeTaskGroup', { params: { id: group.id }, body: spreadIn(form) })}
      onClose={onClose}
    >
      <SpreadField />
    </ActionDialog>
  )
}

function RetryDialog({ group, onClose }: Props) {
  const action = useGroupAction(group.id)
  const { failed, retrying } = group.counts
  const rest = incompleteOf(group.counts)
  const params = { id: group.id }
  const bodyOf = (form: FormData) => ({ remainingAttempts: attemptsIn(form), ...spreadIn(form) })
  return (
    <ActionDialog
      title={`Retry ${nameOf(group)}`}
      about={`${countOf(failed, 'failed task')} and ${formatWaiting(retrying)} are tried again now. All ${countOf(rest, 'incomplete task')} get this many attempts. What is complete stays.`}
      confirm={`Retry ${countOf(rest, 'task')}`}
      done={`Retrying ${nameOf(group)}`}
      run={(form) => action.mutateAsync({ kind: 'retry', ...bodyOf(form) })}
      curl={(form) => curlOf('retryTaskGroup', { params, body: bodyOf(form) })}
      onClose={onClose}
    >
      <AttemptsField />
      <SpreadField />
    </ActionDialog>
  )
}

const formatWaiting = (count: number): string => `${count} waiting to be retried`

function ResetDialog({ group, onClose }: Props) {
  const action = useGroupAction(group.id)
  const total = totalOf(group.counts)
  const params = { id: group.id }
  return (
    <ActionDialog
      title={`Start ${nameOf(group)} over`}
      about={`The outputs and errors of all ${countOf(total, 'task')} are deleted and the group runs from its beginning. If it has seed tasks, only those are kept: all others are deleted, and the seeds make them again.`}
      confirm={`Reset ${countOf(total, 'task')}`}
      look="danger"
      done={`${nameOf(group)} starts over`}
      run={(form) => action.mutateAsync({ kind: 'reset', remainingAttempts: attemptsIn(form) })}
      curl={(form) => curlOf('resetTaskGroup', { params, body: { remainingAttempts: attemptsIn(form) } })}
      onClose={onClose}
    >
      <AttemptsField />
    </ActionDialog>
  )
}

function RenameDialog({ group, onClose }: Props) {
  const action = useGroupAction(group.id)
  const name = (form: FormData): string => String(form.get('name'))
  return (
    <ActionDialog
      title="Rename the group"
      about={`Its id stays ${group.id}.`}
      confirm="Rename"
      done="Renamed"
      run={(form) => action.mutateAsync({ kind: 'rename', name: name(form) })}
      curl={(form) => curlOf('updateTaskGroup', { params: { id: group.id }, body: { name: name(form) } })}
      onClose={onClose}
    >
      <TextField label="Name" name="name" defaultValue={group.name} required />
    </ActionDialog>
  )
}

function DeleteDialog({ group, onClose, onDeleted }: Props & { readonly onDeleted?: () => void }) {
  const action = useGroupAction(group.id)
  const [typed, setTyped] = useState('')
  const total = totalOf(group.counts)
  const mustType = total > MANY_TASKS
  return (
    <ActionDialog
      title={`Delete ${nameOf(group)}`}
      about={`The group and its ${countOf(total, 'task')} are gone for good. What runs now is stopped: its answer changes nothing any more.`}
      confirm={`Delete ${countOf(total, 'task')}`}
      look="danger"
      done={`Deleted ${nameOf(group)}`}
      blocked={mustType && typed !== nameOf(group)}
      run={async () => {
        await action.mutateAsync({ kind: 'delete' })
        onDeleted?.()
      }}
      curl={() => curlOf('deleteTaskGroup', { params: { id: group.id } })}
      onClose={onClose}
    >
      {mustType && (
        <TextField
          label={`Type ${nameOf(group)} to delete it`}
          value={typed}
          onChange={({ target }) => setTyped(target.value)}
          autoComplete="off"
        />
      )}
    </ActionDialog>
  )
}
