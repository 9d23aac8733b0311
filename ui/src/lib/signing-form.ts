import type { Worker } from '../api/operations.ts'
import { textIn } from './limits-form.ts'

/** What signs, as the server shows it: masked, none, one or two. */
export type SigningSecret = Worker['signingSecret']

/** Signing secrets, the newest first. */
export const secretsOf = (signingSecret: SigningSecret): readonly string[] =>
  typeof signingSecret === 'string' ? [signingSecret] : (signingSecret ?? [])

/** None, one or two, as the server shows them. `of`: what the names of their fields begin with. */
export function signingSecretIn(form: FormData, of = ''): SigningSecret {
  const secrets = ['signingSecret', 'signingSecretBefore'].map((name) => textIn(form, of + name)).filter(Boolean)
  return secrets.length > 1 ? secrets : (secrets[0] ?? null)
}
