import { curlOf } from '../../api/client.ts'
import type { Worker } from '../../api/operations.ts'
import { useWorkerAction } from '../../api/workers.ts'
import { ActionDialog } from '../../kit/action-dialog.tsx'
import { countOf } from '../../lib/format.ts'
import { HoldDialog } from '../traffic/hold-dialog.tsx'
import { TestDialog } from './test-dialog.tsx'

export type AskedOfWorker = 'hold' | 'test' | 'delete'

/** Settings of its own, or a pause by hand. */
export const canDelete = ({ hasSettings, isPaused }: Worker): boolean => hasSettings || isPaused

interface Props {
  readonly worker: Worker
  readonly onClose: () => void
  readonly onDeleted?: () => void
}

/** What is done to a worker after asking. */
export function WorkerDialog({ kind, worker, onClose, onDeleted }: Props & { readonly kind: AskedOfWorker }) {
  const { name } = worker
  const action = useWorkerAction(name)
  const params = { name }
  switch (kind) {
    case 'hold':
      return (
        <HoldDialog
          name={name}
          error={action.error}
          run={(hold) => action.mutateAsync({ kind: 'hold', hold })}
          curl={(body) => curlOf('pauseWorker', { params, body })}
          onClose={onClose}
        />
      )
    case 'test':
      return <TestDialog worker={worker} onClose={onClose} />
    case 'delete':
      return (
        <ActionDialog
          title={`Delete the settings of ${name}`}
          about={whatStays(worker)}
          confirm="Delete settings"
          look="danger"
          done={`Settings of ${name} are deleted`}
          run={async () => {
            await action.mutateAsync({ kind: 'delete' })
            onDeleted?.()
          }}
          curl={() => curlOf('deleteWorker', { params })}
          onClose={onClose}
        />
      )
  }
}

function whatStays({ isRule, waiting, isPaused }: Worker): string {
  if (isRule) return 'Workers below it that have no settings of their own go on with those of the next rule, or none.'
  const pause = isPaused ? ' Its pause ends.' : ''
  return `Its tasks stay (${countOf(waiting, 'task')} can run) and are called by a rule, or by the base URL.${pause} Other holds stay.`
}
