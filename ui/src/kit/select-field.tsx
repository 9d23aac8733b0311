import { type SelectHTMLAttributes, useId } from 'react'
import { INPUT, Labelled } from './field.tsx'

interface Props extends SelectHTMLAttributes<HTMLSelectElement> {
  readonly label: string
  readonly hint?: string
  readonly fault?: string | null | undefined
  readonly options: readonly (readonly [value: string, text: string])[]
}

/** A labelled choice of a few. */
export function SelectField({ label, hint, fault, options, ...rest }: Props) {
  const id = useId()
  return (
    <Labelled id={id} label={label} hint={hint} fault={fault}>
      <select id={id} className={INPUT} aria-invalid={Boolean(fault)} aria-describedby={`${id}-about`} {...rest}>
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </Labelled>
  )
}
