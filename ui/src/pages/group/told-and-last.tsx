import type { TaskGroup } from '../../api/operations.ts'
import { hostsOf } from '../../lib/notify-words.ts'

/** Who is told what becomes of the group, and what runs last; nothing while there is neither. */
export function ToldAndLast({ group: { notify, finally: last } }: { readonly group: TaskGroup }) {
  if (notify.length === 0 && last === null) return null
  return (
    <>
      {last !== null && (
        <>
          {' · '}at the end <span className="font-mono break-words">{last.worker}</span>
        </>
      )}
      {notify.length > 0 && (
        <>
          {' · '}tells <span className="break-words">{hostsOf(notify)}</span>
        </>
      )}
    </>
  )
}
