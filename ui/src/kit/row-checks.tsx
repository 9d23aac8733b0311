import { isChosen } from '../lib/selection.ts'
import type { Selecting } from './use-selection.ts'

const CHECK = 'size-4 accent-accent max-sm:size-6'
const AROUND = 'inline-flex size-6 items-center justify-center max-sm:size-11'

/** The box before a row. */
export function RowCheck({
  id,
  name,
  selecting,
}: {
  readonly id: string
  readonly name: string
  readonly selecting: Selecting
}) {
  return (
    <td className="check w-8">
      <label className={AROUND}>
        <input
          type="checkbox"
          className={CHECK}
          aria-label={`Choose ${name}`}
          checked={isChosen(selecting.selection, id)}
          onChange={({ nativeEvent }) => selecting.choose(id, (nativeEvent as MouseEvent).shiftKey === true)}
        />
      </label>
    </td>
  )
}

/** The box over the rows: all of this page. */
export function PageCheck({ rows, selecting }: { readonly rows: readonly string[]; readonly selecting: Selecting }) {
  const chosen = rows.filter((id) => isChosen(selecting.selection, id)).length
  return (
    <th scope="col" className="w-8">
      <label className={AROUND}>
        <input
          type="checkbox"
          className={CHECK}
          aria-label="Choose all of this page"
          checked={chosen > 0 && chosen === rows.length}
          ref={(box) => {
            if (box) box.indeterminate = chosen > 0 && chosen < rows.length
          }}
          onChange={selecting.choosePage}
        />
      </label>
    </th>
  )
}
