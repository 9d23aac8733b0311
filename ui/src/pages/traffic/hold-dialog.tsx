import { useState } from 'react'
import { ApiError } from '../../api/problem.ts'
import { useNow } from '../../api/server-clock.ts'
import type { HoldBody } from '../../api/traffic.ts'
import { ActionDialog } from '../../kit/action-dialog.tsx'
import { TextField } from '../../kit/field.tsx'
import { SelectField } from '../../kit/select-field.tsx'
import { faultAt } from '../../lib/faults.ts'
import { fieldTime, HOLD_CHOICES, type HoldChoice, holdIn } from '../../lib/hold-form.ts'
import { usePreferences } from '../../shell/preferences.ts'

interface Props {
  readonly name: string
  readonly choice?: HoldChoice
  readonly error: unknown
  readonly run: (hold: HoldBody) => Promise<unknown>
  readonly curl: (hold: HoldBody) => string
  readonly onClose: () => void
}

/** Asks how long a worker or a workgroup is to be held, and why. */
export function HoldDialog({ name, choice = 'ever', error, run, curl, onClose }: Props) {
  const isUtc = usePreferences().zone === 'UTC'
  const [length, setLength] = useState<string>(choice)
  const [inAnHour] = useState(useNow() + 3_600_000)
  return (
    <ActionDialog
      title={`Hold ${name}`}
      about="Nothing of it starts until then; what is under way finishes. A hold that already lasts longer stays as it is."
      confirm="Hold"
      done={`${name} is held`}
      run={(form) => run(holdIn(form, isUtc))}
      curl={(form) => curl(holdIn(form, isUtc))}
      onClose={onClose}
    >
      <SelectField
        label="How long"
        name="length"
        options={HOLD_CHOICES}
        value={length}
        onChange={({ target }) => setLength(target.value)}
      />
      {length === 'until' && (
        <TextField
          label={`Until (${isUtc ? 'UTC' : 'your time'})`}
          name="until"
          type="datetime-local"
          required
          defaultValue={fieldTime(inAnHour, isUtc)}
          fault={error instanceof ApiError ? faultAt(error.faults, '/until') : null}
        />
      )}
      <TextField label="Reason" name="reason" maxLength={500} hint="Shown to whoever asks why. May be empty." />
    </ActionDialog>
  )
}
