import { useState } from 'react'
import type { BulkOrder } from '../../api/bulk.ts'
import { Button } from '../../kit/button.tsx'
import type { Selecting } from '../../kit/use-selection.ts'
import { BULK_VERBS, type BulkAction, type BulkTarget, countOfTarget } from '../../lib/bulk-words.ts'
import { BulkDialog } from './bulk-dialog.tsx'

interface Props {
  readonly target: BulkTarget
  readonly actions: readonly BulkAction[]
  readonly selecting: Selecting
  /** How many match the filter of the list, on all its pages. */
  readonly matching: number
  /** That filter, as the API takes it; null: what the list filters by cannot be said to it. */
  readonly filter: Readonly<Record<string, string>> | null
}

/** What can be done with the rows that are chosen. */
export function BulkBar({ target, actions, selecting, matching, filter }: Props) {
  const [asked, setAsked] = useState<BulkAction | null>(null)
  const { selection } = selecting
  const isAll = selection.isAllMatching && filter !== null
  const count = isAll ? matching : selection.ids.size
  // What is being asked stays, also when the last of those it is about goes.
  if (count === 0 && asked === null) return null
  const whom: Pick<BulkOrder, 'ids' | 'filter'> = isAll ? { filter } : { ids: [...selection.ids] }
  return (
    <section
      aria-label="What is chosen"
      className="sticky top-12 z-10 flex flex-wrap items-center gap-2 border-y border-line bg-sunken px-3 py-2"
    >
      <b role="status">{countOfTarget(count, target)} chosen</b>
      {actions.map((action) => (
        <Button key={action} needs="createBulk" onClick={() => setAsked(action)}>
          {BULK_VERBS[action][0]}…
        </Button>
      ))}
      {!isAll && filter && matching > selection.ids.size && (
        <Button look="quiet" onClick={selecting.chooseAllMatching}>
          Choose all {countOfTarget(matching, target)} that match
        </Button>
      )}
      <Button look="quiet" onClick={selecting.clear}>
        Clear
      </Button>
      {asked && (
        <BulkDialog
          action={asked}
          target={target}
          whom={whom}
          onClose={() => setAsked(null)}
          onStarted={selecting.clear}
        />
      )}
    </section>
  )
}
