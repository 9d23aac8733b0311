import { type FormEvent, useState } from 'react'
import { curlOf } from '../../api/client.ts'
import type { Worker } from '../../api/operations.ts'
import { ApiError, messageOf } from '../../api/problem.ts'
import { useWorkerTest } from '../../api/workers.ts'
import { Button } from '../../kit/button.tsx'
import { copyText } from '../../kit/copy.ts'
import { Dialog } from '../../kit/dialog.tsx'
import { TextField } from '../../kit/field.tsx'
import { JsonField } from '../../kit/json-field.tsx'
import { Faults } from '../../kit/notices.tsx'
import { faultAt } from '../../lib/faults.ts'
import { jsonFault } from '../../lib/json-fault.ts'
import { testBody } from '../../lib/test-call.ts'
import { TestResult } from './test-result.tsx'

/** Calls a worker once, outside any group, and shows what was sent and what came back. */
export function TestDialog({ worker: { name }, onClose }: { readonly worker: Worker; readonly onClose: () => void }) {
  const [input, setInput] = useState('null')
  const [seconds, setSeconds] = useState('')
  const test = useWorkerTest(name)
  const fault = jsonFault(input)
  const body = testBody({ input, seconds })
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (!test.isPending && fault === null) test.mutate(body)
  }
  return (
    <Dialog
      title={`Test call of ${name}`}
      about="One POST with a made-up task and the header Crew-Test: 1. Nothing comes of the answer; limits and holds do not count."
      isOpen
      onClose={onClose}
      isWide
    >
      <form onSubmit={submit}>
        <JsonField label="Input" value={input} onChange={setInput} hint="JSON, sent as it is written here." />
        <TextField
          label="Give up after, seconds"
          type="number"
          step="any"
          value={seconds}
          onChange={({ target }) => setSeconds(target.value)}
          hint="Empty is as long as its own tasks may take."
          fault={test.error instanceof ApiError ? faultAt(test.error.faults, '/timeoutSeconds') : null}
        />
        {test.error && (
          <div role="alert" className="mt-3 rounded-md border border-danger p-3">
            <p className="font-medium text-danger">{messageOf(test.error)}</p>
            <Faults error={test.error} />
          </div>
        )}
        <div className="mt-4 flex flex-wrap justify-end gap-2">
          <Button
            look="quiet"
            className="mr-auto"
            onClick={() => void copyText(curlOf('testWorker', { params: { name }, rawBody: body }), 'the call as curl')}
          >
            Copy as curl
          </Button>
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" look="primary" isBusy={test.isPending} disabled={fault !== null}>
            {test.isPending ? 'Calling…' : 'Call'}
          </Button>
        </div>
      </form>
      <div role="status">{test.data && <TestResult test={test.data} />}</div>
    </Dialog>
  )
}
