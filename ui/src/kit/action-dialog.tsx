import { useMutation } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useRef } from 'react'
import { messageOf } from '../api/problem.ts'
import { toast } from '../shell/toasts.ts'
import { Button } from './button.tsx'
import { copyText } from './copy.ts'
import { Dialog } from './dialog.tsx'
import { Faults } from './notices.tsx'

export interface ActionDialogProps<Result> {
  readonly title: string
  /** What will happen, in plain words and with counts. */
  readonly about: ReactNode
  /** The verb on the button, with its object: `Delete 12 tasks`. */
  readonly confirm: string
  readonly look?: 'primary' | 'danger'
  /** What to say when it is done; as a sentence, the one that stood here when it was asked for. */
  readonly done: string | ((result: Result) => string)
  readonly run: (form: FormData) => Promise<Result>
  readonly onClose: () => void
  /** The same as a command line. */
  readonly curl?: (form: FormData) => string
  /** Why it cannot be done yet. */
  readonly blocked?: boolean
  readonly isWide?: boolean
  /** The fields of the form. */
  readonly children?: ReactNode
}

/** Asks, shows that it works on it, and says what came of it. It stays open while it fails. */
export function ActionDialog<Result>(props: ActionDialogProps<Result>) {
  const { title, about, confirm, look = 'primary', done, run, onClose, curl, blocked = false, isWide = false } = props
  const form = useRef<HTMLFormElement>(null)
  const action = useMutation({
    mutationFn: (asked: { form: FormData; done: typeof done }) => run(asked.form),
    onSuccess: (result, asked) => {
      toast.success(typeof asked.done === 'string' ? asked.done : asked.done(result))
      onClose()
    },
  })
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    if (!action.isPending && !blocked) action.mutate({ form: new FormData(event.currentTarget), done })
  }
  return (
    <Dialog title={title} about={about} isOpen onClose={onClose} isWide={isWide}>
      <form ref={form} onSubmit={submit}>
        {props.children}
        {action.error && (
          <div role="alert" className="mt-3 rounded-md border border-danger p-3">
            <p className="font-medium text-danger">{messageOf(action.error)}</p>
            <Faults error={action.error} />
          </div>
        )}
        <div className="mt-5 flex flex-wrap justify-end gap-2">
          {curl && (
            <Button
              look="quiet"
              className="mr-auto"
              onClick={() => form.current && void copyText(curl(new FormData(form.current)), 'the call as curl')}
            >
              Copy as curl
            </Button>
          )}
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look={look} isBusy={action.isPending} disabled={blocked}>
            {action.isPending ? 'Working…' : confirm}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
