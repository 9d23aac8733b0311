import { formatNumber } from '../lib/format.ts'
import { DEFAULT_PAGE_SIZE, PAGE_SIZES, type PageSearch } from '../lib/list-search.ts'
import { Button } from './button.tsx'

export interface PagerProps {
  readonly count: number
  readonly search: PageSearch
  readonly onChange: (change: PageSearch) => void
}

/** Which part of a list is shown, and the way to the others. */
export function Pager({ count, search, onChange }: PagerProps) {
  const { page = 1, pageSize = DEFAULT_PAGE_SIZE } = search
  const first = (page - 1) * pageSize + 1
  const last = Math.min(count, page * pageSize)
  return (
    <nav aria-label="Pages" className="flex flex-wrap items-center gap-3 border-t border-line px-4 py-2 text-soft">
      <span>
        {last < first
          ? `none of ${formatNumber(count)} here`
          : `${formatNumber(first)}–${formatNumber(last)} of ${formatNumber(count)}`}
      </span>
      <label className="flex items-center gap-1.5">
        <select
          className="min-h-8 rounded-md border border-edge bg-surface px-1"
          value={pageSize}
          onChange={({ target }) => onChange({ ...search, page: 1, pageSize: Number(target.value) })}
        >
          {PAGE_SIZES.map((size) => (
            <option key={size}>{size}</option>
          ))}
        </select>
        a page
      </label>
      <span className="ml-auto flex gap-2">
        <Button disabled={page <= 1} onClick={() => onChange({ ...search, page: page - 1 })}>
          Previous
        </Button>
        <Button disabled={last >= count} onClick={() => onChange({ ...search, page: page + 1 })}>
          Next
        </Button>
      </span>
    </nav>
  )
}
