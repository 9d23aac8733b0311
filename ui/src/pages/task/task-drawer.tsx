import * as Primitive from '@radix-ui/react-dialog'
import { Link } from '@tanstack/react-router'
import { BUTTON, Button } from '../../kit/button.tsx'
import { TaskStateLabel } from '../../kit/states.tsx'
import { FailedLinks } from './failed-links.tsx'
import { TaskView } from './task-view.tsx'

interface Props {
  readonly groupId: string
  readonly tid: string
  readonly onOpen: (tid: string) => void
  readonly onClose: () => void
}

/** A task beside the list that it is in, which stays in reach. On a phone it covers the list. */
export function TaskDrawer({ groupId, tid, onOpen, onClose }: Props) {
  return (
    <Primitive.Root open modal={matchMedia('(width < 40rem)').matches} onOpenChange={(isOpen) => isOpen || onClose()}>
      <Primitive.Portal>
        <Primitive.Content
          data-drawer
          aria-describedby={undefined}
          className="fixed inset-y-0 right-0 z-30 w-full overflow-auto border-l border-line bg-page px-4 py-3 shadow-2xl sm:w-[min(46rem,62vw)]"
          onCloseAutoFocus={(event) => {
            event.preventDefault()
            document.querySelector<HTMLElement>(`[data-row-link="${CSS.escape(tid)}"]`)?.focus()
          }}
          onInteractOutside={(event) => event.preventDefault()}
        >
          <TaskView
            tid={tid}
            isNarrow
            onDeleted={onClose}
            head={(full) => (
              <>
                <div className="flex flex-wrap items-center gap-1">
                  <Link
                    to="/groups/$gid/tasks/$tid"
                    params={{ gid: groupId, tid }}
                    className={`${BUTTON} -ml-3 text-accent underline`}
                  >
                    Open the page
                  </Link>
                  <span className="flex-1" />
                  <span className="max-sm:order-last max-sm:-ml-3 max-sm:w-full">
                    {full && <FailedLinks task={full.task} onOpen={onOpen} />}
                  </span>
                  <Button look="quiet" aria-label="Close the task" onClick={onClose}>
                    <span aria-hidden="true">✕</span>
                  </Button>
                </div>
                <div className="mt-1 flex flex-wrap items-center gap-3">
                  <Primitive.Title className="min-w-0 text-xl font-bold break-words" dir="auto">
                    {full ? full.task.name || full.task.id : 'Task'}
                  </Primitive.Title>
                  {full && <TaskStateLabel state={full.task.state} />}
                </div>
              </>
            )}
          />
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  )
}
