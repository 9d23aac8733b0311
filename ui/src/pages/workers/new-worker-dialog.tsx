import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { curlOf } from '../../api/client.ts'
import { ApiError } from '../../api/problem.ts'
import { useWorkerAction } from '../../api/workers.ts'
import { ActionDialog } from '../../kit/action-dialog.tsx'
import { TextField } from '../../kit/field.tsx'
import { faultAt } from '../../lib/faults.ts'

interface Props {
  /** What the name begins as. */
  readonly name?: string
  readonly onClose: () => void
}

/** A worker or a rule, and where it is; the rest is set on its page. */
export function NewWorkerDialog({ name: given = '', onClose }: Props) {
  const [typed, setName] = useState(given)
  const name = typed.trim()
  const navigate = useNavigate()
  const action = useWorkerAction(name)
  const faults = action.error instanceof ApiError ? action.error.faults : []
  const edit = (form: FormData) => ({ url: String(form.get('url')).trim() || null })
  return (
    <ActionDialog
      title="Add a worker"
      about="Or a rule: * for every worker, shopify/* for all below shopify/."
      confirm="Add"
      done={`${name} is set`}
      blocked={name === ''}
      run={async (form) => {
        await action.mutateAsync({ kind: 'edit', edit: edit(form) })
        await navigate({ to: '/workers/$name', params: { name } })
      }}
      curl={(form) => curlOf('updateWorker', { params: { name }, body: edit(form) })}
      onClose={onClose}
    >
      <TextField
        label="Name"
        name="name"
        required
        value={typed}
        onChange={({ target }) => setName(target.value)}
        fault={faultAt(faults, '/name')}
        hint="As tasks write it in their field worker."
      />
      <TextField
        label="URL"
        name="url"
        type="url"
        placeholder="https://hooks.example.com/send-mail"
        fault={faultAt(faults, '/url')}
        hint="Empty is the base URL of the workers with the name behind it."
      />
    </ActionDialog>
  )
}
