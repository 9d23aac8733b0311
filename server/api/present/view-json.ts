import type { Identity } from '../../core/roles.ts'
import { ownsView, type SavedView } from '../../core/saved-view.ts'
import { formatTime } from '../../core/time.ts'

const presentView = (view: SavedView, who: Identity) => ({
  id: view.id,
  name: view.name,
  query: view.query,
  owner: view.owner,
  isShared: view.isShared,
  isOwn: ownsView(view, who),
  createdAt: formatTime(view.createdAt),
  updatedAt: formatTime(view.updatedAt),
})

export const viewJson = (view: SavedView, who: Identity): string => JSON.stringify(presentView(view, who))

/** A page of views, with how many there are over all pages. */
export const viewListJson = (views: readonly SavedView[], count: number, who: Identity): string =>
  JSON.stringify({ views: views.map((view) => presentView(view, who)), count })
