import { useQuery } from '@tanstack/react-query'
import { curlOf } from '../../api/client.ts'
import type { Cleaning } from '../../api/operations.ts'
import { cleanPreview, useClean } from '../../api/system.ts'
import { ActionDialog } from '../../kit/action-dialog.tsx'
import { Dialog } from '../../kit/dialog.tsx'
import { Failure, Loading } from '../../kit/notices.tsx'
import { countOf, formatBytes } from '../../lib/format.ts'

const ABOUT =
  'Deletes groups that ended long ago, as the settings of the server say. Never one with a task that may still run.'

/** First what would go, then that again as a number on the button. */
export function CleanDialog({ onClose }: { readonly onClose: () => void }) {
  const preview = useQuery(cleanPreview)
  const clean = useClean()
  if (!preview.data) {
    return (
      <Dialog title="Clean the storage" about={ABOUT} isOpen onClose={onClose}>
        {preview.error ? (
          <Failure error={preview.error} onRetry={() => void preview.refetch()} />
        ) : (
          <Loading what="what would go" />
        )}
      </Dialog>
    )
  }
  return (
    <ActionDialog
      title="Clean the storage"
      about={ABOUT}
      confirm={`Delete ${countOf(preview.data.groups, 'group')}`}
      look="danger"
      done={({ groups }) => `${countOf(groups, 'group')} deleted`}
      blocked={preview.data.groups === 0}
      curl={() => curlOf('clean', { body: { dryRun: true } })}
      run={() => clean.mutateAsync()}
      onClose={onClose}
    >
      <p className="mt-3">{wordsOf(preview.data)}</p>
    </ActionDialog>
  )
}

function wordsOf({ groups, failedGroups, tasks, bytes, hasMore }: Cleaning): string {
  if (groups === 0) return 'Nothing is old enough to go.'
  const failed = failedGroups === 0 ? '' : `, ${failedGroups} of them with failures`
  const room = bytes === null ? '' : `, about ${formatBytes(bytes)}`
  const more = hasMore ? ' There are more: clean again for the next.' : ''
  return `${countOf(groups, 'group')}${failed}, ${countOf(tasks, 'task')}${room}.${more}`
}
