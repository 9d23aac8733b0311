import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { type BulkOrder, bodyOf, bulkPreview, useStartBulk } from '../../api/bulk.ts'
import { curlOf } from '../../api/client.ts'
import type { BulkPreview } from '../../api/operations.ts'
import { ActionDialog } from '../../kit/action-dialog.tsx'
import { AttemptsField, attemptsIn } from '../../kit/attempts-field.tsx'
import { Button } from '../../kit/button.tsx'
import { Dialog } from '../../kit/dialog.tsx'
import { TextField } from '../../kit/field.tsx'
import { Failure, Loading } from '../../kit/notices.tsx'
import { SpreadField, spreadIn } from '../../kit/spread-field.tsx'
import {
  BULK_VERBS,
  type BulkAction,
  type BulkTarget,
  countOfTarget,
  isDestructive,
  meaningOf,
  numberToType,
} from '../../lib/bulk-words.ts'
import { PreviewCounts } from './preview-counts.tsx'

interface Props {
  readonly action: BulkAction
  readonly target: BulkTarget
  readonly whom: Pick<BulkOrder, 'ids' | 'filter'>
  readonly onClose: () => void
  readonly onStarted?: () => void
}

/** First how it is to be done, if there is anything to say about that; then what it would do, and that again as a number on the button. */
export function BulkDialog(props: Props) {
  const hasParams = ['retry', 'reset', 'resume', 'runNow'].includes(props.action)
  const [params, setParams] = useState<BulkOrder['params'] | null>(hasParams ? null : {})
  return params === null ? (
    <ParamsDialog {...props} onParams={setParams} />
  ) : (
    <ConfirmDialog {...props} params={params} />
  )
}

function ParamsDialog({
  action,
  target,
  onClose,
  onParams,
}: Props & { onParams: (params: BulkOrder['params']) => void }) {
  const hasAttempts = action === 'retry' || action === 'reset'
  const hasSpread = action !== 'reset'
  return (
    <Dialog
      title={`${BULK_VERBS[action][0]} many ${target}`}
      about={meaningOf(target, action)}
      isOpen
      onClose={onClose}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          const form = new FormData(event.currentTarget)
          onParams({ ...(hasAttempts && { remainingAttempts: attemptsIn(form) }), ...(hasSpread && spreadIn(form)) })
        }}
      >
        {hasAttempts && <AttemptsField />}
        {hasSpread && <SpreadField />}
        <div className="mt-5 flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary">
            Preview
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

function ConfirmDialog({ params, ...props }: Props & { readonly params: BulkOrder['params'] }) {
  const { action, target, whom, onClose } = props
  const order: BulkOrder = { action, target, ...whom, ...(params && Object.keys(params).length > 0 && { params }) }
  const preview = useQuery(bulkPreview(order))
  const title = `${BULK_VERBS[action][0]} many ${target}`
  if (preview.data) return <Confirmation {...props} title={title} order={order} preview={preview.data} />
  return (
    <Dialog title={title} about={meaningOf(target, action)} isOpen onClose={onClose}>
      {preview.error ? (
        <Failure error={preview.error} onRetry={() => void preview.refetch()} />
      ) : (
        <Loading what="whom it would change" />
      )}
    </Dialog>
  )
}

interface ConfirmationProps extends Props {
  readonly title: string
  readonly order: BulkOrder
  readonly preview: BulkPreview
}

function Confirmation({ action, target, title, order, preview, onClose, onStarted }: ConfirmationProps) {
  const navigate = useNavigate()
  const start = useStartBulk()
  const [typed, setTyped] = useState('')
  const toType = numberToType(action, preview.count)
  const what = countOfTarget(preview.count, target)
  return (
    <ActionDialog
      title={title}
      about={meaningOf(target, action)}
      confirm={`${BULK_VERBS[action][0]} ${what}`}
      look={isDestructive(action) ? 'danger' : 'primary'}
      done={`${what} on their way`}
      blocked={preview.count === 0 || (toType !== null && typed !== toType)}
      curl={() => curlOf('createBulk', { body: { ...bodyOf(order), dryRun: true } })}
      run={async () => {
        const { id } = await start.mutateAsync(preview.snapshot)
        onStarted?.()
        void navigate({ to: '/bulk/$id', params: { id } })
      }}
      onClose={onClose}
    >
      <PreviewCounts preview={preview} />
      {toType !== null && (
        <TextField
          label={`Type ${toType} to go on`}
          inputMode="numeric"
          autoComplete="off"
          value={typed}
          onChange={({ target: { value } }) => setTyped(value)}
        />
      )}
    </ActionDialog>
  )
}
