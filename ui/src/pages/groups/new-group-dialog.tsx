import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { curlOf } from '../../api/client.ts'
import { useCreateGraph, useCreateGroup } from '../../api/groups.ts'
import type { TaskGroup } from '../../api/operations.ts'
import { ActionDialog } from '../../kit/action-dialog.tsx'
import { Button } from '../../kit/button.tsx'
import { CheckField, TextField } from '../../kit/field.tsx'
import { JsonField } from '../../kit/json-field.tsx'
import { SelectField } from '../../kit/select-field.tsx'
import { FAILURE_POLICIES } from '../../lib/failure-words.ts'
import { jsonFault } from '../../lib/json-fault.ts'

const EXAMPLE = `{
  "name": "nightly",
  "tasks": [
    {"id": "fetch", "worker": "echo", "input": {"page": 1}},
    {"id": "merge", "worker": "echo", "parentIds": ["fetch"]}
  ]
}`

/** A group without tasks, or a whole graph as JSON. */
export function NewGroupDialog({ onClose }: { readonly onClose: () => void }) {
  const [isGraph, setGraph] = useState(false)
  const other = (
    <Button look="quiet" className="mt-3 -ml-3 text-accent underline" onClick={() => setGraph(!isGraph)}>
      {isGraph ? 'An empty group instead' : 'From a JSON graph instead'}
    </Button>
  )
  return isGraph ? <GraphForm onClose={onClose} other={other} /> : <GroupForm onClose={onClose} other={other} />
}

interface FormProps {
  readonly onClose: () => void
  readonly other: React.ReactNode
}

function useOpenGroup() {
  const navigate = useNavigate()
  return (id: string): void => void navigate({ to: '/groups/$gid', params: { gid: id } })
}

function GroupForm({ onClose, other }: FormProps) {
  const create = useCreateGroup()
  const open = useOpenGroup()
  const bodyOf = (form: FormData) => ({
    id: String(form.get('id')).trim(),
    name: String(form.get('name')).trim(),
    isPaused: form.get('isPaused') === 'on',
    onTaskFailure: form.get('onTaskFailure') as TaskGroup['onTaskFailure'],
  })
  return (
    <ActionDialog
      title="New group"
      about="It holds tasks, and can be paused, resumed, retried and reset as a whole."
      confirm="Create"
      done="Group created"
      run={async (form) => open((await create.mutateAsync(bodyOf(form))).id)}
      curl={(form) => curlOf('createTaskGroup', { body: bodyOf(form) })}
      onClose={onClose}
    >
      <TextField label="Name" name="name" required autoFocus />
      <TextField label="Id" name="id" hint="Left empty, the server makes one." pattern="[A-Za-z0-9._:\-]{1,128}" />
      <SelectField label="When a task fails for good" name="onTaskFailure" options={FAILURE_POLICIES} />
      <CheckField label="Paused" name="isPaused" hint="Nothing starts until it is resumed." />
      {other}
    </ActionDialog>
  )
}

function GraphForm({ onClose, other }: FormProps) {
  const create = useCreateGraph()
  const open = useOpenGroup()
  const [text, setText] = useState(EXAMPLE)
  return (
    <ActionDialog
      title="New group from a graph"
      about="A group with all its tasks, in any order: all are created, or none."
      confirm="Create"
      done="Group created"
      blocked={jsonFault(text) !== null}
      isWide
      run={async () => open((await create.mutateAsync(text)).id)}
      curl={() => curlOf('createTaskGraph', { rawBody: text })}
      onClose={onClose}
    >
      <JsonField label="Graph" value={text} onChange={setText} isTall />
      {other}
    </ActionDialog>
  )
}
