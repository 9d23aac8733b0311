import { useState } from 'react'
import { CheckField, TextField } from '../../kit/field.tsx'

const MIN_PASSWORD = 12
const MAX_PASSWORD = 256

interface NewPasswordProps {
  readonly label: string
  readonly name?: string
  readonly isRequired: boolean
  readonly fault: string | null
}

/** A password that somebody chooses. */
export function NewPasswordField({ label, name = 'password', isRequired, fault }: NewPasswordProps) {
  const [isShown, setShown] = useState(false)
  return (
    <>
      <TextField
        label={label}
        name={name}
        type={isShown ? 'text' : 'password'}
        autoComplete="new-password"
        required={isRequired}
        minLength={MIN_PASSWORD}
        maxLength={MAX_PASSWORD}
        hint={`At least ${MIN_PASSWORD} characters${isRequired ? '' : '; empty: it stays as it is'}`}
        fault={fault}
      />
      <CheckField label="Show the password" checked={isShown} onChange={({ target }) => setShown(target.checked)} />
    </>
  )
}

/** The password as it is: never shown, as whoever stands beside could read it. */
export const CurrentPasswordField = ({ fault }: { readonly fault: string | null }) => (
  <TextField
    label="Current password"
    name="currentPassword"
    type="password"
    autoComplete="current-password"
    required
    maxLength={MAX_PASSWORD}
    fault={fault}
  />
)
