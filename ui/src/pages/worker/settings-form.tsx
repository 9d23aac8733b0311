import { type FormEvent, useRef, useState } from 'react'
import { curlOf } from '../../api/client.ts'
import type { Worker, WorkerEdit } from '../../api/operations.ts'
import { ApiError, messageOf } from '../../api/problem.ts'
import { useWorkerAction } from '../../api/workers.ts'
import { Button } from '../../kit/button.tsx'
import { copyText } from '../../kit/copy.ts'
import { faultsElsewhere } from '../../lib/faults.ts'
import { WORKER_POINTERS, workerEditIn } from '../../lib/worker-form.ts'
import { toast } from '../../shell/toasts.ts'
import { Panel } from '../traffic/panel.tsx'
import { SettingsFields } from './settings-fields.tsx'

/**
 * How a worker is called, and how fast. It is made of what was set when it opened, and sends only what was changed since; after it is
 * saved it begins again with what the server has now.
 */
export function SettingsForm({ worker }: { readonly worker: Worker }) {
  const [before, setBefore] = useState(worker)
  const [round, setRound] = useState(0)
  return (
    <Panel title="Settings">
      <Origin worker={worker} />
      <Form
        key={round}
        worker={before}
        onSaved={(saved) => {
          setBefore(saved)
          setRound(round + 1)
        }}
      />
    </Panel>
  )
}

/** Whose settings these are. */
function Origin({ worker: { name, isRule, settingsFrom } }: { readonly worker: Worker }) {
  if (settingsFrom === name) return null
  if (settingsFrom === null) return <p className="text-soft">Nobody set anything: these are the defaults.</p>
  return (
    <p className="text-soft">
      {isRule ? 'It begins' : 'They are'} those of the rule <code>{settingsFrom}</code>; once saved, they are its own.
    </p>
  )
}

interface FormProps {
  readonly worker: Worker
  readonly onSaved: (worker: Worker) => void
}

function Form({ worker, onSaved }: FormProps) {
  const { name } = worker
  const action = useWorkerAction(name)
  const form = useRef<HTMLFormElement>(null)
  const faults = action.error instanceof ApiError ? action.error.faults : []
  const edit = (): WorkerEdit => (form.current ? workerEditIn(new FormData(form.current), worker) : {})
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (action.isPending) return
    action.mutate(
      { kind: 'edit', edit: edit() },
      {
        onSuccess: (saved) => {
          toast.success(`Settings of ${name} are saved`)
          onSaved(saved as Worker)
        },
      },
    )
  }
  return (
    <form ref={form} onSubmit={submit} aria-label="Settings" className="max-w-4xl">
      {/* What were typed until it is saved would be lost: the form begins again then. */}
      <fieldset disabled={action.isPending} className="contents">
        <SettingsFields worker={worker} faults={faults} />
      </fieldset>
      {action.error && (
        <div role="alert" className="mt-3 rounded-md border border-danger p-3">
          <p className="font-medium text-danger">{messageOf(action.error)}</p>
          <ul className="list-disc pl-5">
            {faultsElsewhere(faults, WORKER_POINTERS).map(({ pointer, detail }) => (
              <li key={`${pointer} ${detail}`}>
                <code>{pointer}</code> {detail}
              </li>
            ))}
          </ul>
        </div>
      )}
      <div className="mt-4 flex flex-wrap justify-end gap-2">
        <Button
          look="quiet"
          className="mr-auto"
          onClick={() => void copyText(curlOf('updateWorker', { params: { name }, body: edit() }), 'the call as curl')}
        >
          Copy as curl
        </Button>
        <Button needs="updateWorker" type="submit" look="primary" isBusy={action.isPending}>
          {action.isPending ? 'Saving…' : 'Save settings'}
        </Button>
      </div>
    </form>
  )
}
