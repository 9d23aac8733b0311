import { useState } from 'react'
import { Button } from '../../kit/button.tsx'
import { INPUT } from '../../kit/field.tsx'
import { escapePointer, type Fault, faultAt } from '../../lib/faults.ts'

interface Props {
  readonly headers: Readonly<Record<string, string>>
  readonly faults: readonly Fault[]
}

/** The headers sent with each call: rows of a name and a value. */
export function HeaderRows({ headers, faults }: Props) {
  const [rows, setRows] = useState(() =>
    [...Object.entries(headers), ['', '']].map(([name, value], id) => ({ id, name, value })),
  )
  const add = (): void => setRows([...rows, { id: Math.max(0, ...rows.map(({ id }) => id)) + 1, name: '', value: '' }])
  const whole = faults.find(({ pointer }) => pointer === '/headers')
  return (
    <fieldset className="mt-3 sm:col-span-2">
      <legend className="mb-1 font-medium">Headers</legend>
      <div className="grid gap-2">
        {rows.map(({ id, name = '', value }, at) => (
          <Row
            key={id}
            number={at + 1}
            name={name}
            value={value ?? ''}
            faults={faults}
            onRemove={() => setRows(rows.filter((row) => row.id !== id))}
          />
        ))}
      </div>
      <div className="mt-1 text-soft">
        {whole && <p className="text-danger">{whole.detail}</p>}
        <p>
          A credential is only taken as <code>secret:NAME</code>, also behind a scheme like{' '}
          <code>Bearer secret:NAME</code>: the value of <code>CREW_SECRET_NAME</code> in the server's environment.
        </p>
      </div>
      <Button className="mt-1" onClick={add}>
        Add a header
      </Button>
    </fieldset>
  )
}

interface RowProps {
  readonly number: number
  readonly name: string
  readonly value: string
  readonly faults: readonly Fault[]
  readonly onRemove: () => void
}

function Row({ number, name: before, value, faults, onRemove }: RowProps) {
  const [name, setName] = useState(before)
  const typed = name.trim().toLowerCase()
  const fault = typed === '' ? null : faultAt(faults, `/headers/${escapePointer(typed)}`)
  return (
    <div>
      <div className="flex gap-2">
        <input
          name="headerName"
          aria-label={`Name of header ${number}`}
          placeholder="authorization"
          className={`${INPUT} sm:max-w-56`}
          aria-invalid={fault !== null}
          value={name}
          onChange={({ target }) => setName(target.value)}
        />
        <input
          name="headerValue"
          aria-label={`Value of header ${number}`}
          placeholder="Bearer secret:SHOP"
          className={INPUT}
          aria-invalid={fault !== null}
          defaultValue={value}
        />
        <Button look="quiet" aria-label={`Remove header ${number}`} onClick={onRemove}>
          ×
        </Button>
      </div>
      {fault !== null && <p className="mt-1 text-danger">{fault}</p>}
    </div>
  )
}
