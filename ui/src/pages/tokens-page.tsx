import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { useMay } from '../api/me.ts'
import type { ApiToken } from '../api/operations.ts'
import { tokenList } from '../api/people.ts'
import { useNow } from '../api/server-clock.ts'
import { Button } from '../kit/button.tsx'
import { Empty, Failure, Loading } from '../kit/notices.tsx'
import { Pager } from '../kit/pager.tsx'
import { PageTitle } from '../shell/page-title.tsx'
import { Ago } from '../shell/time.tsx'
import { RoleLabel } from './settings/role-label.tsx'
import { SettingsTabs } from './settings/settings-tabs.tsx'
import { type MadeToken, NewTokenDialog, RevokeTokenDialog, SecretDialog } from './settings/token-dialogs.tsx'

/** The tokens of programs. */
export function TokensPage() {
  const refusal = useMay()('listTokens')
  const [isMaking, setMaking] = useState(false)
  const [made, setMade] = useState<MadeToken | null>(null)
  return (
    <>
      <div className="flex flex-wrap items-center gap-3">
        <PageTitle text="Tokens" />
        <span className="flex-1" />
        <Button needs="createToken" look="primary" onClick={() => setMaking(true)}>
          Make a token
        </Button>
      </div>
      <SettingsTabs />
      <section aria-label="Tokens" className="mt-3 rounded-xl border border-line bg-surface">
        {refusal === null ? <TokenList /> : <Empty title="Only admins see the tokens.">{refusal}</Empty>}
      </section>
      {isMaking && <NewTokenDialog onMade={setMade} onClose={() => setMaking(false)} />}
      {made && <SecretDialog made={made} onClose={() => setMade(null)} />}
    </>
  )
}

function TokenList() {
  const search = useSearch({ from: '/shell/settings/tokens' })
  const navigate = useNavigate({ from: '/settings/tokens' })
  const { data, error, isPending, refetch, dataUpdatedAt } = useQuery(tokenList(search))
  return (
    <>
      {error && <Failure error={error} onRetry={() => void refetch()} shownAt={dataUpdatedAt} />}
      {isPending && <Loading what="the tokens" />}
      {data && data.tokens.length > 0 && <TokenTable tokens={data.tokens} />}
      {data?.tokens.length === 0 && (
        <Empty title={data.count === 0 ? 'No tokens yet.' : 'There are no tokens on this page.'}>
          {data.count === 0 && 'A token lets a program or a script in, with a role and an end of its own.'}
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

const TokenTable = ({ tokens }: { readonly tokens: readonly ApiToken[] }) => (
  <table className="list w-full">
    <thead>
      <tr>
        <th scope="col">Name</th>
        <th scope="col">Role</th>
        <th scope="col">Begins with</th>
        <th scope="col">Made</th>
        <th scope="col">Last used</th>
        <th scope="col">Expires</th>
        <th scope="col">
          <span className="sr-only">Actions</span>
        </th>
      </tr>
    </thead>
    <tbody>
      {tokens.map((token) => (
        <Row key={token.id} token={token} />
      ))}
    </tbody>
  </table>
)

function Row({ token }: { readonly token: ApiToken }) {
  const [isAsked, setAsked] = useState(false)
  const { name, role, prefix, createdAt, createdBy, lastUsedAt, expiresAt } = token
  return (
    <tr>
      <td className="name font-semibold" dir="auto">
        {name}
      </td>
      <td data-label="Role">
        <RoleLabel role={role} />
      </td>
      <td data-label="Begins with">
        <code className="break-all text-soft">{prefix}</code>
      </td>
      <td data-label="Made">
        <Ago time={createdAt} /> <span className="text-soft">by {createdBy}</span>
      </td>
      <td data-label="Last used">{lastUsedAt === null ? 'never' : <Ago time={lastUsedAt} />}</td>
      <td data-label="Expires">
        <Expiry at={expiresAt} />
      </td>
      <td className="actions text-right">
        <Button needs="deleteToken" aria-label={`Revoke ${name}`} onClick={() => setAsked(true)}>
          Revoke…
        </Button>
        {isAsked && <RevokeTokenDialog token={token} onClose={() => setAsked(false)} />}
      </td>
    </tr>
  )
}

function Expiry({ at }: { readonly at: string | null }) {
  const now = useNow()
  if (at === null) return <>never</>
  if (new Date(at).getTime() > now) return <Ago time={at} />
  return (
    <span data-state-of="failed" className="state font-semibold">
      <span aria-hidden="true">✕</span> expired <Ago time={at} />
    </span>
  )
}
