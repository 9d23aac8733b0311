import { Link, Outlet, useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { live } from '../api/live.ts'
import { useLive } from '../api/live-queries.ts'
import { Button } from '../kit/button.tsx'
import { zoneName } from '../lib/format.ts'
import { focusSearch, useKeys } from './keys.ts'
import { KeysHelp } from './keys-help.tsx'
import { LiveBanner } from './live-banner.tsx'
import { LiveSwitch } from './live-switch.tsx'
import { Palette } from './palette.tsx'
import { switchTheme, switchZone, usePreferences, useTimeZone } from './preferences.ts'
import { StorageBanner } from './storage-banner.tsx'
import { ToastList } from './toast-list.tsx'
import { UserMenu } from './user-menu.tsx'

type Open = 'palette' | 'keys' | null

/** What is around every page but the login. */
export function Layout() {
  const [open, setOpen] = useState<Open>(null)
  const navigate = useNavigate()
  useKeys({
    '?': () => setOpen('keys'),
    '/': focusSearch,
    'g g': () => void navigate({ to: '/groups' }),
    'g w': () => void navigate({ to: '/workers' }),
    'g o': () => void navigate({ to: '/workgroups' }),
    'g e': () => void navigate({ to: '/errors' }),
    'g s': () => void navigate({ to: '/schedules' }),
    'g a': () => void navigate({ to: '/activity' }),
    'g ,': () => void navigate({ to: '/settings' }),
    r: live.toggle,
    t: switchTheme,
    z: switchZone,
  })
  usePaletteKey(() => setOpen('palette'))
  useLive()
  return (
    <div className="flex min-h-dvh flex-col max-sm:pb-16">
      <button
        type="button"
        className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:bg-surface focus:p-3"
        onClick={() => document.getElementById('main')?.focus()}
      >
        Skip to the content
      </button>
      <TopBar onOpen={setOpen} />
      <LiveBanner />
      <StorageBanner />
      <main id="main" tabIndex={-1} className="mx-auto w-full max-w-[1600px] flex-1 px-5 py-4 outline-none max-sm:px-3">
        <Outlet />
      </main>
      <TabBar onOpen={setOpen} />
      <Palette isOpen={open === 'palette'} onClose={() => setOpen(null)} />
      <KeysHelp isOpen={open === 'keys'} onClose={() => setOpen(null)} />
      <ToastList />
    </div>
  )
}

function usePaletteKey(onOpen: () => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'k') return
      event.preventDefault()
      onOpen()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  })
}

interface Opens {
  readonly onOpen: (what: Open) => void
}

function TopBar({ onOpen }: Opens) {
  const { theme } = usePreferences()
  const timeZone = useTimeZone()
  return (
    <header className="sticky top-0 z-20 flex items-center gap-1 border-b border-line bg-surface px-4 py-1.5 max-sm:px-3">
      <Link to="/groups" className="mr-3 text-base font-bold text-ink no-underline">
        <span aria-hidden="true" className="text-accent">
          ◆
        </span>{' '}
        Crew
      </Link>
      <nav aria-label="Main" className="max-sm:hidden">
        {NAV.map((page) => (
          <NavLink key={page.to} {...page} />
        ))}
      </nav>
      <span className="flex-1" />
      <Button look="quiet" onClick={() => onOpen('palette')} className="max-sm:hidden">
        Search <kbd className="font-mono text-[12px]">Ctrl K</kbd>
      </Button>
      <LiveSwitch />
      <Button look="quiet" onClick={switchZone} title="Times in UTC or in your zone (z)">
        {zoneName(timeZone)}
      </Button>
      <Button look="quiet" onClick={switchTheme} title="Theme: system, light, dark (t)" className="max-sm:hidden">
        {theme === 'system' ? 'Auto' : theme === 'light' ? 'Light' : 'Dark'}
        <span className="sr-only"> theme</span>
      </Button>
      <UserMenu />
    </header>
  )
}

/** Those with `isThumb` are in the bar of a phone too, the others in its `Go to`. */
const NAV = [
  { to: '/groups', label: 'Groups', isThumb: true },
  { to: '/workers', label: 'Workers', isThumb: true },
  { to: '/workgroups', label: 'Workgroups', isThumb: true },
  { to: '/schedules', label: 'Schedules', isThumb: false },
  { to: '/errors', label: 'Errors', isThumb: true },
  { to: '/activity', label: 'Activity', isThumb: false },
  { to: '/settings', label: 'Settings', isThumb: false },
] as const

const NavLink = ({ to, label }: Pick<(typeof NAV)[number], 'to' | 'label'>) => (
  <Link
    to={to}
    className="inline-flex min-h-8 items-center rounded-md px-3 font-medium text-soft no-underline hover:bg-sunken hover:text-ink aria-[current=page]:bg-sunken aria-[current=page]:text-ink max-sm:min-h-14 max-sm:px-2"
  >
    {label}
  </Link>
)

/** The way around with one thumb. */
function TabBar({ onOpen }: Opens) {
  return (
    <nav
      aria-label="Main"
      className="fixed inset-x-0 bottom-0 z-20 flex justify-around border-t border-line bg-surface sm:hidden"
    >
      {NAV.filter(({ isThumb }) => isThumb).map((page) => (
        <NavLink key={page.to} {...page} />
      ))}
      <Button look="quiet" className="min-h-14 px-1!" onClick={() => onOpen('palette')}>
        Go to
      </Button>
    </nav>
  )
}
