import { MAX_PAGE_SIZE, type PageQuery } from '../../storage/task-storage.ts'
import { actorOf } from '../core/activity.ts'
import { CrewError } from '../core/errors.ts'
import type { Identity } from '../core/roles.ts'
import {
  MAX_VIEWS,
  MAX_VIEWS_OF_ONE,
  mayChangeView,
  maySeeView,
  mayShareViews,
  ownsView,
  type SavedView,
  VIEW_KIND,
  viewFrom,
  viewKey,
  viewText,
} from '../core/saved-view.ts'
import type { PeopleContext } from './people-context.ts'
import type { ServiceContext } from './service-context.ts'
import type { Turns } from './turns.ts'

/** Records have no guard: who changes views reads and writes them back without another in between. */
export interface ViewContext extends Pick<ServiceContext, 'storage' | 'clock' | 'newId'> {
  readonly viewTurns: Turns
}

export type NewView = Pick<SavedView, 'name' | 'query' | 'isShared'>

/** What is absent stays. */
export type ViewEdit = { readonly [Field in keyof NewView]?: NewView[Field] | undefined }

/** What this one sees: the own ones by name, then those that others share. */
export async function listViews(
  context: ViewContext,
  who: Identity,
  { page, pageSize }: PageQuery,
): Promise<{ views: SavedView[]; count: number }> {
  const seen = (await allViews(context)).filter((view) => maySeeView(view, who))
  const isOthers = (view: SavedView): number => (ownsView(view, who) ? 0 : 1)
  seen.sort((a, b) => isOthers(a) - isOthers(b) || a.name.localeCompare(b.name) || a.id.localeCompare(b.id))
  const size = pageSize === 0 ? MAX_PAGE_SIZE : pageSize
  return { views: seen.slice((page - 1) * size, page * size), count: seen.length }
}

export function createView(
  context: ViewContext,
  who: Identity,
  { name, query, isShared }: NewView,
): Promise<SavedView> {
  return context.viewTurns.take(async () => {
    const { storage, clock } = context
    const [id, now] = [context.newId(), clock.now()]
    const before = await storage.getRecord(viewKey(id))
    // Made by this very request, which is run again.
    if (before !== null) return viewFrom(viewKey(id), before)
    const view: SavedView = { id, name, query, isShared, owner: actorOf(who), createdAt: now, updatedAt: now }
    const all = await allViews(context)
    refuseSharing(view, who)
    refuseSameName(view, all)
    refuseTooMany(all, view.owner)
    await storage.putRecord(viewKey(id), viewText(view))
    return view
  })
}

export function editView(context: ViewContext, who: Identity, id: string, edit: ViewEdit): Promise<SavedView> {
  return context.viewTurns.take(async () => {
    const before = await loadView(context, who, id)
    const { name = before.name, query = before.query, isShared = before.isShared } = edit
    const view: SavedView = { ...before, name, query, isShared, updatedAt: context.clock.now() }
    refuseSharing(view, who)
    refuseSameName(view, await allViews(context))
    await context.storage.putRecord(viewKey(id), viewText(view))
    return view
  })
}

export function deleteView(context: ViewContext, who: Identity, id: string): Promise<void> {
  return context.viewTurns.take(async () => {
    await loadView(context, who, id)
    await context.storage.putRecord(viewKey(id), null)
  })
}

/** Of a user who is deleted: another of that name finds none. What was shared stays, for others look by it. */
export async function forgetOwnViews(context: Pick<PeopleContext, 'storage'>, owner: string): Promise<void> {
  const own = (await allViews(context)).filter((view) => view.owner === owner && !view.isShared)
  await Promise.all(own.map(({ id }) => context.storage.putRecord(viewKey(id), null)))
}

async function allViews({ storage }: Pick<PeopleContext, 'storage'>): Promise<SavedView[]> {
  const { records } = await storage.listRecords(VIEW_KIND, { page: 1, pageSize: MAX_PAGE_SIZE })
  return records.map(({ key, value }) => viewFrom(key, value))
}

/** To be changed. One that is not shared is there for nobody but its owner. */
async function loadView({ storage }: ViewContext, who: Identity, id: string): Promise<SavedView> {
  const text = await storage.getRecord(viewKey(id))
  const view = text === null ? null : viewFrom(viewKey(id), text)
  if (view === null || !maySeeView(view, who)) throw new CrewError('view_not_found', `There is no view "${id}".`)
  if (mayChangeView(view, who)) return view
  throw new CrewError('forbidden', `The view "${view.name}" is ${view.owner}'s: only its owner and admins change it.`)
}

function refuseSharing({ isShared }: SavedView, who: Identity): void {
  if (!isShared || mayShareViews(who)) return
  throw new CrewError('forbidden', `Sharing a view needs the role operator; "${who.name}" is ${who.role}.`)
}

function refuseSameName({ id, owner, name }: SavedView, all: readonly SavedView[]): void {
  if (!all.some((other) => other.id !== id && other.owner === owner && other.name === name)) return
  throw new CrewError('duplicate_id', `There is a view "${name}" already: change that one, or take another name.`)
}

function refuseTooMany(all: readonly SavedView[], owner: string): void {
  const own = all.filter((view) => view.owner === owner)
  if (own.length >= MAX_VIEWS_OF_ONE)
    throw new CrewError('conflict', `You have ${MAX_VIEWS_OF_ONE} views: delete some first.`)
  if (all.length >= MAX_VIEWS) throw new CrewError('conflict', `There are ${MAX_VIEWS} views: delete some first.`)
}
