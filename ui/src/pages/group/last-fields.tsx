import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { lastInputOf } from '../../api/last-input.ts'
import type { TaskGroup } from '../../api/operations.ts'
import { TextField } from '../../kit/field.tsx'
import { JsonField } from '../../kit/json-field.tsx'
import { Failure, Loading } from '../../kit/notices.tsx'
import { type Fault, faultAt } from '../../lib/faults.ts'
import { jsonFault } from '../../lib/json-fault.ts'
import { changedLast } from '../../lib/last-form.ts'

const NONE = { stored: 'null', shown: 'null' } as const

/** The task that a group runs last, in a form; `changed` is JSON text, and null until somebody changes something. */
export function useLast({ id, finally: before }: TaskGroup) {
  const { data, error, refetch } = useQuery({ ...lastInputOf(id), enabled: before !== null })
  const [worker, setWorker] = useState(before?.worker ?? '')
  const [typed, setTyped] = useState<string | null>(null)
  const kept = before === null ? NONE : data
  const text = typed ?? kept?.shown
  const input = typed === kept?.shown ? null : typed
  return {
    worker,
    setWorker,
    text,
    setText: setTyped,
    error,
    refetch,
    isWrong: text === undefined || (worker.trim() !== '' && jsonFault(text) !== null),
    changed: changedLast(before, kept?.stored ?? 'null', { worker, input }),
  }
}

interface Props {
  readonly last: ReturnType<typeof useLast>
  readonly faults: readonly Fault[]
}

/** Who does it, and with what. */
export function LastFields({ last, faults }: Props) {
  const { worker, setWorker, text, setText, error, refetch } = last
  return (
    <>
      <TextField
        label="Worker of the last task"
        value={worker}
        onChange={({ target }) => setWorker(target.value)}
        autoComplete="off"
        spellCheck={false}
        hint="It runs once when everything else has ended, whatever failed. Empty: there is none."
        fault={faultAt(faults, '/finally')}
      />
      {error && <Failure error={error} onRetry={() => void refetch()} />}
      {text === undefined && !error && <Loading what="its input" />}
      {text !== undefined && worker.trim() !== '' && (
        <JsonField
          label="Input of the last task"
          hint='Sent as "input", beside "group": what became of the group.'
          value={text}
          onChange={setText}
        />
      )}
    </>
  )
}
