import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { overview } from '../../api/overview.ts'
import { SearchBox } from '../../kit/search-box.tsx'
import { formatNumber } from '../../lib/format.ts'
import { GROUP_SORTS, GROUP_VIEWS, isView } from '../../lib/group-views.ts'
import { type GroupSearch, withFilter } from '../../lib/list-search.ts'

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

/** Each is a link, so that it can be kept, sent and opened beside. */
function Views({ search }: Pick<Props, 'search'>) {
  const { data } = useQuery(overview)
  const { q, sort } = search
  return (
    <nav aria-label="Views" className="flex flex-wrap gap-1">
      {GROUP_VIEWS.map((view) => (
        <Link
          key={view.label}
          to="/groups"
          search={{ ...view.filter, ...(q !== undefined && { q }), ...(sort !== undefined && { sort }) }}
          // By path alone all of them would be the current one.
          activeProps={currentIf(isView(view, search))}
          inactiveProps={currentIf(isView(view, search))}
          className="inline-flex min-h-8 items-center rounded-md px-2.5 text-soft no-underline hover:bg-sunken aria-[current=true]:bg-sunken aria-[current=true]:font-semibold aria-[current=true]:text-ink max-sm:min-h-11"
        >
          {view.label}
          {data && view.counted && <span className="ml-1.5">{formatNumber(data.groups[view.counted])}</span>}
        </Link>
      ))}
    </nav>
  )
}

const currentIf = (isCurrent: boolean) => ({ 'aria-current': isCurrent ? ('true' as const) : undefined })
