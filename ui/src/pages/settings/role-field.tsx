import { useState } from 'react'
import { SelectField } from '../../kit/select-field.tsx'
import { mayOf, ROLES, type Role } from '../../lib/roles.ts'

interface Props {
  readonly fault?: string | null
  readonly defaultValue: Role
}

/** Which role, with what it may. */
export function RoleField({ fault, defaultValue }: Props) {
  const [role, setRole] = useState(defaultValue)
  return (
    <SelectField
      label="Role"
      name="role"
      value={role}
      onChange={({ target }) => setRole(target.value as Role)}
      hint={mayOf(role)}
      fault={fault}
      options={ROLES.map(([each]) => [each, each] as const)}
    />
  )
}

/** What was chosen. */
export const roleIn = (form: FormData): Role => {
  const given = form.get('role')
  return ROLES.find(([role]) => role === given)?.[0] ?? 'viewer'
}
