import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { curlOf } from '../../api/client.ts'
import { ApiError } from '../../api/problem.ts'
import { useWorkgroupAction } from '../../api/workgroups.ts'
import { ActionDialog } from '../../kit/action-dialog.tsx'
import { TextField } from '../../kit/field.tsx'
import { limitsIn } from '../../lib/limits-form.ts'
import { LimitFields } from '../traffic/limit-fields.tsx'

const NO_LIMITS = { maxConcurrent: null, rateLimit: null, ramp: { stepSeconds: 1 } } as const

/** A workgroup is there as soon as it has limits, also before a task names it. */
export function NewWorkgroupDialog({ onClose }: { readonly onClose: () => void }) {
  const [typed, setName] = useState('')
  const name = typed.trim()
  const navigate = useNavigate()
  const action = useWorkgroupAction(name)
  return (
    <ActionDialog
      title="Limit a workgroup"
      about="The tasks that name it share these limits, over all servers, groups and workers."
      confirm="Save"
      done={`Limits of workgroup ${name} are set`}
      blocked={name === ''}
      run={async (form) => {
        await action.mutateAsync({ kind: 'limit', edit: limitsIn(form) })
        await navigate({ to: '/workgroups/$name', params: { name } })
      }}
      curl={(form) => curlOf('updateWorkgroup', { params: { name }, body: limitsIn(form) })}
      onClose={onClose}
    >
      <TextField
        label="Name"
        name="name"
        value={typed}
        onChange={({ target }) => setName(target.value)}
        required
        hint="As tasks write it in their field workgroup."
      />
      <LimitFields limits={NO_LIMITS} faults={action.error instanceof ApiError ? action.error.faults : []} />
    </ActionDialog>
  )
}
