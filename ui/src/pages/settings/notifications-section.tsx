import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { curlOf } from '../../api/client.ts'
import { useMay } from '../../api/me.ts'
import { notifications, useNotificationsEdit } from '../../api/notifications.ts'
import type { Notifications } from '../../api/operations.ts'
import { ApiError } from '../../api/problem.ts'
import { ActionDialog } from '../../kit/action-dialog.tsx'
import { Button } from '../../kit/button.tsx'
import { Failure, Loading } from '../../kit/notices.tsx'
import { Section } from '../../kit/section.tsx'
import { receiversIn } from '../../lib/notify-form.ts'
import { ALL_EVENTS, eventWords, hostsOf } from '../../lib/notify-words.ts'
import { secretsOf } from '../../lib/signing-form.ts'
import { ReceiverRows } from '../notify/receiver-rows.tsx'

/** Who is told what becomes of any group. */
export function NotificationsSection() {
  const refusal = useMay()('getNotifications')
  const [isEditing, setEditing] = useState(false)
  const { data, error, refetch, dataUpdatedAt } = useQuery({ ...notifications, enabled: refusal === null })
  return (
    <Section
      title="Notifications"
      id="notifications"
      actions={
        <Button needs="updateNotifications" disabled={refusal === null && !data} onClick={() => setEditing(true)}>
          Edit receivers…
        </Button>
      }
    >
      {refusal !== null && <p className="text-soft">Only admins see who is told of all groups. {refusal}</p>}
      {error && <Failure error={error} onRetry={() => void refetch()} shownAt={dataUpdatedAt} />}
      {refusal === null && !data && !error && <Loading what="who is told" />}
      {data && <Receivers notify={data.notify} />}
      {data && isEditing && <NotificationsDialog notify={data.notify} onClose={() => setEditing(false)} />}
    </Section>
  )
}

/** By their hosts: paths of some are secrets. */
function Receivers({ notify }: Notifications) {
  if (notify.length === 0)
    return <p className="text-soft">Nobody is told of all groups. Groups may tell of themselves.</p>
  return (
    <ul className="grid gap-1">
      {notify.map((receiver) => {
        const secrets = secretsOf(receiver.signingSecret ?? null)
        return (
          <li key={receiver.url} className="break-words">
            <b>{hostsOf([receiver])}</b>: {eventWords(receiver)}
            <span className="text-soft">
              {' · '}
              {secrets.length === 0 ? 'not signed' : <>signed by {secrets.join(', ')}</>}
            </span>
          </li>
        )
      })}
    </ul>
  )
}

function NotificationsDialog({ notify, onClose }: Notifications & { readonly onClose: () => void }) {
  const edit = useNotificationsEdit()
  const bodyOf = (form: FormData): Notifications => ({ notify: receiversIn(form) })
  return (
    <ActionDialog
      title="Who is told of all groups"
      about="They are told of what happens from now on. Groups may tell others of themselves."
      confirm="Save"
      done="Receivers saved"
      isWide
      run={(form) => edit.mutateAsync(bodyOf(form))}
      curl={(form) => curlOf('updateNotifications', { body: bodyOf(form) })}
      onClose={onClose}
    >
      <ReceiverRows
        receivers={notify}
        events={ALL_EVENTS}
        faults={edit.error instanceof ApiError ? edit.error.faults : []}
        onMoved={edit.reset}
      />
    </ActionDialog>
  )
}
