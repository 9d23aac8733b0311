import { TextField } from '../../kit/field.tsx'
import { type Fault, faultAt } from '../../lib/faults.ts'
import type { Limits } from '../../lib/limits-form.ts'

interface Props {
  readonly limits: Limits
  readonly faults: readonly Fault[]
}

/** What bounds starts, over all servers. Empty is no limit. What is wrong the server says, at the field. */
export function LimitFields({ limits: { maxConcurrent, rateLimit, ramp }, faults }: Props) {
  const rateFault = faults.find(({ pointer }) => pointer === '/rateLimit')?.detail
  return (
    <>
      <div className="grid gap-x-4 sm:grid-cols-2">
        <NumberField
          label="Under way at once"
          name="maxConcurrent"
          value={maxConcurrent}
          hint="Over all servers. Empty is no limit."
          fault={faultAt(faults, '/maxConcurrent')}
        />
        <NumberField
          label="Opening step, seconds"
          name="stepSeconds"
          value={ramp.stepSeconds}
          hint="After a hold it opens with 1, and doubles with each step. 0 is full speed at once."
          fault={faultAt(faults, '/ramp')}
        />
      </div>
      <div className="grid gap-x-4 sm:grid-cols-3">
        <NumberField
          label="Rate: starts"
          name="count"
          value={rateLimit?.count}
          hint="Evenly spread. Empty is no rate limit."
          fault={rateFault ?? faultAt(faults, '/rateLimit/count')}
        />
        <NumberField
          label="Rate: in seconds"
          name="perSeconds"
          value={rateLimit?.perSeconds}
          hint="60 for a rate a minute."
          fault={faultAt(faults, '/rateLimit/perSeconds')}
        />
        <NumberField
          label="Rate: burst"
          name="burst"
          value={rateLimit?.burst}
          hint="So many at once after a rest."
          fault={faultAt(faults, '/rateLimit/burst')}
        />
      </div>
    </>
  )
}

interface NumberProps {
  readonly label: string
  readonly name: string
  readonly value: number | null | undefined
  readonly hint?: string
  readonly fault?: string | null
}

/** A number that may be left empty. */
export const NumberField = ({ value, ...rest }: NumberProps) => (
  <TextField type="number" step="any" inputMode="decimal" defaultValue={value ?? ''} {...rest} />
)
