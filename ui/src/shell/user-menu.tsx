import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { call } from '../api/client.ts'
import { config } from '../api/config.ts'
import { me } from '../api/me.ts'
import { messageOf } from '../api/problem.ts'
import { Button } from '../kit/button.tsx'
import { Menu } from '../kit/menu.tsx'
import { mayOf } from '../lib/roles.ts'
import { toast } from './toasts.ts'

/** Who one is, what one may, and the way out. Nothing where login is off. */
export function UserMenu() {
  const { data } = useQuery(me)
  const navigate = useNavigate()
  if (config.auth === 'off') return null
  const name = data?.name ?? '…'
  return (
    <Menu
      trigger={
        <Button look="quiet" aria-label={`Account of ${name}`} className="max-w-40 max-sm:max-w-24">
          <span className="truncate" dir="auto">
            {name}
          </span>
          <span aria-hidden="true">▾</span>
        </Button>
      }
      heading={
        data && (
          <>
            <span className="block font-semibold break-words" dir="auto">
              {data.name}
            </span>
            <span className="block text-soft">
              {data.role}: {mayOf(data.role)}
            </span>
          </>
        )
      }
      items={[
        {
          label: 'What I did',
          onSelect: () => void navigate({ to: '/activity', search: { actor: name } }),
        },
        ...(config.auth === 'on' ? [{ label: 'Log out', onSelect: () => void logOut() }] : []),
      ]}
    />
  )
}

async function logOut(): Promise<void> {
  try {
    await call('logout', {})
    location.assign(new URL('login', document.baseURI))
  } catch (error) {
    toast.failure(`You are still logged in: ${messageOf(error)}`)
  }
}
