import { mayOf, type Role } from '../../lib/roles.ts'

/** A role, and what it may to whoever points at it. */
export const RoleLabel = ({ role }: { readonly role: Role }) => (
  <span title={mayOf(role)} className={role === 'admin' ? 'font-semibold' : ''}>
    {role}
  </span>
)
