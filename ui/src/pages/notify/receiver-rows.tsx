import { useState } from 'react'
import { Button } from '../../kit/button.tsx'
import type { Fault } from '../../lib/faults.ts'
import type { EventType, Receiver } from '../../lib/notify-words.ts'
import { ReceiverFields } from './receiver-fields.tsx'

interface Props {
  readonly receivers: readonly Receiver[]
  /** What they may be told. */
  readonly events: readonly (readonly [EventType, string])[]
  readonly faults: readonly Fault[]
  /** Their places have moved: what is known to be wrong does not stand where it did. */
  readonly onMoved: () => void
}

/** Who is told: a row of fields each. */
export function ReceiverRows({ receivers, events, faults, onMoved }: Props) {
  const [rows, setRows] = useState(() => receivers.map((receiver, row) => ({ row, receiver, isNew: false })))
  const whole = faults.find(({ pointer }) => pointer === '/notify')
  const change = (next: typeof rows): void => {
    setRows(next)
    onMoved()
  }
  const add = (): void => {
    const row = Math.max(-1, ...rows.map((each) => each.row)) + 1
    change([...rows, { row, receiver: { url: '', events: events.map(([type]) => type) }, isNew: true }])
  }
  return (
    <>
      {rows.length === 0 && <p className="mt-1 text-soft">Nobody is told.</p>}
      {rows.map(({ row, receiver, isNew }, at) => (
        <ReceiverFields
          key={row}
          row={row}
          at={at}
          receiver={receiver}
          isNew={isNew}
          events={events}
          faults={faults}
          onRemove={() => change(rows.filter((each) => each.row !== row))}
        />
      ))}
      {whole && <p className="mt-1 text-danger">{whole.detail}</p>}
      <Button className="mt-3" onClick={add}>
        Add a receiver
      </Button>
    </>
  )
}
