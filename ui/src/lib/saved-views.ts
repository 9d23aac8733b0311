import { type GroupSearch, readGroupSearch } from './list-search.ts'

/** The filter and order of the list as a saved view keeps them: the page that one was at is no part of it. */
export function viewQuery({ q, state, failing, sort }: GroupSearch): string {
  const kept = Object.entries({ failing, q, sort, state }).filter(([, value]) => value !== undefined)
  return new URLSearchParams(kept.map(([name, value]) => [name, String(value)])).toString()
}

/** What a saved view shows. Anybody may have written it, like an address: what is no filter is dropped. */
export function searchOfView(query: string): GroupSearch {
  const {
    page: _page,
    pageSize: _pageSize,
    ...search
  } = readGroupSearch(Object.fromEntries(new URLSearchParams(query)))
  return search
}

/** The view that is looked at; the own ones come first. */
export const viewLookedAt = <View extends { readonly query: string }>(
  views: readonly View[],
  search: GroupSearch,
): View | undefined => views.find(({ query }) => viewQuery(searchOfView(query)) === viewQuery(search))
