import type { ReactNode } from 'react'
import { TextField } from '../../kit/field.tsx'
import { type Fault, faultAt } from '../../lib/faults.ts'
import { type SigningSecret, secretsOf } from '../../lib/signing-form.ts'

interface Props {
  readonly signingSecret: SigningSecret
  readonly faults: readonly Fault[]
  /** Where it stands in what is sent. */
  readonly pointer?: string
  /** What the names of its fields begin with, where a form has several. */
  readonly of?: string
  /** What signs what. */
  readonly hint: ReactNode
}

/** What calls are signed by. A stored secret is shown masked, and stays while that is left as it is. */
export function SigningFields({ signingSecret, faults, pointer = '/signingSecret', of = '', hint }: Props) {
  const [present = '', before = ''] = secretsOf(signingSecret)
  const whole = faults.find((fault) => fault.pointer === pointer)?.detail
  return (
    <>
      <TextField
        label="Signing secret"
        name={`${of}signingSecret`}
        defaultValue={present}
        placeholder="whsec_…"
        autoComplete="off"
        spellCheck={false}
        hint={hint}
        fault={whole ?? faultAt(faults, `${pointer}/0`)}
      />
      <TextField
        label="Signing secret before it"
        name={`${of}signingSecretBefore`}
        defaultValue={before}
        placeholder="none"
        autoComplete="off"
        spellCheck={false}
        hint="While receivers change over both sign. Empty it when all know the new one."
        fault={faultAt(faults, `${pointer}/1`)}
      />
    </>
  )
}
