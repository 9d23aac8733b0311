import { useQuery, useQueryClient } from '@tanstack/react-query'
import { me } from '../../api/me.ts'
import type { SavedView } from '../../api/operations.ts'
import { savedViews, useViewAction } from '../../api/views.ts'
import { ActionDialog } from '../../kit/action-dialog.tsx'
import { CheckField, TextField } from '../../kit/field.tsx'
import { useFaultAt } from '../../kit/use-fault-at.ts'

const MAX_NAME = 60

interface SaveProps {
  /** What is looked at now. */
  readonly query: string
  readonly onClose: () => void
}

/** Under the name of an own one it takes its place, so that a view can be mended by looking otherwise and saving again. */
export function SaveViewDialog({ query, onClose }: SaveProps) {
  const client = useQueryClient()
  const action = useViewAction()
  const fault = useFaultAt(action.error)
  return (
    <ActionDialog
      title="Save this view"
      about="Keeps the search, the filter and the order under a name. An own view of that name shows this from now on."
      confirm="Save view"
      done="Saved the view"
      run={async (form) => {
        const [name, isShared] = [String(form.get('name')).trim(), form.get('isShared') !== null]
        const { views } = await client.ensureQueryData(savedViews)
        const before = views.find((view) => view.isOwn && view.name === name)
        return action.mutateAsync(
          before
            ? { kind: 'change', id: before.id, edit: { query, isShared } }
            : { kind: 'save', view: { name, query, isShared } },
        )
      }}
      onClose={onClose}
    >
      <NameField fault={fault('/name')} />
      <ShareField isShared={false} />
    </ActionDialog>
  )
}

interface ChangeProps {
  readonly view: SavedView
  readonly onClose: () => void
}

export function ChangeViewDialog({ view, onClose }: ChangeProps) {
  const action = useViewAction()
  const fault = useFaultAt(action.error)
  return (
    <ActionDialog
      title={`Change the view ${view.name}`}
      about={view.isOwn ? 'What it shows stays.' : `It is of ${view.owner}. What it shows stays.`}
      confirm="Save"
      done={`Changed the view ${view.name}`}
      run={(form) => {
        const edit = { name: String(form.get('name')).trim(), isShared: form.get('isShared') !== null }
        return action.mutateAsync({ kind: 'change', id: view.id, edit })
      }}
      onClose={onClose}
    >
      <NameField name={view.name} fault={fault('/name')} />
      <ShareField isShared={view.isShared} />
    </ActionDialog>
  )
}

export function DeleteViewDialog({ view, onClose }: ChangeProps) {
  const action = useViewAction()
  return (
    <ActionDialog
      title={`Delete the view ${view.name}`}
      about={view.isShared ? 'Everybody has it: it is gone for all. No group is touched.' : 'No group is touched.'}
      confirm="Delete view"
      look="danger"
      done={`Deleted the view ${view.name}`}
      run={() => action.mutateAsync({ kind: 'delete', id: view.id })}
      onClose={onClose}
    />
  )
}

const NameField = ({ name = '', fault }: { readonly name?: string; readonly fault: string | null }) => (
  <TextField
    label="Name"
    name="name"
    autoComplete="off"
    required
    maxLength={MAX_NAME}
    pattern=".*\S.*"
    defaultValue={name}
    fault={fault}
  />
)

/** What all see is set by who acts for all. */
function ShareField({ isShared }: { readonly isShared: boolean }) {
  const { data } = useQuery(me)
  const isViewer = data?.role === 'viewer'
  return (
    <CheckField
      label="Share it with everybody"
      name="isShared"
      defaultChecked={isShared}
      disabled={isViewer}
      hint={isViewer ? 'This needs the role operator; you are viewer.' : undefined}
    />
  )
}
