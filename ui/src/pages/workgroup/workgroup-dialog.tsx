import { curlOf } from '../../api/client.ts'
import type { Workgroup } from '../../api/operations.ts'
import { ApiError } from '../../api/problem.ts'
import { useWorkgroupAction } from '../../api/workgroups.ts'
import { ActionDialog } from '../../kit/action-dialog.tsx'
import { TextField } from '../../kit/field.tsx'
import { faultAt } from '../../lib/faults.ts'
import { countOf } from '../../lib/format.ts'
import { HoldDialog } from '../traffic/hold-dialog.tsx'
import { LimitsDialog } from '../traffic/limits-dialog.tsx'

export type AskedOfWorkgroup = 'hold' | 'spread' | 'limits'

interface Props {
  readonly workgroup: Workgroup
  readonly onClose: () => void
}

/** What is done to a workgroup after asking. */
export function WorkgroupDialog({ kind, workgroup, onClose }: Props & { readonly kind: AskedOfWorkgroup }) {
  const { name } = workgroup
  const action = useWorkgroupAction(name)
  const params = { name }
  switch (kind) {
    case 'hold':
      return (
        <HoldDialog
          name={name}
          choice="until"
          error={action.error}
          run={(hold) => action.mutateAsync({ kind: 'hold', hold })}
          curl={(body) => curlOf('pauseWorkgroup', { params, body })}
          onClose={onClose}
        />
      )
    case 'spread':
      return <SpreadDialog workgroup={workgroup} onClose={onClose} />
    case 'limits':
      return (
        <LimitsDialog
          of={`workgroup ${name}`}
          limits={workgroup}
          error={action.error}
          run={(edit) => action.mutateAsync({ kind: 'limit', edit })}
          curl={(body) => curlOf('updateWorkgroup', { params, body })}
          onClose={onClose}
        />
      )
  }
}

const DEFAULT_SPREAD_SECONDS = 60

function SpreadDialog({ workgroup: { name, waiting }, onClose }: Props) {
  const action = useWorkgroupAction(name)
  const spreadIn = (form: FormData): number => Number(form.get('spreadSeconds'))
  return (
    <ActionDialog
      title={`Resume ${name}, spread out`}
      about={`The hold ends now. What waits (${countOf(waiting, 'task')}) starts evenly over this time; 0 ends a pace that is in force.`}
      confirm="Resume"
      done={`Resumed ${name}`}
      run={(form) => action.mutateAsync({ kind: 'resume', spreadSeconds: spreadIn(form) })}
      curl={(form) => curlOf('resumeWorkgroup', { params: { name }, body: { spreadSeconds: spreadIn(form) } })}
      onClose={onClose}
    >
      <TextField
        label="Over how long, seconds"
        name="spreadSeconds"
        type="number"
        step="any"
        required
        defaultValue={DEFAULT_SPREAD_SECONDS}
        fault={action.error instanceof ApiError ? faultAt(action.error.faults, '/spreadSeconds') : null}
      />
    </ActionDialog>
  )
}
