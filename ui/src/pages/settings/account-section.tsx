import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { config } from '../../api/config.ts'
import { me } from '../../api/me.ts'
import { useChangePassword } from '../../api/people.ts'
import { ActionDialog } from '../../kit/action-dialog.tsx'
import { Button } from '../../kit/button.tsx'
import { FactList, Section } from '../../kit/section.tsx'
import { useFaultAt } from '../../kit/use-fault-at.ts'
import { mayOf } from '../../lib/roles.ts'
import { CurrentPasswordField, NewPasswordField } from './password-fields.tsx'

/** Who one is, what one may, and the password that proves it. */
export function AccountSection() {
  const { data } = useQuery(me)
  const [isChanging, setChanging] = useState(false)
  const isByPassword = config.auth === 'on'
  return (
    <Section
      title="Your account"
      actions={isByPassword && <Button onClick={() => setChanging(true)}>Change password…</Button>}
    >
      {config.auth === 'off' ? (
        <p>Login is off: whoever reaches this server does everything, and nobody has a name.</p>
      ) : (
        <FactList
          facts={[
            ['Name', <bdi key="name">{data?.name ?? '…'}</bdi>],
            ['Role', data ? `${data.role}: ${mayOf(data.role)}` : '…'],
            ...(isByPassword ? [] : [['Login', 'by the application that Crew runs in'] as const]),
          ]}
        />
      )}
      {isChanging && data && <ChangePasswordDialog name={data.name} onClose={() => setChanging(false)} />}
    </Section>
  )
}

function ChangePasswordDialog({ name, onClose }: { readonly name: string; readonly onClose: () => void }) {
  const change = useChangePassword()
  const fault = useFaultAt(change.error)
  return (
    <ActionDialog
      title="Change your password"
      about="You stay logged in here; every other session of yours ends at once."
      confirm="Change password"
      done="Changed your password"
      run={(form) =>
        change.mutateAsync({
          currentPassword: String(form.get('currentPassword')),
          newPassword: String(form.get('newPassword')),
        })
      }
      onClose={onClose}
    >
      {/* Without it a password manager does not know whose password it is to replace. */}
      <input name="username" autoComplete="username" value={name} readOnly hidden />
      <CurrentPasswordField fault={fault('/currentPassword')} />
      <NewPasswordField label="New password" name="newPassword" isRequired fault={fault('/newPassword')} />
    </ActionDialog>
  )
}
