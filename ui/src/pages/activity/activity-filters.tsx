import { neededRoles } from '../../api/operations.ts'
import { Button } from '../../kit/button.tsx'
import { SearchBox } from '../../kit/search-box.tsx'
import { actionWords } from '../../lib/activity-words.ts'
import { type ActivitySearch, withFilter } from '../../lib/list-search.ts'

interface Props {
  readonly search: ActivitySearch
  readonly onSearch: (search: ActivitySearch) => void
}

/** What the activity is told of: everything that changes something, but for what comes in masses. */
const UNNOTED = ['logout', 'createTaskGroup', 'createTaskGraph', 'createTask', 'createTasks']
const ACTIONS = Object.keys(neededRoles)
  .filter((name) => !/^(get|list|check|watch|follow|explain)/.test(name) && !UNNOTED.includes(name))
  .sort()

/** Who, what and to what; each is in the address. */
export function ActivityFilters({ search, onSearch }: Props) {
  const { actor, action, target } = search
  const isFiltered = actor !== undefined || action !== undefined || target !== undefined
  // An address may name one that this version does not know.
  const actions = action === undefined || ACTIONS.includes(action) ? ACTIONS : [action, ...ACTIONS]
  return (
    <div className="flex flex-wrap items-center gap-3 p-3">
      <SearchBox
        label="Done by (the whole name)"
        value={actor ?? ''}
        onChange={(text) => onSearch(withFilter(search, { actor: text }))}
      />
      <select
        aria-label="Action"
        className="min-h-8 rounded-md border border-edge bg-surface px-2 max-sm:min-h-11 max-sm:w-full"
        value={action ?? ''}
        onChange={({ target: { value } }) => onSearch(withFilter(search, { action: value }))}
      >
        <option value="">Any action</option>
        {actions.map((name) => (
          <option key={name} value={name}>
            {actionWords(name)}
          </option>
        ))}
      </select>
      <SearchBox
        label="Done to (a part of kind:id)"
        value={target ?? ''}
        onChange={(text) => onSearch(withFilter(search, { target: text }))}
      />
      {isFiltered && <Button onClick={() => onSearch({})}>Clear the filters</Button>}
    </div>
  )
}
