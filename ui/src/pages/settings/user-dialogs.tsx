import type { User } from '../../api/operations.ts'
import { useUserAction } from '../../api/people.ts'
import { ActionDialog } from '../../kit/action-dialog.tsx'
import { TextField } from '../../kit/field.tsx'
import { useFaultAt } from '../../kit/use-fault-at.ts'
import { NewPasswordField } from './password-fields.tsx'
import { RoleField, roleIn } from './role-field.tsx'

interface Props {
  readonly user: User
  readonly onClose: () => void
}

export function AddUserDialog({ onClose }: { readonly onClose: () => void }) {
  const action = useUserAction()
  const fault = useFaultAt(action.error)
  return (
    <ActionDialog
      title="Add a user"
      about="Tell them the password yourself: Crew keeps its hash only, and sends nothing."
      confirm="Add user"
      done="Added the user"
      run={(form) => {
        const user = { name: String(form.get('name')), role: roleIn(form), password: String(form.get('password')) }
        return action.mutateAsync({ kind: 'add', user })
      }}
      onClose={onClose}
    >
      <TextField
        label="Name"
        name="name"
        autoComplete="off"
        required
        maxLength={64}
        pattern="[A-Za-z0-9._@+\-]+"
        hint="To log in with: letters, digits and . _ @ + -"
        fault={fault('/name')}
      />
      <RoleField defaultValue="viewer" fault={fault('/role')} />
      <NewPasswordField label="Password" isRequired fault={fault('/password')} />
    </ActionDialog>
  )
}

/** The role of the user of the configuration is not to be chosen. */
export function ChangeUserDialog({ user, onClose }: Props) {
  const action = useUserAction()
  const fault = useFaultAt(action.error)
  return (
    <ActionDialog
      title={`Change ${user.name}`}
      about="With another role or password every session of the user ends."
      confirm="Save"
      done={`Changed ${user.name}`}
      run={(form) => {
        const password = String(form.get('password'))
        const edit = { ...(!user.isConfigured && { role: roleIn(form) }), ...(password !== '' && { password }) }
        return action.mutateAsync({ kind: 'change', name: user.name, edit })
      }}
      onClose={onClose}
    >
      {user.isConfigured ? (
        <p className="mt-3 text-soft">The user of the configuration is always an admin.</p>
      ) : (
        <RoleField defaultValue={user.role} fault={fault('/role')} />
      )}
      <NewPasswordField label="New password" isRequired={user.isConfigured} fault={fault('/password')} />
    </ActionDialog>
  )
}

export function DeleteUserDialog({ user, onClose }: Props) {
  const action = useUserAction()
  return (
    <ActionDialog
      title={`Delete ${user.name}`}
      about="Every session of the user ends at once. Tokens that the user made stay: revoke them apart."
      confirm="Delete user"
      look="danger"
      done={`Deleted ${user.name}`}
      run={() => action.mutateAsync({ kind: 'delete', name: user.name })}
      onClose={onClose}
    />
  )
}
