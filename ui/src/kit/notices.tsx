import { type ReactNode, useSyncExternalStore } from 'react'
import { live } from '../api/live.ts'
import { ApiError, messageOf } from '../api/problem.ts'
import { Time } from '../shell/time.tsx'
import { Button } from './button.tsx'

/** What a page shows while it has nothing yet. */
export function Loading({ what }: { readonly what: string }) {
  return (
    <p role="status" className="p-6 text-soft">
      Loading {what}…
    </p>
  )
}

interface FailureProps {
  readonly error: unknown
  readonly onRetry?: () => void
  /** When what is still shown was read, epoch ms; 0 when nothing is shown. */
  readonly shownAt?: number
}

/** What went wrong, why, and what to do. That the server is away is said above the page, and what is shown stays in its place. */
export function Failure({ error, onRetry, shownAt = 0 }: FailureProps) {
  const { mode } = useSyncExternalStore(live.subscribe, live.get)
  if (mode === 'lost' && shownAt > 0 && error instanceof ApiError && error.code === 'no_answer') return null
  return (
    <div role="alert" className="m-4 rounded-lg border border-danger p-4">
      <p className="font-semibold text-danger">{messageOf(error)}</p>
      <Faults error={error} />
      {shownAt > 0 && (
        <p className="mt-1">
          What is shown below is of <Time time={new Date(shownAt).toISOString()} />. It goes on by itself when the
          server is back.
        </p>
      )}
      {error instanceof ApiError && error.requestId !== '' && (
        <p className="mt-1 text-soft">
          {error.code}, request <code>{error.requestId}</code>
        </p>
      )}
      {onRetry && (
        <Button className="mt-3" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  )
}

/** Where the request was wrong, by JSON pointer. */
export function Faults({ error }: { readonly error: unknown }) {
  if (!(error instanceof ApiError) || error.faults.length === 0) return null
  return (
    <ul className="mt-2 list-disc pl-5">
      {error.faults.map(({ pointer, detail }) => (
        <li key={`${pointer} ${detail}`} className="break-words">
          <code>{pointer === '' ? '(the whole)' : pointer}</code> {detail}
        </li>
      ))}
    </ul>
  )
}

/** Nothing here, and what to do next. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className="px-4 py-10 text-center">
      <p className="text-base font-semibold">{title}</p>
      <div className="mx-auto mt-2 max-w-xl text-soft">{children}</div>
    </div>
  )
}
