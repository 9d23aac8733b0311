import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { TaskGroup } from '../../api/operations.ts'
import { Button } from '../../kit/button.tsx'
import { copyText } from '../../kit/copy.ts'
import { Menu } from '../../kit/menu.tsx'
import { GroupStateLabel } from '../../kit/states.tsx'
import { formatNumber } from '../../lib/format.ts'
import { useKeys } from '../../shell/keys.ts'
import { PageTitle } from '../../shell/page-title.tsx'
import { AddTaskDialog } from './add-task-dialog.tsx'
import { StopNotice } from './failure-policy.tsx'
import { type AskedGroupAction, GroupActionDialog } from './group-action-dialog.tsx'
import { usePause } from './use-pause.ts'

type Asked = AskedGroupAction | 'add' | null

/** What a group is called, how it stands, and what can be done to it. */
export function GroupHeader({ group }: { readonly group: TaskGroup }) {
  const navigate = useNavigate()
  const [asked, setAsked] = useState<Asked>(null)
  const pause = usePause(group)
  useKeys(
    {
      p: pause.toggle,
      y: () => setAsked('retry'),
      c: () => void copyText(group.id, 'the id'),
    },
    { p: 'pauseTaskGroup', y: 'retryTaskGroup' },
  )
  const close = (): void => setAsked(null)
  return (
    <>
      <nav aria-label="Where this is" className="text-soft">
        <Link to="/groups" className="text-soft underline">
          Groups
        </Link>{' '}
        / <code className="break-all">{group.id}</code>{' '}
        <button type="button" className="min-h-6 px-1 underline" onClick={() => void copyText(group.id, 'the id')}>
          copy id
        </button>
      </nav>
      <div className="mt-1 flex flex-wrap items-center gap-3">
        <PageTitle text={group.name || group.id} />
        <GroupStateLabel state={group.state} />
        <span className="flex-1" />
        <GroupButtons group={group} pause={pause} onAsk={setAsked} />
      </div>
      <StopNotice group={group} />
      {asked === 'add' && <AddTaskDialog groupId={group.id} parentIds={[]} onClose={close} />}
      {asked && asked !== 'add' && (
        <GroupActionDialog
          kind={asked}
          group={group}
          onClose={close}
          onDeleted={() => void navigate({ to: '/groups' })}
        />
      )}
    </>
  )
}

interface ButtonsProps {
  readonly group: TaskGroup
  readonly pause: ReturnType<typeof usePause>
  readonly onAsk: (asked: Asked) => void
}

/** The one thing that most likely is wanted is blue: to go on when paused, to retry when something failed or stopped it. */
function GroupButtons({ group, pause, onAsk }: ButtonsProps) {
  const { failed } = group.counts
  const primary = group.isPaused && !group.stoppedBy ? 'resume' : failed > 0 ? 'retry' : null
  return (
    <div className="flex flex-wrap gap-2">
      <Button
        needs="pauseTaskGroup"
        look={primary === 'resume' ? 'primary' : 'plain'}
        isBusy={pause.isBusy}
        onClick={pause.toggle}
      >
        {group.isPaused ? 'Resume' : 'Pause'}
      </Button>
      {failed > 0 && (
        <Button needs="retryTaskGroup" look={primary === 'retry' ? 'primary' : 'plain'} onClick={() => onAsk('retry')}>
          Retry {formatNumber(failed)} failed…
        </Button>
      )}
      <Menu
        trigger={<Button>More</Button>}
        items={[
          { label: 'Add task…', onSelect: () => onAsk('add'), needs: 'createTask' },
          ...(group.isPaused
            ? [{ label: 'Resume over time…', onSelect: () => onAsk('resume'), needs: 'resumeTaskGroup' as const }]
            : []),
          { label: 'Retry…', onSelect: () => onAsk('retry'), needs: 'retryTaskGroup' },
          { label: 'Reset…', onSelect: () => onAsk('reset'), needs: 'resetTaskGroup' },
          { label: 'Rename…', onSelect: () => onAsk('rename'), needs: 'updateTaskGroup' },
          { label: 'Settings…', onSelect: () => onAsk('settings'), needs: 'updateTaskGroup' },
          { label: 'Delete…', onSelect: () => onAsk('delete'), isDanger: true, needs: 'deleteTaskGroup' },
        ]}
      />
    </div>
  )
}
