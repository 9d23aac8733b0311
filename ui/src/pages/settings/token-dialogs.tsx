import { curlOf } from '../../api/client.ts'
import type { ApiToken } from '../../api/operations.ts'
import { useCreateToken, useRevokeToken } from '../../api/people.ts'
import { ApiError } from '../../api/problem.ts'
import { serverNow } from '../../api/server-clock.ts'
import { ActionDialog } from '../../kit/action-dialog.tsx'
import { Button } from '../../kit/button.tsx'
import { copyText } from '../../kit/copy.ts'
import { Dialog } from '../../kit/dialog.tsx'
import { TextField } from '../../kit/field.tsx'
import { SelectField } from '../../kit/select-field.tsx'
import { faultAt } from '../../lib/faults.ts'
import { RoleField, roleIn } from './role-field.tsx'

/** A token just made, while its secret is on the screen. */
export interface MadeToken {
  readonly name: string
  readonly secret: string
}

const DAY_MS = 86_400_000
const LIFETIMES = [
  ['30', 'in 30 days'],
  ['90', 'in 90 days'],
  ['365', 'in a year'],
  ['', 'never'],
] as const

export function NewTokenDialog({
  onMade,
  onClose,
}: {
  readonly onMade: (made: MadeToken) => void
  readonly onClose: () => void
}) {
  const create = useCreateToken()
  const faults = create.error instanceof ApiError ? create.error.faults : []
  return (
    <ActionDialog
      title="Make a token"
      about="For a program or a script. Its secret is shown once, after this."
      confirm="Make token"
      done="Made the token"
      run={async (form) => {
        const body = bodyOf(form)
        const { secret } = await create.mutateAsync(body)
        onMade({ name: body.name, secret })
      }}
      curl={(form) => curlOf('createToken', { body: bodyOf(form) })}
      onClose={onClose}
    >
      <TextField
        label="Name"
        name="name"
        autoComplete="off"
        required
        maxLength={100}
        hint="What it is for, like “CI” or “nightly import”"
        fault={faultAt(faults, '/name')}
      />
      <RoleField defaultValue="operator" fault={faultAt(faults, '/role')} />
      <SelectField
        label="Expires"
        name="days"
        defaultValue="90"
        options={LIFETIMES}
        fault={faultAt(faults, '/expiresAt')}
      />
    </ActionDialog>
  )
}

function bodyOf(form: FormData) {
  const days = Number(form.get('days'))
  const expiresAt = days === 0 ? null : new Date(serverNow() + days * DAY_MS).toISOString()
  return { name: String(form.get('name')).trim(), role: roleIn(form), expiresAt }
}

/** The one time that the secret is to be seen. */
export function SecretDialog({ made, onClose }: { readonly made: MadeToken; readonly onClose: () => void }) {
  return (
    <Dialog
      title={`The secret of ${made.name}`}
      about="Copy it now: Crew keeps its digest only, and nobody can show it again."
      isOpen
      onClose={onClose}
      isWide
    >
      <code className="mt-4 block rounded-md bg-sunken p-3 font-mono break-all" data-secret>
        {made.secret}
      </code>
      <p className="mt-3 text-soft">
        Programs send it as <code className="text-ink">Authorization: Bearer …</code>
      </p>
      <div className="mt-5 flex flex-wrap justify-end gap-2">
        <Button look="primary" onClick={() => void copyText(made.secret, 'the secret')}>
          Copy the secret
        </Button>
        <Button onClick={onClose}>Done</Button>
      </div>
    </Dialog>
  )
}

export function RevokeTokenDialog({ token, onClose }: { readonly token: ApiToken; readonly onClose: () => void }) {
  const revoke = useRevokeToken(token.id)
  return (
    <ActionDialog
      title={`Revoke ${token.name}`}
      about="Whatever uses it is refused at once, on all servers within a second. It cannot be undone."
      confirm="Revoke token"
      look="danger"
      done={`Revoked ${token.name}`}
      run={() => revoke.mutateAsync()}
      curl={() => curlOf('deleteToken', { params: { id: token.id } })}
      onClose={onClose}
    />
  )
}
