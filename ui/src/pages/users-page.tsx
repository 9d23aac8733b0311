import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { useMay } from '../api/me.ts'
import type { User } from '../api/operations.ts'
import { userList } from '../api/people.ts'
import { Button } from '../kit/button.tsx'
import { Menu } from '../kit/menu.tsx'
import { Empty, Failure, Loading } from '../kit/notices.tsx'
import { Pager } from '../kit/pager.tsx'
import { PageTitle } from '../shell/page-title.tsx'
import { Ago } from '../shell/time.tsx'
import { RoleLabel } from './settings/role-label.tsx'
import { SettingsTabs } from './settings/settings-tabs.tsx'
import { AddUserDialog, ChangeUserDialog, DeleteUserDialog } from './settings/user-dialogs.tsx'

/** Who may log in. */
export function UsersPage() {
  const refusal = useMay()('listUsers')
  const [isAdding, setAdding] = useState(false)
  return (
    <>
      <div className="flex flex-wrap items-center gap-3">
        <PageTitle text="Users" />
        <span className="flex-1" />
        <Button needs="createUser" look="primary" onClick={() => setAdding(true)}>
          Add user
        </Button>
      </div>
      <SettingsTabs />
      <section aria-label="Users" className="mt-3 rounded-xl border border-line bg-surface">
        {refusal === null ? <UserList /> : <Empty title="Only admins see the users.">{refusal}</Empty>}
      </section>
      {isAdding && <AddUserDialog onClose={() => setAdding(false)} />}
    </>
  )
}

function UserList() {
  const search = useSearch({ from: '/shell/settings/users' })
  const navigate = useNavigate({ from: '/settings/users' })
  const { data, error, isPending, refetch, dataUpdatedAt } = useQuery(userList(search))
  return (
    <>
      {error && <Failure error={error} onRetry={() => void refetch()} shownAt={dataUpdatedAt} />}
      {isPending && <Loading what="the users" />}
      {data && data.users.length > 0 && <UserTable users={data.users} />}
      {data?.users.length === 0 && (
        <Empty title={data.count === 0 ? 'No users yet.' : 'There are no users on this page.'}>
          {data.count === 0 &&
            'Login is off, so everybody may do everything. Users that are added here count once it is on.'}
        </Empty>
      )}
      {data && data.count > 0 && (
        <Pager
          count={data.count}
          search={search}
          onChange={({ page, pageSize }) =>
            void navigate({ search: (current) => ({ ...current, page, pageSize }) as typeof current })
          }
        />
      )}
    </>
  )
}

const UserTable = ({ users }: { readonly users: readonly User[] }) => (
  <table className="list w-full">
    <thead>
      <tr>
        <th scope="col">Name</th>
        <th scope="col">Role</th>
        <th scope="col">Added</th>
        <th scope="col">Changed</th>
        <th scope="col">
          <span className="sr-only">Actions</span>
        </th>
      </tr>
    </thead>
    <tbody>
      {users.map((user) => (
        <Row key={user.name} user={user} />
      ))}
    </tbody>
  </table>
)

type Asked = 'change' | 'delete' | null

function Row({ user }: { readonly user: User }) {
  const [asked, setAsked] = useState<Asked>(null)
  const { name, role, isConfigured, createdAt, updatedAt } = user
  const close = (): void => setAsked(null)
  return (
    <tr>
      <td className="name">
        <span className="font-semibold">{name}</span>
        {isConfigured && <div className="text-soft">of the configuration (CREW_AUTH_USERNAME)</div>}
      </td>
      <td data-label="Role">
        <RoleLabel role={role} />
      </td>
      <td data-label="Added">{createdAt === null ? 'always there' : <Ago time={createdAt} />}</td>
      <td data-label="Changed">{updatedAt === null || updatedAt === createdAt ? '—' : <Ago time={updatedAt} />}</td>
      <td className="actions text-right">
        <Menu
          trigger={
            <Button look="quiet" aria-label={`Actions for ${name}`}>
              ⋯
            </Button>
          }
          items={[
            {
              label: isConfigured ? 'Change the password…' : 'Change role or password…',
              onSelect: () => setAsked('change'),
              needs: 'updateUser',
            },
            {
              label: 'Delete…',
              onSelect: () => setAsked('delete'),
              isDanger: true,
              needs: 'deleteUser',
              refusal: isConfigured ? 'An admin has to stay, and this one always does.' : null,
            },
          ]}
        />
        {asked === 'change' && <ChangeUserDialog user={user} onClose={close} />}
        {asked === 'delete' && <DeleteUserDialog user={user} onClose={close} />}
      </td>
    </tr>
  )
}
