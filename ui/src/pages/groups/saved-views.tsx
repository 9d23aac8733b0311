import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { me } from '../../api/me.ts'
import type { SavedView } from '../../api/operations.ts'
import { Button } from '../../kit/button.tsx'
import { Menu, type MenuItem } from '../../kit/menu.tsx'
import { searchOfView } from '../../lib/saved-views.ts'
import { ChangeViewDialog, DeleteViewDialog, SaveViewDialog } from './view-dialogs.tsx'
import { ViewLink } from './view-link.tsx'

/** More of them stand in the menu: a row of tabs that wraps twice is no row. */
const MAX_LINKS = 5

interface Props {
  readonly views: readonly SavedView[]
  /** The one that is looked at. */
  readonly current: SavedView | undefined
  /** What is looked at, as a view would keep it. */
  readonly query: string
}

/** Own views and those that others share, beside those that everybody has, and what is done to them. */
export function SavedViews({ views, current, query }: Props) {
  const links = linked(views, current)
  return (
    <>
      {links.map((view) => (
        <ViewLink
          key={view.id}
          search={searchOfView(view.query)}
          isCurrent={view === current}
          title={view.isOwn ? undefined : `Shared by ${view.owner}`}
        >
          <bdi className="max-w-40 truncate">{view.name}</bdi>
        </ViewLink>
      ))}
      <ViewMenu more={views.filter((view) => !links.includes(view))} current={current} query={query} />
    </>
  )
}

/** The first ones, and the one that is looked at in any case. */
function linked(views: readonly SavedView[], current: SavedView | undefined): readonly SavedView[] {
  const first = views.slice(0, MAX_LINKS)
  return current === undefined || first.includes(current) ? first : [...first.slice(0, -1), current]
}

interface MenuProps extends Omit<Props, 'views'> {
  /** Those that have no link of their own. */
  readonly more: readonly SavedView[]
}

type Asked = { readonly kind: 'save' } | { readonly kind: 'change' | 'delete'; readonly view: SavedView }

function ViewMenu({ more, current, query }: MenuProps) {
  const navigate = useNavigate()
  const refusal = useRefusal(current)
  const [asked, setAsked] = useState<Asked | null>(null)
  const close = (): void => setAsked(null)
  const open = (view: SavedView): void => void navigate({ to: '/groups', search: searchOfView(view.query) })
  const items: MenuItem[] = [
    ...more.map((view) => ({ label: labelOf(view), onSelect: () => open(view) })),
    { label: 'Save this view…', onSelect: () => setAsked({ kind: 'save' }), needs: 'createView' },
    ...(current
      ? [
          { label: 'Rename or share…', onSelect: () => setAsked({ kind: 'change', view: current }), refusal },
          { label: 'Delete…', onSelect: () => setAsked({ kind: 'delete', view: current }), isDanger: true, refusal },
        ]
      : []),
  ]
  return (
    <>
      <Menu
        trigger={
          <Button look="quiet">
            Views <span aria-hidden="true">▾</span>
          </Button>
        }
        heading={current && <bdi className="block font-semibold break-words">{labelOf(current)}</bdi>}
        items={items}
      />
      {asked?.kind === 'save' && <SaveViewDialog query={query} onClose={close} />}
      {asked?.kind === 'change' && <ChangeViewDialog view={asked.view} onClose={close} />}
      {asked?.kind === 'delete' && <DeleteViewDialog view={asked.view} onClose={close} />}
    </>
  )
}

const labelOf = ({ name, isOwn, isShared, owner }: SavedView): string =>
  isOwn ? `${name}${isShared ? ', shared' : ''}` : `${name}, of ${owner}`

/** Why the one that is looked at is not changed by whoever looks. */
function useRefusal(view: SavedView | undefined): string | null {
  const { data } = useQuery(me)
  if (view === undefined || view.isOwn || data?.role === 'admin') return null
  return `Only ${view.owner} and admins change it.`
}
