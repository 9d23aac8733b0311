import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { ApiError, messageOf } from '../../api/problem.ts'
import { Button } from '../../kit/button.tsx'
import { Failure } from '../../kit/notices.tsx'
import { meantBy } from '../../lib/traffic.ts'
import { NewWorkerDialog } from '../workers/new-worker-dialog.tsx'

interface Props {
  readonly name: string
  readonly error: unknown
  readonly onRetry: () => void
}

/** Nobody knows this name: the way to the one that was probably meant, or to a new one. */
export function UnknownWorker({ name, error, onRetry }: Props) {
  const [isAdding, setAdding] = useState(false)
  if (!(error instanceof ApiError) || error.code !== 'worker_not_found')
    return <Failure error={error} onRetry={onRetry} />
  const meant = meantBy(messageOf(error))
  return (
    <div role="alert" data-state-of="retrying" className="mt-4 rounded-lg border border-(--state-color) bg-surface p-4">
      <p className="state font-semibold">⚠ {withoutHint(messageOf(error))}</p>
      {meant !== null && (
        <p className="mt-2">
          Did you mean{' '}
          <Link to="/workers/$name" params={{ name: meant }} className="font-semibold text-accent underline">
            {meant}
          </Link>
          ?
        </p>
      )}
      <Button needs="updateWorker" className="mt-3" onClick={() => setAdding(true)}>
        Add {name}
      </Button>
      {isAdding && <NewWorkerDialog name={name} onClose={() => setAdding(false)} />}
    </div>
  )
}

/** The name that was meant stands below, as a link. */
const withoutHint = (message: string): string => message.replace(/ \(did you mean \S+\?\)/, '')
