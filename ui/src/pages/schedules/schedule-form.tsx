import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { curlOf } from '../../api/client.ts'
import { type FullSchedule, useCreateSchedule, useScheduleAction } from '../../api/schedules.ts'
import { ActionDialog } from '../../kit/action-dialog.tsx'
import { TextField } from '../../kit/field.tsx'
import { jsonFault } from '../../lib/json-fault.ts'
import { prettyText } from '../../lib/pretty-json.ts'
import { newScheduleBody, scheduleChangeBody } from '../../lib/schedule-form.ts'
import { nameOfSchedule } from '../../lib/schedule-words.ts'
import { ScheduleFields } from './schedule-fields.tsx'

const EXAMPLE = `{
  "tasks": [
    {"id": "fetch", "worker": "echo", "input": {"page": 1}},
    {"id": "merge", "worker": "echo", "parentIds": ["fetch"]}
  ]
}`

const idIn = (form: FormData): string => String(form.get('id')).trim()

export function NewScheduleDialog({ onClose }: { readonly onClose: () => void }) {
  const [template, setTemplate] = useState(EXAMPLE)
  const create = useCreateSchedule()
  const navigate = useNavigate()
  return (
    <ActionDialog
      title="New schedule"
      about="It creates a task group at each time of a cron pattern, once however many servers there are."
      confirm="Create"
      done="Schedule created"
      isWide
      blocked={jsonFault(template) !== null}
      run={async (form) => {
        const id = idIn(form)
        await create.mutateAsync({ id, rawBody: newScheduleBody(form, template) })
        void navigate({ to: '/schedules/$id', params: { id } })
      }}
      curl={(form) => curlOf('putSchedule', { params: { id: idIn(form) }, rawBody: newScheduleBody(form, template) })}
      onClose={onClose}
    >
      <TextField
        label="Id"
        name="id"
        required
        autoFocus
        pattern="[A-Za-z0-9._:\-]{1,80}"
        hint="The ids of its groups begin with it. It stays."
      />
      <ScheduleFields template={template} onTemplate={setTemplate} />
    </ActionDialog>
  )
}

export function EditScheduleDialog({ full, onClose }: { readonly full: FullSchedule; readonly onClose: () => void }) {
  // What the form was made of: the page goes on being refreshed below it.
  const [{ schedule, template: stored }] = useState(full)
  const [shown] = useState(() => prettyText(stored))
  const [template, setTemplate] = useState(shown)
  const action = useScheduleAction(schedule.id)
  // Untouched it is left out: what is stored stays byte for byte.
  const bodyOf = (form: FormData): string =>
    scheduleChangeBody(form, { ...schedule }, template === shown ? null : template)
  return (
    <ActionDialog
      title={`Edit ${nameOfSchedule(schedule)}`}
      about="Groups that it created already stay as they are."
      confirm="Save"
      done="Saved"
      isWide
      blocked={jsonFault(template) !== null}
      run={(form) => action.mutateAsync({ kind: 'put', rawBody: bodyOf(form) })}
      curl={(form) => curlOf('putSchedule', { params: { id: schedule.id }, rawBody: bodyOf(form) })}
      onClose={onClose}
    >
      <ScheduleFields schedule={schedule} template={template} onTemplate={setTemplate} />
    </ActionDialog>
  )
}
