import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { Workgroup } from '../../api/operations.ts'
import { waitingGroupsOf } from '../../api/workgroups.ts'
import { Failure } from '../../kit/notices.tsx'
import { countOf } from '../../lib/format.ts'
import { Panel } from '../traffic/panel.tsx'

/** The way to its tasks. */
export function WaitingGroups({ workgroup: { name, waiting } }: { readonly workgroup: Workgroup }) {
  const { data, error, refetch, dataUpdatedAt } = useQuery(waitingGroupsOf(name))
  return (
    <Panel title="Where its tasks are">
      {error && <Failure error={error} onRetry={() => void refetch()} shownAt={dataUpdatedAt} />}
      {data?.length === 0 && (
        <p className="text-soft">
          {waiting === 0 ? 'Nothing waits.' : 'None of the newest unfinished groups has tasks of it.'}
        </p>
      )}
      <ul className="grid gap-1.5">
        {data?.map(({ id, name: groupName, count }) => (
          <li key={id} className="break-words">
            <Link
              to="/groups/$gid"
              params={{ gid: id }}
              search={{ workgroup: name, open: true }}
              data-row-link
              dir="auto"
              className="text-accent underline"
            >
              {countOf(count, 'unfinished task')} of {groupName || id}
            </Link>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
