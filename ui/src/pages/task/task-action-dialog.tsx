import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { curlOf } from '../../api/client.ts'
import { type FullTask, usePluckTask, useTaskAction } from '../../api/tasks.ts'
import { ActionDialog } from '../../kit/action-dialog.tsx'
import { AttemptsField, attemptsIn } from '../../kit/attempts-field.tsx'
import { CheckField } from '../../kit/field.tsx'
import { JsonField } from '../../kit/json-field.tsx'
import { jsonFault } from '../../lib/json-fault.ts'
import { prettyText } from '../../lib/pretty-json.ts'
import { changeBody, TaskFields } from './task-fields.tsx'

export type AskedTaskAction = 'retry' | 'reset' | 'edit' | 'complete' | 'pluck' | 'delete'

interface Props {
  readonly full: FullTask
  readonly onClose: () => void
}

/** What is done to one task, after asking. */
export function TaskActionDialog({
  kind,
  onDeleted,
  ...props
}: Props & { readonly kind: AskedTaskAction; readonly onDeleted: () => void }) {
  switch (kind) {
    case 'retry':
      return <RetryDialog {...props} />
    case 'reset':
      return <ResetDialog {...props} />
    case 'edit':
      return <EditDialog {...props} />
    case 'complete':
      return <CompleteDialog {...props} />
    case 'pluck':
      return <PluckDialog {...props} />
    case 'delete':
      return <DeleteDialog {...props} onDeleted={onDeleted} />
  }
}

const nameOf = ({ task }: FullTask): string => task.name || task.id

function RetryDialog({ full, onClose }: Props) {
  const tid = full.task.id
  const action = useTaskAction(tid)
  return (
    <ActionDialog
      title={`Retry ${nameOf(full)}`}
      about="It is due now, with this many attempts. Its errors and attempts are kept."
      confirm="Retry"
      done={`Retrying ${nameOf(full)}`}
      run={(form) => action.mutateAsync({ kind: 'retry', remainingAttempts: attemptsIn(form) })}
      curl={(form) => curlOf('retryTask', { params: { tid }, body: { remainingAttempts: attemptsIn(form) } })}
      onClose={onClose}
    >
      <AttemptsField />
    </ActionDialog>
  )
}

function ResetDialog({ full, onClose }: Props) {
  const tid = full.task.id
  const action = useTaskAction(tid)
  const bodyOf = (form: FormData) => ({
    remainingAttempts: attemptsIn(form),
    descendants: form.get('descendants') === 'on',
  })
  return (
    <ActionDialog
      title={`Reset ${nameOf(full)}`}
      about="It looks as if it never ran: its output and errors are deleted, and the tasks that its answers made go too. Its children wait for it again."
      confirm="Reset"
      look="danger"
      done={`Reset ${nameOf(full)}`}
      run={(form) => action.mutateAsync({ kind: 'reset', ...bodyOf(form) })}
      curl={(form) => curlOf('resetTask', { params: { tid }, body: bodyOf(form) })}
      onClose={onClose}
    >
      <AttemptsField />
      <CheckField label="Reset all tasks below as well" name="descendants" />
    </ActionDialog>
  )
}

/** An input is edited as it is stored, only indented; one that is larger stays out of the form and out of what is sent. */
const MAX_EDITED = 500_000

function EditDialog({ full, onClose }: Props) {
  // What the form was made of: the page goes on being refreshed below it.
  const [task] = useState(full.task)
  const input = useInput(full)
  const action = useTaskAction(task.id)
  // Untouched it is left out: what is stored stays byte for byte.
  const bodyOf = (form: FormData): string => changeBody(form, task, input.changed)
  return (
    <ActionDialog
      title={`Edit ${nameOf(full)}`}
      about={
        input.isTooLarge
          ? 'Its input is too large to be edited here; it stays as it is unless you replace it.'
          : 'While it runs only its name can be changed.'
      }
      confirm="Save"
      done="Saved"
      isWide
      blocked={input.isWrong}
      run={(form) => action.mutateAsync({ kind: 'edit', rawBody: bodyOf(form) })}
      curl={(form) => curlOf('updateTask', { params: { tid: task.id }, rawBody: bodyOf(form) })}
      onClose={onClose}
    >
      <TaskFields task={task} input={input.text} onInput={input.setText} />
    </ActionDialog>
  )
}

function CompleteDialog({ full, onClose }: Props) {
  const tid = full.task.id
  const action = useTaskAction(tid)
  return (
    <ActionDialog
      title={`Mark ${nameOf(full)} complete`}
      about="It is not run any more, and its children go on as if it had succeeded, with the output that it has now."
      confirm="Mark complete"
      done={`${nameOf(full)} is complete`}
      run={() => action.mutateAsync({ kind: 'complete' })}
      curl={() => curlOf('updateTask', { params: { tid }, body: { isComplete: true } })}
      onClose={onClose}
    />
  )
}

function PluckDialog({ full, onClose }: Props) {
  const tid = full.task.id
  const pluck = usePluckTask(tid)
  const navigate = useNavigate()
  const input = useInput(full)
  // Untouched it is left out: the copy gets what is stored, byte for byte.
  const rawBody = input.changed === null ? '{}' : `{"input":${input.changed}}`
  return (
    <ActionDialog
      title={`Run a copy of ${nameOf(full)} alone`}
      about={
        input.isTooLarge
          ? 'A new group gets a copy of this task, with the results of its parents frozen in. Its input is too large to be edited here; it is copied unless you replace it.'
          : 'A new group gets a copy of this task, with the results of its parents frozen in. This one is not touched.'
      }
      confirm="Make the copy"
      done="The copy is in a new group"
      isWide
      blocked={input.isWrong}
      run={async (form) => {
        const group = await pluck.mutateAsync({ rawBody, isResumed: form.get('isResumed') === 'on' })
        void navigate({ to: '/groups/$gid', params: { gid: group.id } })
      }}
      curl={() => curlOf('pluckTask', { params: { tid }, rawBody })}
      onClose={onClose}
    >
      <JsonField label="Input" value={input.text} onChange={input.setText} />
      <CheckField label="Start it at once" name="isResumed" hint="Else its group waits, paused, until it is resumed." />
    </ActionDialog>
  )
}

/** The input of a task in a form; `changed` is null until somebody touches it. */
function useInput({ raw }: FullTask) {
  const stored = raw.get('input') ?? 'null'
  const [isTooLarge] = useState(stored.length > MAX_EDITED)
  const [shown] = useState(() => (isTooLarge ? 'null' : prettyText(stored)))
  const [text, setText] = useState(shown)
  return { text, setText, isTooLarge, isWrong: jsonFault(text) !== null, changed: text === shown ? null : text }
}

function DeleteDialog({ full, onClose, onDeleted }: Props & { readonly onDeleted: () => void }) {
  const tid = full.task.id
  const action = useTaskAction(tid)
  return (
    <ActionDialog
      title={`Delete ${nameOf(full)}`}
      about="It is gone for good, and so is every child that has no other parent. An attempt under way changes nothing any more."
      confirm="Delete"
      look="danger"
      done={`Deleted ${nameOf(full)}`}
      run={async () => {
        await action.mutateAsync({ kind: 'delete' })
        onDeleted()
      }}
      curl={() => curlOf('deleteTask', { params: { tid } })}
      onClose={onClose}
    />
  )
}
