import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { groupList } from '../api/groups.ts'
import type { TaskGroup } from '../api/operations.ts'
import { Button } from '../kit/button.tsx'
import { copyText } from '../kit/copy.ts'
import { Menu } from '../kit/menu.tsx'
import { Empty, Failure, Loading } from '../kit/notices.tsx'
import { Pager } from '../kit/pager.tsx'
import { PageCheck, RowCheck } from '../kit/row-checks.tsx'
import { GroupStateLabel, StackedBar } from '../kit/states.tsx'
import { useRowKeys } from '../kit/use-row-keys.ts'
import { type Selecting, useSelection } from '../kit/use-selection.ts'
import { formatNumber, formatShare } from '../lib/format.ts'
import type { GroupSearch } from '../lib/list-search.ts'
import { totalOf } from '../lib/states.ts'
import { PageTitle } from '../shell/page-title.tsx'
import { Ago } from '../shell/time.tsx'
import { BulkBar } from './bulk/bulk-bar.tsx'
import { type AskedGroupAction, GroupActionDialog } from './group/group-action-dialog.tsx'
import { usePause } from './group/use-pause.ts'
import { GroupFilters } from './groups/group-filters.tsx'
import { NewGroupDialog } from './groups/new-group-dialog.tsx'
import { OverviewStrip } from './groups/overview-strip.tsx'

const BULK_ACTIONS = ['pause', 'resume', 'retry', 'reset', 'delete'] as const

/** All task groups, those that the address asks for. */
export function GroupsPage() {
  const search = useSearch({ from: '/shell/groups' })
  const navigate = useNavigate({ from: '/groups' })
  const [isCreating, setCreating] = useState(false)
  const [asked, setAsked] = useState<AskedOfGroup | null>(null)
  const groups = useQuery(groupList(search))
  const rows = groups.data?.taskGroups ?? []
  const { page: _page, pageSize: _pageSize, sort: _sort, ...filter } = search
  const selecting = useSelection(
    rows.map(({ id }) => id),
    JSON.stringify(filter),
  )
  useRowKeys()
  const setSearch = (next: GroupSearch): void => void navigate({ search: () => next, replace: true })
  return (
    <>
      <div className="flex flex-wrap items-center gap-3">
        <PageTitle text="Task groups" />
        <span className="flex-1" />
        <Button needs="createTaskGroup" look="primary" onClick={() => setCreating(true)}>
          New group
        </Button>
      </div>
      <OverviewStrip />
      <section aria-label="Task groups" className="mt-3 rounded-xl border border-line bg-surface">
        <GroupFilters search={search} onSearch={setSearch} />
        <BulkBar
          target="groups"
          actions={BULK_ACTIONS}
          selecting={selecting}
          matching={groups.data?.count ?? 0}
          filter={bulkFilterOf(search)}
        />
        {groups.error && (
          <Failure error={groups.error} onRetry={() => void groups.refetch()} shownAt={groups.dataUpdatedAt} />
        )}
        {groups.isPending && <Loading what="the groups" />}
        {groups.data && rows.length > 0 && <GroupTable groups={rows} selecting={selecting} onAsk={setAsked} />}
        {groups.data && rows.length === 0 && <NoRows search={search} />}
        {groups.data && groups.data.count > 0 && (
          <Pager
            count={groups.data.count}
            search={search}
            onChange={({ page, pageSize }) =>
              void navigate({ search: (current) => ({ ...current, page, pageSize }) as typeof current })
            }
          />
        )}
      </section>
      {isCreating && <NewGroupDialog onClose={() => setCreating(false)} />}
      {/* Here and not in its row, which goes when the group changes its state under a filter. */}
      {asked && (
        <GroupActionDialog
          kind={asked.kind}
          group={rows.find(({ id }) => id === asked.group.id) ?? asked.group}
          onClose={() => setAsked(null)}
        />
      )}
    </>
  )
}

/** The filter of this list as a bulk operation takes it; null when it knows no such filter. */
function bulkFilterOf({ q, state, failing }: GroupSearch): Readonly<Record<string, string>> | null {
  if (failing) return null
  return { ...(q !== undefined && { search: q }), ...(state && { state }) }
}

/** An action of one of the groups. */
interface AskedOfGroup {
  readonly kind: AskedGroupAction
  readonly group: TaskGroup
}

type OnAsk = (asked: AskedOfGroup) => void

interface TableProps {
  readonly groups: readonly TaskGroup[]
  readonly selecting: Selecting
  readonly onAsk: OnAsk
}

function GroupTable({ groups, selecting, onAsk }: TableProps) {
  return (
    <table className="list w-full">
      <thead>
        <tr>
          <PageCheck rows={groups.map(({ id }) => id)} selecting={selecting} />
          <th scope="col">State</th>
          <th scope="col">Name</th>
          <th scope="col" className="w-1/3">
            Progress
          </th>
          <th scope="col" className="text-right">
            Failing
          </th>
          <th scope="col">Created</th>
          <th scope="col">
            <span className="sr-only">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {groups.map((group) => (
          <GroupRow key={group.id} group={group} selecting={selecting} onAsk={onAsk} />
        ))}
      </tbody>
    </table>
  )
}

/** Without a filter there is nothing at all; with one, the way out of it. */
const NoRows = ({ search: { q, state, failing } }: { readonly search: GroupSearch }) =>
  q === undefined && state === undefined && !failing ? (
    <NoGroups />
  ) : (
    <Empty title={failing && q === undefined ? 'Nothing needs attention.' : 'No group matches.'}>
      <Link to="/groups" className="underline">
        Show all groups
      </Link>
    </Empty>
  )

const NoGroups = () => (
  <Empty title="No task groups yet.">
    <p>Create one here, or paste this into a terminal for an example with live progress:</p>
    <pre className="mt-3 overflow-auto rounded-md bg-sunken p-3 text-left text-ink">npm run demo</pre>
  </Empty>
)

interface RowProps extends Omit<TableProps, 'groups'> {
  readonly group: TaskGroup
}

function GroupRow({ group, selecting, onAsk }: RowProps) {
  const ask = (kind: AskedGroupAction): void => onAsk({ kind, group })
  const pause = usePause(group)
  const { failed, retrying } = group.counts
  const name = group.name || group.id
  return (
    <tr data-row={group.id}>
      <RowCheck id={group.id} name={name} selecting={selecting} />
      <td>
        <GroupStateLabel state={group.state} />
      </td>
      <td className="name">
        <Link to="/groups/$gid" params={{ gid: group.id }} data-row-link dir="auto" className="font-semibold text-ink">
          {name}
        </Link>
      </td>
      <td>
        <Progress group={group} />
      </td>
      <td data-label="Failing" className={`sm:text-right ${failed + retrying === 0 ? 'max-sm:hidden' : ''}`}>
        {failed > 0 ? (
          <Link
            to="/groups/$gid"
            params={{ gid: group.id }}
            search={{ state: 'failed' }}
            data-state-of="failed"
            className="state font-semibold"
          >
            {formatNumber(failed)} failed
          </Link>
        ) : retrying > 0 ? (
          `${formatNumber(retrying)} retrying`
        ) : (
          '—'
        )}
      </td>
      <td data-label="Created">
        <Ago time={group.createdAt} />
      </td>
      <td className="actions text-right">
        <Menu
          trigger={
            <Button look="quiet" aria-label={`Actions for ${name}`}>
              ⋯
            </Button>
          }
          items={[
            { label: group.isPaused ? 'Resume' : 'Pause', onSelect: pause.toggle, needs: 'pauseTaskGroup' },
            ...(group.isPaused
              ? [{ label: 'Resume over time…', onSelect: () => ask('resume'), needs: 'resumeTaskGroup' as const }]
              : []),
            { label: 'Retry…', onSelect: () => ask('retry'), needs: 'retryTaskGroup' },
            { label: 'Reset…', onSelect: () => ask('reset'), needs: 'resetTaskGroup' },
            { label: 'Rename…', onSelect: () => ask('rename'), needs: 'updateTaskGroup' },
            { label: 'Settings…', onSelect: () => ask('settings'), needs: 'updateTaskGroup' },
            { label: 'Copy id', onSelect: () => void copyText(group.id, 'the id') },
            { label: 'Delete…', onSelect: () => ask('delete'), isDanger: true, needs: 'deleteTaskGroup' },
          ]}
        />
      </td>
    </tr>
  )
}

function Progress({ group }: { readonly group: TaskGroup }) {
  const total = totalOf(group.counts)
  if (total === 0) return <span className="text-soft">no tasks</span>
  return (
    <>
      <StackedBar counts={group.counts} />
      <span className="text-soft">
        {formatShare(group.completedPercent)} · {formatNumber(group.counts.succeeded)} of {formatNumber(total)}
      </span>
    </>
  )
}
