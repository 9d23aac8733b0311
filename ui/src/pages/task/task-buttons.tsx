import { useState } from 'react'
import { curlOf } from '../../api/client.ts'
import type { TaskSummary } from '../../api/operations.ts'
import { messageOf } from '../../api/problem.ts'
import { type FullTask, useTaskAction } from '../../api/tasks.ts'
import { Button } from '../../kit/button.tsx'
import { copyText } from '../../kit/copy.ts'
import { Menu } from '../../kit/menu.tsx'
import { useKeys } from '../../shell/keys.ts'
import { toast } from '../../shell/toasts.ts'
import { AddTaskDialog } from '../group/add-task-dialog.tsx'
import { type AskedTaskAction, TaskActionDialog } from './task-action-dialog.tsx'

type Asked = AskedTaskAction | 'child' | null

interface Props {
  readonly full: FullTask
  /** It is gone. */
  readonly onDeleted: () => void
}

/** Everything that can be done to a task. */
export function TaskButtons({ full, onDeleted }: Props) {
  const { task } = full
  const [asked, setAsked] = useState<Asked>(null)
  const { toggle, isBusy } = useTogglePause(full)
  const runNow = useRunNow(full)
  const copyLink = (): void => void copyText(linkTo(task), 'the link')
  useKeys(
    {
      p: toggle,
      y: () => setAsked('retry'),
      e: () => setAsked('edit'),
      c: () => void copyText(task.id, 'the id'),
      C: copyLink,
    },
    { p: 'updateTask', y: 'retryTask', e: 'updateTask' },
  )
  const close = (): void => setAsked(null)
  return (
    <div className="mt-3 flex flex-wrap gap-2">
      <Button
        needs="retryTask"
        look={task.state === 'failed' || task.state === 'retrying' ? 'primary' : 'plain'}
        onClick={() => setAsked('retry')}
        disabled={task.isComplete}
      >
        Retry…
      </Button>
      <Button needs="updateTask" isBusy={isBusy} onClick={toggle} disabled={task.isComplete}>
        {task.isPaused ? 'Resume' : 'Pause'}
      </Button>
      <Button needs="updateTask" onClick={() => setAsked('edit')}>
        Edit…
      </Button>
      <Button needs="resetTask" onClick={() => setAsked('reset')}>
        Reset…
      </Button>
      <Button needs="pluckTask" onClick={() => setAsked('pluck')}>
        Run a copy alone…
      </Button>
      <Menu
        trigger={<Button>More</Button>}
        items={[
          ...(isWaiting(task) ? [{ label: 'Run now', onSelect: runNow, needs: 'updateTask' as const }] : []),
          ...(task.isComplete
            ? []
            : [{ label: 'Mark complete…', onSelect: () => setAsked('complete'), needs: 'updateTask' as const }]),
          { label: 'Add child…', onSelect: () => setAsked('child'), needs: 'createTask' },
          {
            label: 'Copy as curl',
            onSelect: () => void copyText(curlOf('getTask', { params: { tid: task.id } }), 'the call as curl'),
          },
          { label: 'Copy link', onSelect: copyLink },
          { label: 'Delete…', onSelect: () => setAsked('delete'), isDanger: true, needs: 'deleteTask' },
        ]}
      />
      {asked === 'child' && <AddTaskDialog groupId={task.taskGroupId} parentIds={[task.id]} onClose={close} />}
      {asked && asked !== 'child' && (
        <TaskActionDialog kind={asked} full={full} onClose={close} onDeleted={onDeleted} />
      )}
    </div>
  )
}

const isWaiting = ({ state }: TaskSummary): boolean => state === 'scheduled' || state === 'retrying'

const linkTo = ({ id }: TaskSummary): string => new URL(`tasks/${encodeURIComponent(id)}`, document.baseURI).href

/** What it waits for by itself is over. */
function useRunNow({ task }: FullTask): () => void {
  const action = useTaskAction(task.id)
  return () =>
    action.mutate(
      { kind: 'runNow' },
      {
        onSuccess: () => toast.success('It is due now'),
        onError: (error) => toast.failure(`Could not run it now: ${messageOf(error)}`),
      },
    )
}

/** Needs no question: each undoes the other. */
function useTogglePause({ task }: FullTask) {
  const action = useTaskAction(task.id)
  const kind = task.isPaused ? 'resume' : 'pause'
  const toggle = async (): Promise<void> => {
    if (task.isComplete) return
    try {
      await action.mutateAsync({ kind })
      toast.success(kind === 'pause' ? 'Paused: it does not start until it is resumed' : 'Resumed')
    } catch (error) {
      toast.failure(`Could not ${kind} the task: ${messageOf(error)}`)
    }
  }
  return { toggle: () => void toggle(), isBusy: action.isPending }
}
