import { useSyncExternalStore } from 'react'
import { Button } from '../kit/button.tsx'
import { dismissToast, type Toast, toastStore } from './toasts.ts'

/** Both regions are always there: a reader hears only what is added to one that it knows. */
export function ToastList() {
  const toasts = useSyncExternalStore(toastStore.subscribe, toastStore.get)
  return (
    <div className="fixed right-4 bottom-4 z-[60] grid w-[min(26rem,calc(100%-2rem))] gap-2 max-sm:bottom-20">
      <div role="status" className="contents">
        {toasts.filter(({ kind }) => kind === 'success').map(show)}
      </div>
      <div role="alert" className="contents">
        {toasts.filter(({ kind }) => kind === 'failure').map(show)}
      </div>
    </div>
  )
}

const show = ({ id, kind, text }: Toast) => (
  <div
    key={id}
    className={`flex items-start gap-2 rounded-lg border bg-surface p-3 shadow-lg ${kind === 'failure' ? 'border-danger' : 'border-line'}`}
  >
    <span className="min-w-0 flex-1 break-words">
      <span aria-hidden="true">{kind === 'failure' ? '✕' : '✓'}</span> {text}
    </span>
    <Button look="quiet" aria-label="Dismiss" onClick={() => dismissToast(id)}>
      ×
    </Button>
  </div>
)
