import { useQuery } from '@tanstack/react-query'
import { overview } from '../../api/overview.ts'
import { savedViews } from '../../api/views.ts'
import { SearchBox } from '../../kit/search-box.tsx'
import { formatNumber } from '../../lib/format.ts'
import { GROUP_SORTS, GROUP_VIEWS, isView } from '../../lib/group-views.ts'
import { type GroupSearch, withFilter } from '../../lib/list-search.ts'
import { viewLookedAt, viewQuery } from '../../lib/saved-views.ts'
import { SavedViews } from './saved-views.tsx'
import { ViewLink } from './view-link.tsx'

interface Props {
  readonly search: GroupSearch
  readonly onSearch: (search: GroupSearch) => void
}

/** What of the groups is shown, all of it in the address. */
export function GroupFilters({ search, onSearch }: Props) {
  return (
    <div className="flex flex-wrap items-center gap-3 p-3">
      <SearchBox
        label="Search name or id"
        value={search.q ?? ''}
        onChange={(q) => onSearch(withFilter(search, { q }))}
      />
      <Views search={search} />
      <span className="flex-1" />
      <label className="flex items-center gap-1.5 text-soft">
        Order
        <select
          className="min-h-8 rounded-md border border-edge bg-surface px-1 text-ink max-sm:min-h-11"
          value={search.sort ?? GROUP_SORTS[0][0]}
          onChange={({ target }) =>
            onSearch(withFilter(search, { sort: target.value === GROUP_SORTS[0][0] ? undefined : target.value }))
          }
        >
          {GROUP_SORTS.map(([sort, words]) => (
            <option key={sort} value={sort}>
              {words}
            </option>
          ))}
        </select>
      </label>
    </div>
  )
}

function Views({ search }: Pick<Props, 'search'>) {
  const { data } = useQuery(overview)
  const views = useQuery(savedViews).data?.views ?? []
  const saved = viewLookedAt(views, search)
  // What is searched for goes along from one view to the next; a saved view has its own, and one leaves it with it.
  const { q, sort } = saved === undefined ? search : {}
  return (
    <nav aria-label="Views" className="flex flex-wrap gap-1">
      {GROUP_VIEWS.map((view) => (
        <ViewLink
          key={view.label}
          search={{ ...view.filter, ...(q !== undefined && { q }), ...(sort !== undefined && { sort }) }}
          isCurrent={saved === undefined && isView(view, search)}
        >
          {view.label}
          {data && view.counted && <span className="ml-1.5">{formatNumber(data.groups[view.counted])}</span>}
        </ViewLink>
      ))}
      <SavedViews views={views} current={saved} query={viewQuery(search)} />
    </nav>
  )
}
