import { useState } from 'react'
import { curlOf } from '../../api/client.ts'
import { useGroupAction } from '../../api/groups.ts'
import type { TaskGroup } from '../../api/operations.ts'
import { ApiError } from '../../api/problem.ts'
import { ActionDialog } from '../../kit/action-dialog.tsx'
import { SelectField } from '../../kit/select-field.tsx'
import { FAILURE_POLICIES } from '../../lib/failure-words.ts'
import { faultAt } from '../../lib/faults.ts'
import { changedIn } from '../../lib/limits-form.ts'
import { receiversIn } from '../../lib/notify-form.ts'
import { GROUP_EVENTS } from '../../lib/notify-words.ts'
import { withRaw } from '../../lib/raw-fields.ts'
import { ReceiverRows } from '../notify/receiver-rows.tsx'
import { LastFields, useLast } from './last-fields.tsx'

interface Props {
  readonly group: TaskGroup
  readonly onClose: () => void
}

/** How the group is run, who is told what becomes of it, and what runs last. */
export function GroupSettingsDialog({ group, onClose }: Props) {
  // What the form was made of: the page goes on being refreshed below it.
  const [before] = useState(group)
  const { id, name, onTaskFailure, notify } = before
  const last = useLast(before)
  const action = useGroupAction(id)
  const faults = action.error instanceof ApiError ? action.error.faults : []
  const bodyOf = (form: FormData): string => {
    const settings = { onTaskFailure: form.get('onTaskFailure'), notify: receiversIn(form) }
    return withRaw(changedIn(settings, { onTaskFailure, notify }), 'finally', last.changed)
  }
  return (
    <ActionDialog
      title={`Settings of ${name || id}`}
      about="They count from now on: what failed before stays as it is until it is tried again."
      confirm="Save"
      done="Settings saved"
      isWide
      blocked={last.isWrong}
      run={(form) => action.mutateAsync({ kind: 'settings', rawBody: bodyOf(form) })}
      curl={(form) => curlOf('updateTaskGroup', { params: { id }, rawBody: bodyOf(form) })}
      onClose={onClose}
    >
      <SelectField
        label="When a task fails for good"
        hint="For good: it has no attempts left. What runs then always finishes and counts."
        name="onTaskFailure"
        defaultValue={onTaskFailure}
        options={FAILURE_POLICIES}
        fault={faultAt(faults, '/onTaskFailure')}
      />
      <h3 className="mt-5 font-semibold">Who is told</h3>
      <ReceiverRows receivers={notify} events={GROUP_EVENTS} faults={faults} onMoved={action.reset} />
      <h3 className="mt-5 font-semibold">When all else has ended</h3>
      <LastFields last={last} faults={faults} />
    </ActionDialog>
  )
}
