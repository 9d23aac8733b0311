import { useId } from 'react'
import { Button } from '../../kit/button.tsx'
import { TextField } from '../../kit/field.tsx'
import { type Fault, faultAt } from '../../lib/faults.ts'
import { fieldsOfReceiver } from '../../lib/notify-form.ts'
import type { EventType, Receiver } from '../../lib/notify-words.ts'
import { SigningFields } from '../worker/signing-fields.tsx'

interface Props {
  /** Which row of the form it is, and the place that it is sent in. */
  readonly row: number
  readonly at: number
  readonly receiver: Receiver
  readonly isNew: boolean
  readonly events: readonly (readonly [EventType, string])[]
  readonly faults: readonly Fault[]
  readonly onRemove: () => void
}

/** Where one receiver is, what it is told, and what signs that. */
export function ReceiverFields({ row, at, receiver, isNew, events, faults, onRemove }: Props) {
  const of = fieldsOfReceiver(row)
  const { url, events: told = [], signingSecret = null } = receiver
  const faultOf = (field: string): string | null => faultAt(faults, `/notify/${at}/${field}`)
  return (
    <fieldset className="mt-3 min-w-0 rounded-md border border-line px-3 pb-3">
      <legend className="px-1 font-medium">Receiver {at + 1}</legend>
      <input type="hidden" name="receiver" value={row} />
      <TextField
        label="URL"
        name={`${of}url`}
        defaultValue={url}
        placeholder="https://hooks.example.com/crew"
        inputMode="url"
        autoComplete="off"
        spellCheck={false}
        required
        autoFocus={isNew}
        hint="Each event is POSTed to it once, and tried again until a 2xx."
        fault={faultOf('url')}
      />
      <EventChecks name={`${of}events`} events={events} told={told} fault={faultOf('events')} />
      <div className="grid gap-x-4 sm:grid-cols-2">
        <SigningFields
          signingSecret={signingSecret}
          faults={faults}
          pointer={`/notify/${at}/signingSecret`}
          of={of}
          hint={
            <>
              <code>whsec_…</code>, <code>whsk_…</code> or <code>secret:NAME</code>, as Standard Webhooks says. Empty:
              not signed.
            </>
          }
        />
      </div>
      <Button className="mt-3" onClick={onRemove}>
        Remove receiver {at + 1}
      </Button>
    </fieldset>
  )
}

interface ChecksProps {
  readonly name: string
  readonly events: readonly (readonly [EventType, string])[]
  readonly told: readonly EventType[]
  readonly fault: string | null
}

function EventChecks({ name, events, told, fault }: ChecksProps) {
  const id = useId()
  return (
    <fieldset className="mt-3" aria-describedby={id}>
      <legend className="font-medium">Told of</legend>
      <div className="mt-1 flex flex-wrap gap-x-5">
        {events.map(([type, words]) => (
          <label key={type} className="flex min-h-8 items-center gap-2 max-sm:min-h-11">
            <input
              type="checkbox"
              name={name}
              value={type}
              className="size-4 accent-accent"
              defaultChecked={told.includes(type)}
            />
            {words}
          </label>
        ))}
      </div>
      <div id={id} className="text-danger">
        {fault}
      </div>
    </fieldset>
  )
}
