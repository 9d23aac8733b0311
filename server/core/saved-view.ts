import { actorOf } from './activity.ts'
import { type Identity, mayAct } from './roles.ts'

/** The first part of the keys of views' records. */
export const VIEW_KIND = 'view'
export const viewKey = (id: string): string => `${VIEW_KIND}/${id}`

/** All of them are read where they are listed: 4 MB at most, and more tabs than anybody finds one among. */
export const MAX_VIEWS = 1000
export const MAX_VIEWS_OF_ONE = 50
export const MAX_VIEW_NAME_LENGTH = 60
/** The longest search of the list, 200 characters of twelve when percent-encoded, with all else that its address has. */
export const MAX_VIEW_QUERY_LENGTH = 4000
/** What may stand behind the `?` of an address. */
export const VIEW_QUERY_PATTERN = /^[A-Za-z0-9._~!$&'()*+,;=:@/?%-]*$/

/** A look at the list of groups that somebody keeps under a name. */
export interface SavedView {
  readonly id: string
  readonly name: string
  /** As it stands in the address, without the `?`. */
  readonly query: string
  /** Who saved it, as the activity calls him. */
  readonly owner: string
  /** Everybody sees it. */
  readonly isShared: boolean
  readonly createdAt: number
  readonly updatedAt: number
}

export function viewText({ id: _id, ...view }: SavedView): string {
  return JSON.stringify(view)
}

export const viewFrom = (key: string, text: string): SavedView => ({
  ...(JSON.parse(text) as Omit<SavedView, 'id'>),
  id: key.slice(VIEW_KIND.length + 1),
})

export const ownsView = ({ owner }: Pick<SavedView, 'owner'>, who: Identity): boolean => owner === actorOf(who)

export const maySeeView = (view: SavedView, who: Identity): boolean => view.isShared || ownsView(view, who)

/** One's own; of those that are shared an admin may change all, as their owner may be gone. */
export const mayChangeView = (view: SavedView, who: Identity): boolean =>
  ownsView(view, who) || (view.isShared && mayAct(who.role, 'admin'))

/** What all see is set by who acts for all; one's own views anybody keeps. */
export const mayShareViews = ({ role }: Identity): boolean => mayAct(role, 'operator')
