import { type InputHTMLAttributes, type ReactNode, useId } from 'react'

export const INPUT =
  'w-full min-h-8 rounded-md border border-edge bg-surface px-2.5 py-1 text-ink placeholder:text-soft aria-invalid:border-danger max-sm:min-h-11'

interface FieldProps {
  readonly label: string
  readonly hint?: ReactNode
  readonly fault?: string | null | undefined
}

/** A labelled input; hint and fault are read out with it. */
export function TextField({ label, hint, fault, ...rest }: FieldProps & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId()
  return (
    <Labelled id={id} label={label} hint={hint} fault={fault}>
      <input id={id} className={INPUT} aria-invalid={Boolean(fault)} aria-describedby={`${id}-about`} {...rest} />
    </Labelled>
  )
}

export function CheckField({ label, hint, ...rest }: FieldProps & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId()
  return (
    <div className="mt-3 flex items-start gap-2">
      <input
        id={id}
        type="checkbox"
        className="mt-0.5 size-4 accent-accent"
        aria-describedby={`${id}-about`}
        {...rest}
      />
      <div>
        <label htmlFor={id}>{label}</label>
        <div id={`${id}-about`} className="text-soft">
          {hint}
        </div>
      </div>
    </div>
  )
}

/** What every field has around its input. */
export function Labelled({
  id,
  label,
  hint,
  fault,
  children,
}: FieldProps & { readonly id: string; readonly children: ReactNode }) {
  return (
    <div className="mt-3">
      <label htmlFor={id} className="mb-1 block font-medium">
        {label}
      </label>
      {children}
      <div id={`${id}-about`} className="mt-1 text-soft">
        {fault ? <span className="text-danger">{fault}</span> : hint}
      </div>
    </div>
  )
}
