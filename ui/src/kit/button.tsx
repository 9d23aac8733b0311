import type { ButtonHTMLAttributes, MouseEvent, Ref } from 'react'
import { useMay } from '../api/me.ts'
import type { Guarded } from '../lib/roles.ts'
import { toast } from '../shell/toasts.ts'

type Look = 'plain' | 'primary' | 'danger' | 'quiet'

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** Red is for what deletes, and for nothing else. */
  readonly look?: Look
  readonly isBusy?: boolean
  readonly ref?: Ref<HTMLButtonElement>
  /** What it does, where not everybody may: to those it is disabled, and says why. */
  readonly needs?: Guarded
}

const LOOKS: Readonly<Record<Look, string>> = {
  plain: 'border border-edge bg-surface text-ink hover:bg-sunken',
  primary: 'border border-transparent bg-accent text-on-accent hover:opacity-90',
  danger: 'border border-transparent bg-danger text-on-danger hover:opacity-90',
  quiet: 'border border-transparent text-soft hover:bg-sunken hover:text-ink',
}

export const BUTTON =
  'inline-flex min-h-8 items-center justify-center gap-1.5 rounded-md px-3 py-1 font-medium whitespace-nowrap no-underline disabled:opacity-60 max-sm:min-h-11'

export const Button = ({ needs, ...rest }: ButtonProps) =>
  needs === undefined ? <AnyButton refusal={null} {...rest} /> : <GuardedButton needs={needs} {...rest} />

const GuardedButton = ({ needs, ...rest }: ButtonProps & { readonly needs: Guarded }) => {
  const refusalOf = useMay()
  return <AnyButton refusal={refusalOf(needs)} {...rest} />
}

interface AnyProps extends Omit<ButtonProps, 'needs'> {
  /** Why it does nothing; null: it does. */
  readonly refusal: string | null
}

/** While busy, or to who may not, it stays focusable and says so, but does nothing: a disabled one could tell nobody why. */
function AnyButton({
  look = 'plain',
  isBusy = false,
  className = '',
  type = 'button',
  onClick,
  refusal,
  ...rest
}: AnyProps) {
  const refuse = (event: MouseEvent): void => {
    event.preventDefault()
    if (refusal !== null) toast.failure(refusal)
  }
  return (
    <button
      type={type}
      className={`${BUTTON} ${LOOKS[look]} ${refusal === null ? '' : 'cursor-not-allowed! opacity-60'} ${className}`}
      aria-busy={isBusy}
      aria-disabled={isBusy || refusal !== null || undefined}
      onClick={isBusy || refusal !== null ? refuse : onClick}
      {...rest}
      {...(refusal !== null && { title: refusal })}
    />
  )
}
